"""Obscene words, masked or not: `х*й`, `п***ц`, Latin letters, digits, stretched and spaced letters."""

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

from hub.routing.folding import readings

_TOKEN = re.compile(r"[^\W_]+(?:[*@#$%&?!.()_\-]{1,3}[^\W_]+)*")


@cache
def _shipped() -> re.Pattern[str]:
    text = (resources.files("hub.routing") / "data" / "obscene.txt").read_text(encoding="utf-8")
    lines = [line.split("#")[0].strip() for line in text.splitlines()]
    return re.compile("|".join(line for line in lines if line))


class Obscenity:
    """The shipped list, the user's words added, the user's allowed words left out."""

    def __init__(self, words: Sequence[str] = (), allow: Sequence[str] = ()) -> None:
        self._words = {readings(word)[0][0] for word in words}
        self._allow = {readings(word)[0][0] for word in allow}

    def found(self, text: str) -> bool:
        """Tell whether *text* has an obscene word."""
        return any(self._is_obscene(match.group()) for match in _TOKEN.finditer(text))

    def _is_obscene(self, raw: str) -> bool:
        texts = [text for text, _ in readings(raw)]
        if any(text in self._allow for text in texts):
            return False
        return any(text in self._words or _shipped().fullmatch(text) for text in texts)
