"""Spreadsheets: rows into an .xlsx file, in memory one at a time. The only module that knows openpyxl, an extra.

What people wrote stays text, whatever it begins with. Times are those of a zone, as spreadsheets know none.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta, tzinfo
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple

from hub.sdk import ConfigError

if TYPE_CHECKING:
    from openpyxl import Workbook

Kind = Literal["text", "whole", "number", "share", "span", "moment", "day"]
"""What a column holds: texts, numbers, shares from 0 to 1, seconds, instants, days."""

ROWS = 1_048_575
"""Rows of a sheet below its heading; what is more goes on in another sheet."""

MISSING = "spreadsheets need openpyxl; run \"pip install 'helpdesk-hub[xlsx]'\", or ask for csv"

_TEXT = 32_767  # characters of a cell
_TITLE = 31  # characters of a sheet's name
_BAD_IN_TITLES = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_FIRST_YEAR = 1900  # days before it are texts
_FORMATS = {
    "whole": "#,##0",
    "number": "#,##0.00",
    "share": "0.0%",
    "span": "[h]:mm:ss",
    "moment": "yyyy-mm-dd hh:mm:ss",
    "day": "yyyy-mm-dd",
}
_WIDTHS = {"text": 24, "whole": 11, "number": 11, "share": 10, "span": 12, "moment": 20, "day": 12}


class Field(NamedTuple):
    """A column of a sheet; *width* in characters."""

    title: str
    kind: Kind = "text"
    width: int | None = None


class Typed(NamedTuple):
    """A value of another kind than its column's."""

    value: Any
    kind: Kind


class Book:
    """A spreadsheet under way, sheet after sheet."""

    def __init__(self, book: "Workbook", zone: tzinfo) -> None:
        self._book = book
        self._zone = zone
        self._titles: set[str] = set()

    def add(self, title: str, fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> Iterator[int]:
        """Write a sheet with a heading that stays in sight; yield how many rows are written after each."""
        sheet: Any = None
        for number, row in enumerate(rows):
            if number % ROWS == 0:
                sheet = self._sheet(title, fields)
            sheet.append([self._cell(sheet, field, value) for field, value in zip(fields, row, strict=True)])
            yield number + 1
        if sheet is None:
            self._sheet(title, fields)

    def table(self, title: str, fields: Sequence[Field], rows: Iterable[Sequence[Any]]) -> int:
        """Write a sheet at once; return how many rows it has."""
        return sum(1 for _ in self.add(title, fields, rows))

    def _sheet(self, title: str, fields: Sequence[Field]) -> Any:
        from openpyxl.styles import Font
        from openpyxl.utils import get_column_letter

        sheet = self._book.create_sheet(self._free(title))
        sheet.freeze_panes = "A2"
        for number, field in enumerate(fields, 1):
            width = field.width or max(_WIDTHS[field.kind], min(len(field.title) + 2, 40))
            sheet.column_dimensions[get_column_letter(number)].width = width
        heading = [_text(sheet, field.title) for field in fields]
        for cell in heading:
            cell.font = Font(bold=True)
        sheet.append(heading)
        return sheet

    def _free(self, title: str) -> str:
        """Return the name of a new sheet: what spreadsheets take, and different from all others."""
        name = wanted = (" ".join(title.translate(_BAD_IN_TITLES).split()) or "-")[:_TITLE]
        number = 1
        while name.casefold() in self._titles:
            number += 1
            name = f"{wanted[: _TITLE - len(str(number)) - 1]} {number}"
        self._titles.add(name.casefold())
        return name

    def _cell(self, sheet: Any, field: Field, value: Any) -> Any:
        value, kind = value if isinstance(value, Typed) else (value, field.kind)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            return _text(sheet, value)
        from openpyxl.cell import WriteOnlyCell

        made = self._plain(kind, value)
        if isinstance(made, str):
            return _text(sheet, made)
        cell = WriteOnlyCell(sheet, made)
        if kind in _FORMATS:
            cell.number_format = _FORMATS[kind]
        return cell

    def _plain(self, kind: Kind, value: Any) -> Any:
        """Return *value* as a spreadsheet has it."""
        if isinstance(value, datetime):
            local = value.astimezone(self._zone).replace(tzinfo=None)
            return local if local.year >= _FIRST_YEAR else value.isoformat()
        if isinstance(value, date):
            return value if value.year >= _FIRST_YEAR else value.isoformat()
        if isinstance(value, bool) or not isinstance(value, int | float):
            return value if isinstance(value, bool) else str(value)
        if kind == "span":
            return timedelta(seconds=value)
        # Beyond 15 digits a spreadsheet would round: an id stays as it is.
        return value if abs(value) < 10**15 else str(value)


def _text(sheet: Any, value: str) -> Any:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    clean = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell = WriteOnlyCell(sheet)
    cell.value = clean if len(clean) <= _TEXT else clean[: _TEXT - 1] + "…"
    cell.data_type = "s"  # never a formula or an error, and still none when a person edits the cell
    cell.quotePrefix = clean.startswith(("=", "+", "-", "@"))
    return cell


@contextmanager
def written(file: IO[bytes], zone: tzinfo) -> Iterator[Book]:
    """Give a spreadsheet that is written into *file* when the block ends well.

    Raises:
        ConfigError: openpyxl is not installed; says how to get it.
    """
    require()
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    yield Book(book, zone)
    book.save(file)


def require() -> None:
    """Check that spreadsheets can be written.

    Raises:
        ConfigError: openpyxl is not installed; says how to get it.
    """
    try:
        import openpyxl  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise ConfigError(MISSING) from error
