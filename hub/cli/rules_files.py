"""Files of texts as rows: JSON Lines or CSV, compressed or not, from a file or standard input, one row at a time.

A line that cannot be used is told with its number and does not stop the others.
"""

import codecs
import csv
import gzip
import json
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedIOBase, BufferedReader
from pathlib import Path
from typing import Any, cast

import click

from hub.sdk.text import storable

STDIN = Path("-")
TEXT_KEYS = ("text", "title", "body")

_LONGEST = 64 * 1024 * 1024  # characters of one cell
_GZIP = b"\x1f\x8b"
_LOOKED_AT = 64 * 1024  # bytes at the beginning that say what a file is
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of the line on which it begins, from 1, and its values by column or key."""

    line: int
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BadRow:
    """A line that cannot be used, and why; for a person."""

    line: int
    why: str


@contextmanager
def opened(path: Path) -> Iterator[BufferedIOBase]:
    """Open a file of texts, or standard input for ``-``, unpacked.

    Raises:
        click.BadParameter: it cannot be read.
    """
    try:
        with _standard_input() if path == STDIN else path.open("rb") as plain:
            if plain.peek(2)[:2] != _GZIP:
                yield plain
                return
            with gzip.GzipFile(fileobj=plain) as unpacked:
                yield unpacked
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise click.BadParameter(f"{path} is no whole gzip file: {error}", param_hint="FILE") from error
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise click.BadParameter(f"{path} cannot be read: {error.strerror}", param_hint="FILE") from error


@contextmanager
def _standard_input() -> Iterator[BufferedReader]:
    yield cast(BufferedReader, sys.stdin.buffer)


def rows(file: BufferedIOBase, encoding: str = "utf-8") -> Iterator[Row | BadRow]:
    """Yield the rows of *file*; what begins with ``{`` is JSON Lines, else it is CSV with the names of its columns.

    Raises:
        click.BadParameter: it is neither, or in another encoding.
    """
    head = cast(BufferedReader, file).peek(_LOOKED_AT)[:_LOOKED_AT]  # gzip's files can be looked into too
    if head.startswith(_WIDE_MARKS):
        encoding = "utf-16"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if start.startswith(b"[") and start[1:].lstrip()[:1] in (b"{", b"]"):
        raise click.BadParameter(
            "this is one JSON list; write one object a line, as \"jq -c '.[]' FILE\" does", param_hint="FILE"
        )
    if encoding != "utf-16" and start.startswith(b"{"):
        yield from _json_lines(file, encoding)
    else:
        yield from _csv(file, encoding)


def _bad_encoding(encoding: str) -> str:
    return f"is not {encoding.upper()}; save the file as UTF-8, or name its encoding: --encoding cp1251"


# --- JSON Lines -----------------------------------------------------------------------------------------------------


def _json_lines(file: BufferedIOBase, encoding: str) -> Iterator[Row | BadRow]:
    for number, raw in enumerate(file, 1):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
        if line.strip():
            yield _json_line(number, line, encoding)


def _json_line(number: int, line: bytes, encoding: str) -> Row | BadRow:
    try:
        values = json.loads(line.decode(encoding))
    except UnicodeDecodeError:
        return BadRow(number, _bad_encoding(encoding))
    except (ValueError, RecursionError) as error:
        what = f"{error.msg} at column {error.colno}" if isinstance(error, json.JSONDecodeError) else str(error)
        return BadRow(number, f"is no JSON: {what}")
    if not isinstance(values, dict):
        return BadRow(number, 'is no object; write {"id": …, "text": …}')
    return Row(number, storable(values) if b"\\u" in line else values)


# --- CSV ------------------------------------------------------------------------------------------------------------


def _lines(file: BufferedIOBase, encoding: str) -> Iterator[str]:
    """Yield decoded lines; what is in another encoding keeps its bytes as lone surrogates, to be told by the row."""
    utf8 = encoding.replace("-", "") == "utf8"
    errors = "replace" if encoding == "utf-16" else "surrogateescape"
    left = ""
    for piece in codecs.iterdecode(file, "utf-8-sig" if utf8 else encoding, errors):
        *whole, left = (left + piece.replace("\0", "")).split("\n")
        yield from (line + "\n" for line in whole)
    if left:
        yield left


def _csv(file: BufferedIOBase, encoding: str) -> Iterator[Row | BadRow]:
    csv.field_size_limit(_LONGEST)
    lines = _lines(file, encoding)
    first = next((line for line in lines if line.strip()), None)
    if first is None:
        return
    delimiter = max(_DELIMITERS, key=first.count)
    header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
    if any(map(_is_escaped, header)):
        raise click.BadParameter(_bad_encoding(encoding), param_hint="FILE")
    _check_header(header)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            unclosed = "unexpected end of data" in str(error)
            yield BadRow(line, "opens a quote that is never closed" if unclosed else f"is no CSV: {error}")
            continue
        if cells:
            yield _csv_row(line, header, cells, encoding)


def _csv_row(line: int, header: list[str], cells: list[str], encoding: str) -> Row | BadRow:
    if any(map(_is_escaped, cells)):
        return BadRow(line, _bad_encoding(encoding))
    if len(cells) > len(header):
        return BadRow(line, f"has {len(cells)} cells, the header {len(header)}; put quotes around texts with commas")
    return Row(line, dict(zip(header, cells, strict=False)))


def _is_escaped(text: str) -> bool:
    return any("\udc80" <= char <= "\udcff" for char in text) if not text.isascii() else False


def _check_header(header: list[str]) -> None:
    if not set(header) & set(TEXT_KEYS):
        raise click.BadParameter(
            f"the first line names no column {', '.join(TEXT_KEYS)}; it has: {', '.join(header)[:300]}. A CSV needs"
            " the names of its columns in its first line",
            param_hint="FILE",
        )
