"""``hub stats``: reports as tables, for programs, as spreadsheets and charts, in two languages."""

import csv
import json
import re
import struct
import sys
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from hub.cli.picture import png
from hub.cli.speech import Speech
from hub.cli.stats import COMMANDS
from hub.cli.stats_reports import CASE_GROUPS, OPENABLE, SURGE_GROUPS, TICKET_GROUPS, TIME_GROUPS, WORKBOOK
from hub.cli.stats_texts import TEXTS
from hub.cli.stats_view import cell, write_csv
from hub.routing.surge import SeriesKind
from hub.sdk.ticket import Sla
from hub.store import Decided, FigureTable, Router, open_store
from hub.store.figures_clock import TIMES
from hub.store.figures_opened import COUNTS
from hub.store.figures_query import CASE_DIMENSIONS, DIMENSIONS
from hub.store.figures_reports import ColumnKind, ReportColumn
from tests.unit.cli.conftest import NOW, Hub, mention, put, review

ALL = ("--since", "2026-01-01", "--until", "2027-01-01")
REPORTS = [name for name in COMMANDS if name != "workbook"]


@pytest.fixture
def counted(filled: Path) -> Path:
    """The usual store, and tickets that rules decided."""
    router = Router(
        lambda _: Decided("high", queue="claims", category="complaint", assignee="Olga", tags=("=tag",), rules=("r",),
                          ruleset="v", sla=Sla(policy="fast"))
    )  # fmt: skip
    with open_store(f"sqlite:///{filled.parent / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(10, "one"), mention(11, "two"), review(12, 5, "Good"), router=router)
    return filled


def test_the_groups_are_those_that_the_store_knows() -> None:
    assert set(TICKET_GROUPS) == set(DIMENSIONS)
    assert TIME_GROUPS == TIMES
    assert set(CASE_GROUPS) == set(DIMENSIONS) | set(CASE_DIMENSIONS)
    assert {*SURGE_GROUPS, "all"} == set(get_args(SeriesKind))


@pytest.mark.parametrize("report", REPORTS)
@pytest.mark.parametrize("lang", ["ru", "en"])
def test_every_report_is_a_table_in_both_languages(hub: Hub, counted: Path, report: str, lang: str) -> None:
    ran = hub("stats", report, *ALL, "--lang", lang)
    assert ran.code == 0
    heading = ran.out.splitlines()[0]
    assert bool(re.search("[а-яё]", heading)) == (lang == "ru")
    assert not re.search(r"[a-z]+_[a-z]+", ran.out), "a column without a name"


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_json_and_csv_with_the_same_numbers(hub: Hub, counted: Path, report: str) -> None:
    told = json.loads(hub("stats", report, *ALL, "--json").out)
    rows = list(csv.reader(StringIO(hub("stats", report, *ALL, "--format", "csv").out)))
    assert told["report"] == report
    assert len(rows) == 1 + len(told["rows"]) + (1 if told["total"] and told["by"] else 0)
    if told["rows"]:
        assert len(rows[0]) == len(told["rows"][0])


def test_json_has_the_period_and_a_plain_table_is_told_of_it(hub: Hub, counted: Path) -> None:
    told = json.loads(hub("stats", "outcome", *ALL, "--json").out)
    assert (told["since"], told["until"]) == ("2025-12-31T21:00:00Z", "2026-12-31T21:00:00Z")
    behind = json.loads(hub("stats", "outcome", "--since", "2026-01-01", "--tickets", "open", "--json").out)
    assert datetime.fromisoformat(behind["until"]).tzinfo is not None
    for words in (("--format", "csv"), ("--format", "csv", "-o", "o.csv"), ("--format", "xlsx", "-o", "o.xlsx")):
        assert "2026-01-01 00:00 to 2027-01-01 00:00" in hub("stats", "outcome", *ALL, *words, "--lang", "en").err


def test_rows_are_counted_and_add_up(hub: Hub, counted: Path) -> None:
    told = json.loads(hub("stats", "outcome", *ALL, "--json").out)
    assert {row["queue"]: row["tickets"] for row in told["rows"]} == {"claims": 3, None: 3}
    assert told["total"]["tickets"] == 6
    assert re.search("^— +3 ", hub("stats", "outcome", *ALL, "--lang", "ru").out, re.MULTILINE)
    assert "\n—,3," in hub("stats", "outcome", *ALL, "--lang", "ru", "--format", "csv").out.replace("\r", "")


@pytest.mark.parametrize(
    ("words", "tickets"),
    [
        (("--queue", "claims"), 3),
        (("--queue", ""), 3),
        (("--queue", "claims", "--queue", ""), 6),
        (("--platform", "2gis"), 2),
        (("--operator", "Olga", "--kind", "mention"), 2),
        (("--tag", "=tag"), 3),
        (("--rule", "r", "--category", "complaint"), 3),
        (("--priority", "high", "--state", "new"), 3),
        (("--department", "claims"), 0),
        (("--policy", "fast"), 3),
        (("--instance", "other"), 0),
    ],
)
def test_filters_narrow_what_is_counted(hub: Hub, counted: Path, words: tuple[str, ...], tickets: int) -> None:
    assert json.loads(hub("stats", "outcome", *ALL, *words, "--json").out)["total"]["tickets"] == tickets


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--queue", "clams"), 'queue "clams": no ticket is of it; did you mean "claims"?'),
        (("--queue", "claims", "--queue", "nowhere"), 'queue "nowhere": no ticket is of it'),
        (("--platform", "vk"), 'platform "vk": no ticket is of it'),
        (("--tag", "=tags"), 'tag "=tags": no ticket is of it; did you mean "=tag"?'),
        (("--instance", "mian"), 'instance "mian": no ticket is of it; did you mean "main"?'),
        (("--queue", "complaint"), 'queue "complaint": no ticket is of it'),
    ],
)
def test_a_name_that_no_ticket_has_is_told_with_the_nearest(
    hub: Hub, counted: Path, words: tuple[str, ...], told: str
) -> None:
    ran = hub("stats", "outcome", *ALL, *words, "--lang", "en", "--quiet")
    assert ran.code == 0
    assert told in ran.err.splitlines()


