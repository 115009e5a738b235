"""Spreadsheets: what people wrote stays text, numbers and times are real, and a missing library is named."""

import sys
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from hub.cli import sheet
from hub.cli.sheet import Field, written
from hub.sdk import ConfigError
from tests.unit.cli.conftest import NOW, Hub

MOSCOW = ZoneInfo("Europe/Moscow")


def read_back(fields: list[Field], *rows: Any, title: str = "one") -> Any:
    file = BytesIO()
    with written(file, MOSCOW) as book:
        assert book.table(title, fields, rows) == len(rows)
    return load_workbook(file)


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@sum", "=HYPERLINK(1)", "#REF!", "TRUE", "12", "1e5"])
def test_a_text_is_a_text_whatever_it_begins_with(text: str) -> None:
    cell = read_back([Field("text")], [text]).active["A2"]
    assert (cell.value, cell.data_type) == (text, "s")


def test_a_text_that_a_spreadsheet_cannot_hold_is_cleaned_and_cut() -> None:
    book = read_back([Field("text")], ["a\x00\x1bb"], ["x" * 40_000])
    assert book.active["A2"].value == "ab"
    assert len(book.active["A3"].value) == 32_767
    assert book.active["A3"].value.endswith("…")


def test_times_are_those_of_the_zone_and_lengths_are_durations() -> None:
    fields = [Field("at", "moment"), Field("span", "span"), Field("share", "share"), Field("day", "day")]
    sheet_ = read_back(fields, [datetime(2026, 11, 20, 12, tzinfo=UTC), 5400, 0.25, date(2026, 11, 20)]).active
    assert sheet_["A2"].value == datetime(2026, 11, 20, 15)  # noqa: DTZ001 - a spreadsheet knows no zones
    assert (sheet_["B2"].value, sheet_["B2"].number_format) == (timedelta(minutes=90), "[h]:mm:ss")
    assert (sheet_["C2"].value, sheet_["C2"].number_format) == (0.25, "0.0%")
    assert sheet_["D2"].number_format == "yyyy-mm-dd"


def test_days_that_spreadsheets_have_not_and_long_numbers_are_texts() -> None:
    row = [datetime(1850, 1, 1, tzinfo=UTC), 2**60, None, ""]
    sheet_ = read_back([Field("at", "moment"), Field("id", "whole"), Field("x"), Field("y")], row).active
    assert [cell.value for cell in sheet_[2]] == ["1850-01-01T00:00:00+00:00", str(2**60), None, None]


def test_the_heading_is_bold_stays_in_sight_and_columns_are_wide_enough() -> None:
    sheet_ = read_back([Field("first answer, median", "span"), Field("text", width=50)], [1, "a"]).active
    assert (sheet_.freeze_panes, sheet_["A1"].font.bold) == ("A2", True)
    assert sheet_.column_dimensions["A"].width >= len("first answer, median")
    assert sheet_.column_dimensions["B"].width == 50


def test_sheets_have_names_that_spreadsheets_take_and_no_two_the_same() -> None:
    file = BytesIO()
    with written(file, MOSCOW) as book:
        for title in ("a/b: [c]?", "A B C", "", "x" * 40, "x" * 40):
            book.table(title, [Field("n")], [])
    assert load_workbook(file).sheetnames == ["a b c", "A B C 2", "-", "x" * 31, "x" * 29 + " 2"]


def test_what_is_too_long_for_a_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet, "ROWS", 2)
    book = read_back([Field("n", "whole")], [1], [2], [3])
    assert book.sheetnames == ["one", "one 2"]
    assert [cell.value for cell in book["one 2"]["A"]] == ["n", 3]


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(ConfigError, match=r"pip install 'helpdesk-hub\[xlsx\]'"):
        sheet.require()


def test_tickets_are_exported_as_a_spreadsheet(hub: Hub, filled: Path) -> None:
    ran = hub("tickets", "export", "--format", "xlsx", "-o", "t.xlsx")
    assert (ran.code, ran.err) == (0, "3 tickets in t.xlsx\n")
    rows = list(load_workbook(filled.with_name("t.xlsx"))["tickets"].values)
    heading = list(rows[0])
    review = next(row for row in rows if row[heading.index("kind")] == "review")
    assert review[heading.index("author")] == "=cmd()"
    assert review[heading.index("text")] == "Bad\n\n-answer"
    assert review[heading.index("created_at")] == (NOW + timedelta(hours=3)).replace(tzinfo=None)
    assert (review[heading.index("rating")], review[heading.index("messages")]) == (1, 2)


def test_a_spreadsheet_goes_into_a_file_and_over_none(hub: Hub, filled: Path) -> None:
    ran = hub("tickets", "export", "--format", "xlsx")
    assert (ran.code, "-o tickets.xlsx" in ran.err) == (2, True)
    filled.with_name("t.xlsx").write_text("mine")
    assert hub("tickets", "export", "--format", "xlsx", "-o", "t.xlsx").code == 2
    assert filled.with_name("t.xlsx").read_text() == "mine"


def test_a_spreadsheet_that_cannot_be_made_leaves_nothing_behind(
    hub: Hub, filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    ran = hub("tickets", "export", "--format", "xlsx", "-o", "t.xlsx")
    assert (ran.code, "pip install" in ran.err) == (2, True)
    assert [path.name for path in filled.parent.iterdir() if "xlsx" in path.name] == []
