"""Folders of rules for tests."""

import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from hub.routing.rules import RulesError, RuleSet, load_rules


@contextmanager
def folder_of(*files: str, **named: str) -> Iterator[Path]:
    """A folder with *files*, called 1.yaml, 2.yaml, …, and *named* ones."""
    with TemporaryDirectory() as name:
        texts = {**{str(number): text for number, text in enumerate(files, 1)}, **named}
        for stem, text in texts.items():
            (Path(name) / f"{stem}.yaml").write_text(textwrap.dedent(text), encoding="utf-8")
        yield Path(name)


def rules_of(*files: str, **named: str) -> RuleSet:
    """The rule set of some files, without the built-in pack."""
    with folder_of(*files, **named) as folder:
        return load_rules(folder, builtin=False)


def findings_of(*files: str, **named: str) -> list[str]:
    """What is wrong with some files, one line each, the files called by their names alone."""
    with folder_of(*files, **named) as folder:
        try:
            load_rules(folder, builtin=False)
        except RulesError as error:
            assert str(error) == "\n".join(map(str, error.findings))
            return [str(finding).removeprefix(f"{folder}/") for finding in error.findings]
    return []