def test_names_that_tickets_have_are_not_told_whatever_the_period(hub: Hub, counted: Path) -> None:
    before = ("--since", "2020-01-01", "--until", "2020-02-01", "--lang", "en")
    ran = hub("stats", "outcome", *before, "--queue", "claims", "--queue", "", "--state", "closed", "--tag", "=tag")
    assert "no ticket is of it" not in ran.err
    assert "no ticket is of it" in hub("stats", "surges", *before, "--platform", "vk").err
    assert "no ticket is of it" in hub("stats", "workbook", "a.xlsx", *before, "--platform", "vk").err


def test_tasks_and_issues_that_are_counted_too_are_told(hub: Hub, counted: Path) -> None:
    words = ("stats", "outcome", *ALL, "--lang", "en")
    assert "--kind" not in hub(*words).err
    with open_store(f"sqlite:///{counted.parent / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(30, "an issue").model_copy(update={"kind": "issue", "platform": "jira"}))
    told = "tasks and issues are counted too; --kind mention --kind review leaves what customers wrote"
    assert told in hub(*words).err.splitlines()
    assert told in hub("stats", "workbook", "a.xlsx", *ALL, "--lang", "en").err.splitlines()
    for more in (("--kind", "issue"), ("--by", "kind"), ("--platform", "jira"), ("--platform", "vk.com"), ("--quiet",)):
        assert "--kind" not in hub(*words, *more).err
    told_rows = json.loads(hub(*words, "--kind", "mention", "--kind", "review", "--json").out)
    assert told_rows["total"]["tickets"] == 6


def test_a_count_is_opened_into_its_tickets(hub: Hub, counted: Path) -> None:
    opened = json.loads(hub("stats", "outcome", *ALL, "--tickets", "open", "--json").out)["rows"]
    assert sorted(str(row["queue"]) for row in opened) == ["None"] * 3 + ["claims"] * 3
    listed = {line["id"] for line in json.loads(hub("tickets", "list", "--queue", "claims", "--json").out)}
    assert {row["id"] for row in opened if row["queue"] == "claims"} == listed
    wrong = hub("stats", "outcome", *ALL, "--tickets", "median")
    assert (wrong.code, "solved" in wrong.err) == (2, True)


def test_what_can_be_opened_is_what_the_store_counts_and_told(hub: Hub) -> None:
    assert OPENABLE == COUNTS
    page = Path(__file__).parents[3] / "docs/how-to/report.md"
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (.*) \|$", page.read_text(encoding="utf-8"), re.MULTILINE))
    for name, keys in OPENABLE.items():
        told = " ".join(hub("stats", name, "--help").out.split())
        assert ", ".join(keys) in told
        assert tuple(re.findall("`(\\w+)`", rows[name])) == keys


def test_a_column_that_the_report_has_not_is_refused_with_those_that_it_has(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "outcome", *ALL, "--tickets", "stars_1", "--lang", "en")
    assert (ran.code, ran.out) == (2, "")
    assert "--tickets tickets | open | solved | hidden | escalated | own\n" in ran.err


def test_a_step_and_a_weekday_are_opened(hub: Hub, counted: Path) -> None:
    step = hub("stats", "trends", "--since", "2026-11-01", "--until", "2026-11-22", "--tickets", "2026-11-16", "--json")
    assert [row["week"] for row in json.loads(step.out)["rows"]] == ["2026-11-16"] * 6
    thursday = json.loads(hub("stats", "arrivals", *ALL, "--tickets", "thu", "--json").out)["rows"]
    assert [row["weekday"] for row in thursday] == [4] * 4
    wrong = hub("stats", "trends", "--since", "2026-11-01", "--until", "2026-11-22", "--tickets", "2026-11-17")
    assert (wrong.code, "2026-11-16 | tickets" in wrong.err) == (2, True)


def test_a_list_of_tickets_is_no_chart(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "outcome", "--tickets", "open", "--chart", "c.svg")
    assert (ran.code, "leave one of them out" in ran.err) == (2, True)
    assert not counted.with_name("c.svg").exists()


@pytest.mark.parametrize(("report", "column"), [(name, key) for name, keys in OPENABLE.items() for key in keys])
def test_the_tickets_behind_a_column_are_the_same_in_every_form(
    hub: Hub, counted: Path, report: str, column: str
) -> None:
    words = ("stats", report, *ALL, "--tickets", column, "--lang", "en")
    told = json.loads(hub(*words, "--json").out)
    ids = [row["id"] for row in told["rows"]]
    assert [line[-1] for line in csv.reader(StringIO(hub(*words, "--format", "csv").out))][1:] == ids
    assert [line.split()[-1] for line in hub(*words).out.splitlines()][1:] == ids
    assert hub(*words, "--format", "xlsx", "-o", "t.xlsx").code == 0
    [sheet] = load_workbook(counted.with_name("t.xlsx")).worksheets
    assert (sheet.title, [row[-1] for row in sheet.values][1:]) == ("Tickets", ids)


def test_the_hours_are_those_of_the_settings(hub: Hub, counted: Path) -> None:
    told = json.loads(hub("stats", "arrivals", *ALL, "--json").out)
    assert {row["hour"]: row["tickets"] for row in told["rows"] if row["tickets"]} == {14: 1, 15: 5}


def test_a_period_has_one_beginning_and_ends_after_it(hub: Hub, counted: Path) -> None:
    both = hub("stats", "outcome", "--since", "7d", "--last", "7d")
    assert (both.code, "give one of them" in both.err) == (2, True)
    for words in (("--last", "0d"), ("--since", "0d"), ("--since", "2999-01-01")):
        later = hub("stats", "outcome", *words)
        assert later.code == 2
        assert "begins now or in the future" in later.err
    swapped = hub("stats", "outcome", "--since", "1d", "--until", "2d")
    assert (swapped.code, "swap them" in swapped.err) == (2, True)


def test_where_nothing_matches_it_is_said(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "work", "--since", "2020-01-01", "--until", "2020-02-01", "--lang", "ru")
    assert ran.code == 0
    assert "ничего не подходит" in ran.err
    assert "с 2020-01-01 00:00 по 2020-02-01 00:00" in ran.err


def test_a_text_is_no_formula_in_csv(hub: Hub, counted: Path) -> None:
    out = hub("stats", "outcome", "--by", "tag", *ALL, "--format", "csv").out
    assert "'=tag," in out


@pytest.mark.parametrize(("lang", "words"), [("ru", ["нет", "да", ""]), ("en", ["no", "yes", ""])])
def test_yes_and_no_are_words_in_csv_too(lang: str, words: list[str]) -> None:
    columns = (ReportColumn("queue", "label"), ReportColumn("reached", "yes"))
    rows = (("a", False), ("b", True), ("c", None))
    file = StringIO()
    write_csv(FigureTable("response", ("queue",), columns, rows), Speech(lang, TEXTS), file)
    assert [row[1] for row in csv.reader(StringIO(file.getvalue()))][1:] == words


def test_a_report_is_a_spreadsheet(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "response", *ALL, "--format", "xlsx", "-o", "r.xlsx", "--lang", "ru")
    assert (ran.code, "r.xlsx" in ran.err) == (0, True)
    [sheet] = load_workbook(counted.with_name("r.xlsx")).worksheets
    rows = list(sheet.values)
    heading = list(rows[0])
    assert rows[1][heading.index("первый ответ, медиана")] == timedelta(hours=1) or rows[1][0] == "—"
    assert rows[-1][0] == "всего"
    assert hub("stats", "response", "--format", "xlsx").code == 2


def test_the_workbook_has_a_sheet_for_each_report(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "workbook", "all.xlsx", *ALL, "--lang", "ru")
    assert ran.code == 0
    book = load_workbook(counted.with_name("all.xlsx"))
    assert len(book.sheetnames) == len(WORKBOOK)
    work = list(book["Работа оператор"].values)
    assert work[0][:2] == ("оператор", "обращений")
    assert ("Olga", 3) in [row[:2] for row in work]
    summary = list(book["Сводка"].values)
    assert summary[1][:2] == ("обращений", 6)
    answered = next(row for row in summary if row[0] == "первый ответ, медиана")
    assert isinstance(answered[1], timedelta)
    assert hub("stats", "workbook", "all.xlsx", *ALL).code == 2
    assert hub("stats", "workbook", "all.xlsx", *ALL, "--force").code == 0


def test_a_workbook_is_named_as_what_it_is(hub: Hub, counted: Path) -> None:
    ran = hub("stats", "workbook", "all.csv")
    assert (ran.code, "all.csv is no .xlsx file" in ran.err) == (2, True)
    assert not counted.with_name("all.csv").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("stats", "outcome", "--format", "csv", "-o", "t.csv", "--chart", "t.svg"),
        ("stats", "workbook", "t.xlsx"),
        ("tickets", "export", "-o", "t.jsonl"),
    ],
)
def test_quiet_is_quiet(hub: Hub, counted: Path, words: tuple[str, ...]) -> None:
    assert hub(*words, "--since", "2026-01-01", "--quiet").err == ""
    assert hub(*words, "--since", "2026-01-01", "--force").err != ""


