"""YAML text -> plain values that know their lines. The only module that knows the YAML library.

Plain scalars are read as YAML 1.2 reads them: ``no``, ``on``, ``22:00`` and ``2026-11-25`` are text, ``true`` and
``null`` are not. A number that is not written as it would be printed (``007``, ``1.50``) stays the text it is: where
a number is wanted it is read as one, where a name is wanted nothing of it is lost.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from hub.sdk.findings import Keys

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same events, with libyaml 25 times as fast
_MAX_BYTES = 32 * 1024 * 1024
_MAX_VALUES = 2_000_000  # aliases counted as often as they are used
_MAX_DEPTH = 64
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_MERGE = "<<"
_HINTS = (
    ("found unknown escape character", "write what has a backslash in single quotes: 're:\\d+'"),
    ("undefined alias", 'a word that begins with * is an alias; write it in quotes: "*word"'),
    ("while scanning an alias", 'a word that begins with * is an alias; write it in quotes: "*word"'),
    ("while scanning an anchor", 'a word that begins with & is an anchor; write it in quotes: "&word"'),
    ("while scanning a tag", 'a word that begins with ! is a tag; write it in quotes: "!не снять"'),
    ("while parsing a tag", 'a word that begins with ! is a tag; write it in quotes: "!не снять"'),
    ("undefined tag handle", 'a word that begins with ! is a tag; write it in quotes: "!не снять"'),
    ("cannot start any token", "a word cannot begin with this character; write it in quotes"),
    ("mapping values are not allowed", "a colon within a text needs quotes, and the keys of one table the same indent"),
    ("did not find expected ',' or '}'", "a bracket { is not closed, or a comma is missing"),
    ("did not find expected ',' or ']'", "a bracket [ is not closed, or a comma is missing"),
    ("did not find expected node content", "a value is missing here, or a bracket is not closed"),
    ("did not find expected key", "the line does not stand under the one above it; indent the keys of one table alike"),
    ("did not find expected '-' indicator", "the items of one list must be indented alike"),
    ("control characters are not allowed", "a control character stands here; take it out"),
    ("could not find expected ':'", "a key needs a colon and a space behind it"),
    ("unexpected end of stream", "the text ends within quotes; close them"),
)  # what the parser says, and what a person does about it

_UNCLOSED = ("',' or '}'", "',' or ']'", "end of stream", "node content")


class YamlError(ValueError):
    """A text that cannot be read. ``line`` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class Table(dict[str, Any]):
    """A mapping; ``lines`` has the line of each key, in order, and ``line`` that of the whole."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


class Items(list[Any]):
    """A sequence; ``lines`` has the line of each item and ``line`` that of the whole."""

    __slots__ = ("line", "lines")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.lines: list[int] = []


def read_yaml(data: bytes) -> tuple[Any, list[tuple[int, str]]]:
    """Return the value of the one document in *data*, and what is wrong with it that does not keep it from being read.

    Empty values are left out: one at the top of the file is no mistake (all below it may be commented out), others are.

    Returns:
        None for an empty text, else :class:`Table`, :class:`Items`, or a text, number, bool or None; and pairs of line
        and message, such as a key that stands twice.
    Raises:
        YamlError: it is no YAML, holds more than one document, or is larger than a person's file ever is.
    """
    if len(data) > _MAX_BYTES:
        raise YamlError(f"is larger than {_MAX_BYTES // 1024 // 1024} MiB; split it into several files", 1)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise YamlError(f"byte {error.start} is not UTF-8; save the file as UTF-8", line) from error
    builder = _Builder()
    try:
        return builder.document(yaml.parse(text, Loader=_Loader)), builder.findings
    except yaml.YAMLError as error:
        raise _told(error, text) from error


def line_of(tree: Any, keys: Keys) -> int:
    """Return the line of *keys* in what :func:`read_yaml` gave, or of the nearest value around it."""
    line = tree.line if isinstance(tree, Table | Items) else 1
    for key in keys:
        if isinstance(tree, Table) and key in tree:
            line, tree = tree.lines[list(tree).index(str(key))], tree[str(key)]
        elif isinstance(tree, Items) and isinstance(key, int) and key < len(tree):
            line, tree = tree.lines[key], tree[key]
        else:
            break
    return line


class _Builder:
    """Makes values of the parser's events; nothing that a text asks for can make it grow without bound."""

    def __init__(self) -> None:
        self.findings: list[tuple[int, str]] = []
        self._anchors: dict[str, tuple[Any, int] | None] = {}
        self._size = 0

    def document(self, events: Iterator[Any]) -> Any:
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise YamlError("a second document begins here; one file is one document", _line(event))
            elif isinstance(event, yaml.NodeEvent):
                value = self._value(event, events, 0)
        return value

    def _value(self, event: Any, events: Iterator[Any], depth: int) -> Any:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        self._grow(1, event)
        if event.tag not in (None, "!") or depth > _MAX_DEPTH:
            deep = f"lists and tables lie in each other deeper than {_MAX_DEPTH} times"
            what = f"{event.tag} is a YAML tag; what begins with ! is written in quotes" if event.tag else deep
            raise YamlError(what, _line(event))
        if event.anchor:
            self._anchors[event.anchor] = None
        before = self._size
        if isinstance(event, yaml.ScalarEvent):
            value: Any = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            value = self._items(event, events, depth)
        else:
            value = self._table(event, events, depth)
        if event.anchor:
            self._anchors[event.anchor] = (value, self._size - before + 1)
        return value

    def _alias(self, event: Any) -> Any:
        if event.anchor not in self._anchors:
            raise YamlError(
                f"*{event.anchor} names no anchor above it; a word that begins with * is written in quotes: "
                f'"*{event.anchor}"',
                _line(event),
            )
        found = self._anchors[event.anchor]
        if found is None:
            raise YamlError(f"*{event.anchor} stands within what it names", _line(event))
        self._grow(found[1], event)
        return found[0]

    def _grow(self, by: int, event: Any) -> None:
        self._size += by
        if self._size > _MAX_VALUES:
            raise YamlError(f"has more than {_MAX_VALUES:,} values, aliases counted as often as used", _line(event))

    def _items(self, start: Any, events: Iterator[Any], depth: int) -> Items:
        items = Items(_line(start))
        for event in events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            value = self._value(event, events, depth + 1)
            if value is None:
                self.findings.append((_line(event), "an item of the list is empty; write it, or take the dash out"))
            else:
                items.lines.append(_line(event))
                items.append(value)
        return items

    def _table(self, start: Any, events: Iterator[Any], depth: int) -> Table:
        table = Table(_line(start))
        merged: list[Any] = []
        for event in events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, events, depth)
            value = self._value(next(events), events, depth + 1)
            if key == _MERGE:
                merged += value if isinstance(value, Items) else [value]
            elif key in table:
                first = line_of(table, (key,))
                self.findings.append((_line(event), f'the key "{key}" stands twice, first on line {first}; keep one'))
            elif value is not None:
                table[key] = value
                table.lines.append(_line(event))
            elif depth:
                self.findings.append((_line(event), f'"{key}" has no value; write one, or take the key out'))
        for other in merged:
            _merge(table, other)
        return table

    def _key(self, event: Any, events: Iterator[Any], depth: int) -> str:
        key = self._value(event, events, depth + 1)
        if isinstance(event, yaml.ScalarEvent):
            return str(event.value)  # a key is a name, whatever it looks like
        if isinstance(key, str):
            return key
        raise YamlError("a key is a list or a table; did a { or [ begin a text? write it in quotes", _line(event))


