"""What `docs/reference/patterns.md` says of a pattern is what the code does with it."""

import html
import re
from pathlib import Path

import pytest

from hub.routing.features import Features
from hub.routing.matcher import Matcher
from hub.routing.pattern import MAX_LENGTH, PatternError, parse_pattern

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "patterns.md").read_text(encoding="utf-8")
TABLES = [
    [[cell.strip() for cell in row.strip("|").split(" | ")] for row in table.splitlines()]
    for table in re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
]
FOUND = [row for table in TABLES for row in table[2:] if table[0][-1].strip(" |") == "not found in"]
REFUSED = [row for table in TABLES for row in table[2:] if table[0][-1].strip(" |") == "because"]
FEATURES = [row for table in TABLES for row in table[2:] if table[0][0].strip(" |") == "key"]


def pattern_of(row: list[str]) -> str:
    return next(cell for cell in row if "`" in cell).strip("|` ")


def test_the_page_has_examples() -> None:
    assert len(FOUND) > 30
    assert len(REFUSED) > 5


@pytest.mark.parametrize("row", FOUND, ids=lambda row: row[-2])
def test_a_pattern_is_found_where_the_page_says(row: list[str]) -> None:
    matcher = Matcher([parse_pattern(pattern_of(row))])
    found, not_found = (html.unescape(cell.strip("| ")) for cell in row[-2:])
    assert matcher.read(["", found]).hits
    assert not matcher.read(["", not_found]).hits


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: row[0])
def test_a_pattern_is_refused_as_the_page_says(row: list[str]) -> None:
    with pytest.raises(PatternError, match=re.escape(row[-1].strip("| "))):
        parse_pattern(pattern_of(row))


def test_the_page_has_every_feature() -> None:
    told = {name for row in FEATURES for name in re.findall(r"`(\w+)`", row[0])}
    assert told | {"obscene"} == {name for name in dir(Features) if not name.startswith("_")}


def test_the_page_knows_the_limits() -> None:
    assert f"at most {MAX_LENGTH} characters and twelve words" in PAGE