@pytest.mark.parametrize("report", REPORTS)
def test_every_report_is_drawn(hub: Hub, counted: Path, report: str) -> None:
    ran = hub("stats", report, *ALL, "--chart", "c.svg", "--lang", "en")
    assert ran.code == 0
    root = ET.parse(counted.with_name("c.svg")).getroot()
    assert root.tag.endswith("svg")
    assert any(element.tag.endswith("text") and element.text for element in root)


def test_bars_are_as_long_as_the_counts(hub: Hub, counted: Path) -> None:
    hub("stats", "outcome", "--by", "platform", *ALL, "--chart", "c.svg")
    root = ET.parse(counted.with_name("c.svg")).getroot()
    bars = [element for element in root if element.tag.endswith("rect") and "x" in element.attrib]
    widths = [float(bar.attrib["width"]) for bar in bars]
    assert [width / widths[0] for width in widths] == [1, pytest.approx(0.5, abs=0.01)]  # 4 of vk.com, 2 of 2gis
    assert hub("stats", "outcome", "--chart", "c.jpeg").code == 2


def test_figures_are_written_as_the_language_writes_them() -> None:
    values: dict[ColumnKind, float] = {"count": 1_234_567, "share": 0.1234, "number": 1234.5}
    numbers = [
        cell(ReportColumn("x", kind), value, Speech(lang)) for lang in ("ru", "en") for kind, value in values.items()
    ]
    assert numbers == ["1\u00a0234\u00a0567", "12,3%", "1\u00a0234,50", "1,234,567", "12.3%", "1,234.50"]