def _merge(table: Table, other: Any) -> None:
    if not isinstance(other, Table):
        raise YamlError("<< takes in a table; this is none", table.line)
    for key, line in zip(other, other.lines, strict=True):
        if key not in table:
            table[key] = other[key]
            table.lines.append(line)


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text  # in quotes
    if text in _BOOLS:
        return _BOOLS[text]
    if text in _NULLS:
        return None
    if text[0] in "-0123456789" and _NUMBER.fullmatch(text):
        number = float(text) if "." in text else int(text)
        return number if str(number) == text else text
    return text


def _line(event: Any) -> int:
    line: int = event.start_mark.line
    return line + 1


def _told(error: yaml.YAMLError, text: str) -> YamlError:
    problem, context = getattr(error, "problem", None) or str(error), getattr(error, "context", None) or ""
    mark, opening = getattr(error, "problem_mark", None), getattr(error, "context_mark", None)
    if (opening and any(sign in problem for sign in _UNCLOSED)) or mark is None:
        mark = opening  # the parser notices it far below
    line = "".join(text.splitlines()[mark.line : mark.line + 1]) if mark else ""
    if mark and line[mark.column : mark.column + 1] == "\t":
        hint = "a tab cannot indent; use spaces"
    else:
        hint = next((hint for sign, hint in _HINTS if sign in f"{context}, {problem}"), problem)
    return YamlError(f"this is not YAML: {hint}", mark.line + 1 if mark else 1)
