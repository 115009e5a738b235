"""On which line of a TOML file a key stands; the standard parser does not tell.

Reads only text that ``tomllib`` has already accepted, so it looks for keys and passes over values.
"""

import re
import tomllib
from collections.abc import Sequence

Path = tuple[str | int, ...]
"""Keys from the top of the file; numbers count the items of arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACES = re.compile(r"[ \t]*")
_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|[A-Za-z0-9_-]+')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'',
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


class Lines:
    """The lines of every key and array item of one file."""

    def __init__(self, text: str) -> None:
        """Read *text*, which must be valid TOML."""
        self._lines: dict[Path, int] = {}
        self._items: dict[Path, int] = {}  # arrays of tables: how many so far
        self._text = text
        self._at = 0
        self._table: Path = ()
        self._read()

    def of(self, path: Sequence[str | int]) -> int | None:
        """Return the line (from 1) of *path*, or of the nearest table around it; None at the top of the file."""
        for length in range(len(path), 0, -1):
            line = self._lines.get(tuple(path[:length]))
            if line is not None:
                return line
        return None

    def _read(self) -> None:
        while self._peek():
            if self._peek() == "[":
                self._header()
            else:
                self._pair(self._table)

    def _peek(self) -> str:
        self._pass(_BLANK)
        return self._text[self._at : self._at + 1]

    def _pass(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if not found:
            return ""
        self._at = found.end()
        return found[0]

    def _note(self, path: Path, at: int) -> None:
        line = self._text.count("\n", 0, at) + 1
        for length in range(1, len(path) + 1):
            self._lines.setdefault(path[:length], line)

    def _header(self) -> None:
        start = self._at
        array = self._text.startswith("[[", start)
        self._at += 2 if array else 1
        keys = self._keys()
        self._at += 2 if array else 1
        path = self._resolved(keys[:-1]) + keys[-1:]
        if array:
            self._items[path] = self._items.get(path, 0) + 1
            path = (*path, self._items[path] - 1)
        else:
            path = self._resolved(keys)
        self._note(path, start)
        self._table = path

    def _resolved(self, keys: Path) -> Path:
        """Return *keys* with the number of the last item after every array of tables on the way."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self._items:
                path = (*path, self._items[path] - 1)
        return path

    def _keys(self) -> Path:
        keys: list[str] = []
        while True:
            self._pass(_SPACES)
            keys.append(_plain(self._pass(_KEY)))
            self._pass(_SPACES)
            if self._text[self._at] != ".":
                return tuple(keys)
            self._at += 1

    def _pair(self, table: Path) -> None:
        start = self._at
        path = table + self._keys()
        self._note(path, start)
        self._at += 1  # the equals sign
        self._pass(_SPACES)
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self._text[self._at]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline(path)
        elif not self._pass(_STRING):
            self._pass(_SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        item = 0
        while self._peek() != "]":
            self._note((*path, item), self._at)
            self._value((*path, item))
            self._comma()
            item += 1
        self._at += 1

    def _inline(self, path: Path) -> None:
        self._at += 1
        while self._peek() != "}":
            self._pair(path)
            self._comma()
        self._at += 1

    def _comma(self) -> None:
        if self._peek() == ",":
            self._at += 1


def _plain(key: str) -> str:
    if key[0] not in "\"'":
        return key
    text: str = tomllib.loads(f"key = {key}")["key"]
    return text
