"""Text -> words as written. A word is letters and digits, with the marks and zero-width characters inside it."""

import re
from collections.abc import Iterator

_HIDDEN = "\u0300-\u036f\u0483-\u0487\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff"
_WORD = re.compile(rf"[^\W_]+(?:[{_HIDDEN}]+[^\W_]*)*")

split = _WORD.findall


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield start, end and text of every word of *text*."""
    for match in _WORD.finditer(text):
        yield match.start(), match.end(), match.group()