def size_of(picture: bytes) -> tuple[int, int]:
    """Width and height of a PNG, from its header."""
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_a_chart_is_drawn_as_png_with_its_words(hub: Hub, counted: Path) -> None:
    for language in ("ru", "en"):
        ran = hub("stats", "outcome", "--by", "platform", *ALL, "--chart", f"{language}.png", "--lang", language)
        assert ran.code == 0
    hub("stats", "outcome", "--by", "platform", *ALL, "--chart", "c.svg", "--lang", "ru")
    russian, english = (counted.with_name(f"{language}.png").read_bytes() for language in ("ru", "en"))
    height = float(ET.parse(counted.with_name("c.svg")).getroot().attrib["viewBox"].split()[3])
    assert size_of(russian) == (1800, 2 * height)
    wordless = png(re.sub("<text.*?</text>", "", counted.with_name("c.svg").read_text(encoding="utf-8")))
    assert len({russian, english, wordless}) == 3  # Cyrillic and Latin letters are seen


def test_png_that_cannot_be_made_is_refused_before_anything_is_counted(
    hub: Hub, counted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    ran = hub("stats", "outcome", "--chart", "c.png")
    assert (ran.code, "pip install 'helpdesk-hub[png]'" in ran.err) == (2, True)
    assert not counted.with_name("c.png").exists()


def test_a_figure_that_is_new_since_the_last_report_is_counted(hub: Hub, counted: Path) -> None:
    hub("stats", "outcome", *ALL)
    with open_store(f"sqlite:///{counted.parent / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(30, "late"))
    assert json.loads(hub("stats", "outcome", *ALL, "--json").out)["total"]["tickets"] == 7
