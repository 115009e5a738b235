"""The rules in force while their files change."""

from pathlib import Path

from hub.routing.rule_files import SUFFIXES, RulesError
from hub.routing.rules import RuleSet, load_rules

_Signature = tuple[tuple[str, int, int], ...]


class RulesWatch:
    """Rules that follow their folder. A file that is wrong keeps the rules before it in force.

    Attributes:
        rules: those in force.
        problem: why the files as they are now are not in force; None when they are.
    """

    def __init__(self, folder: Path | None, *, builtin: bool = True) -> None:
        """Load the rules of *folder*.

        Raises:
            RulesError: there are no earlier rules to fall back on.
        """
        self._folder = folder
        self._builtin = builtin
        self._signature = self._look()
        self.problem: RulesError | None = None
        self.rules: RuleSet = load_rules(folder, builtin=builtin)

    def refresh(self) -> bool:
        """Look at the folder, and load it again if a file changed. Costs one look at each file.

        Returns:
            Whether something is new: other rules are in force, or ``problem`` is another one.
        """
        # Looked at before the files are read: what changes in between is seen the next time.
        signature = self._look()
        if signature == self._signature:
            return False
        self._signature = signature
        before = (self.rules.version, str(self.problem or ""))
        try:
            self.rules, self.problem = load_rules(self._folder, builtin=self._builtin), None
        except RulesError as error:
            self.problem = error
        return (self.rules.version, str(self.problem or "")) != before

    def _look(self) -> _Signature:
        if self._folder is None:
            return ()
        paths = [self._folder] if self._folder.is_file() else sorted(self._folder.rglob("*"))
        return tuple(_signature(path) for path in paths if path.suffix in SUFFIXES)


def _signature(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:  # gone in this moment
        return (str(path), 0, -1)
    return (str(path), found.st_mtime_ns, found.st_size)
