"""Surges, as ``hub`` commands show them."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from openpyxl import load_workbook

from hub.store import open_store
from hub.store.surges import Wanted
from tests.unit.cli.conftest import Hub
from tests.unit.store.pages import put, write
from tests.unit.store.test_surges import NOW, burst, past, route


@pytest.fixture
def surged(tmp_path: Path) -> Path:
    """A folder with two surges, of all tickets and of one platform, that go on."""
    (tmp_path / "hub.toml").write_text('timezone = "Europe/Moscow"\nlang = "ru"\n', encoding="utf-8")
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        put(store, *past(), now=NOW, router=route(queue="helpdesk"))
        put(store, *burst(30, NOW), now=NOW, router=route(queue="helpdesk"))
        while store.count_arrivals():
            pass
        store.learn_levels(UTC)
        for one in store.look_for_surges(Wanted(UTC, kinds=frozenset({"platform"}))).began:
            store.surge_described(one.n, ["оплата"], "helpdesk")
    return tmp_path


def test_surges_are_listed_in_both_languages(hub: Hub, surged: Path) -> None:
    shown = hub("surges", "list", "--since", "2026-11-01")
    assert shown.code == 0
    assert "ВКонтакте: 15 обращений за 15 минут" in " ".join(shown.out.split())
    assert "2026-11-20 15:00" in shown.out  # Moscow
    assert "идёт" in shown.out
    english = " ".join(hub("surges", "list", "--since", "2026-11-01", "--lang", "en").out.split())
    assert "VK: 15 tickets in 15 minutes, usually less than one; most often:" in english


def test_surges_as_json_have_their_numbers(hub: Hub, surged: Path) -> None:
    found = json.loads(hub("surges", "list", "--since", "2026-11-01", "--json").out)
    assert {one["series"]["kind"] for one in found} == {"all", "platform"}
    one = next(one for one in found if one["series"] == {"kind": "platform", "name": "vk.com"})
    assert one["number"] == 15
    assert one["window_s"] == 900
    assert one["words"] == ["оплата"]
    assert one["ended_at"] is None
    assert one["sentence"].startswith("ВКонтакте")
    assert datetime.fromisoformat(one["began_at"]) == NOW


def test_only_those_since_are_listed(hub: Hub, surged: Path) -> None:
    with open_store(f"sqlite:///{surged / 'hub.db'}", now=lambda: NOW + timedelta(hours=9)) as store:
        store.look_for_surges(Wanted(UTC))
    assert json.loads(hub("surges", "list", "--since", "2026-11-22", "--json").out) == []
    assert "всплесков не было" in hub("surges", "list", "--since", "2026-11-22").err


def test_status_shows_what_goes_on_in_one_line(hub: Hub, surged: Path) -> None:
    several = hub("status").err
    assert "всплесков: 2, с 2026-11-20 15:00; самый сильный: " in several
    assert "все показывает «hub surges list --lang ru»" in several
    assert several.count("15 обращений за 15 минут") == 1
    assert len(json.loads(hub("status", "--json").out)["surges"]) == 2
    with open_store(f"sqlite:///{surged / 'hub.db'}") as store:
        write(store, "UPDATE surges SET ended_at = high_at WHERE kind = 'all'")
    assert "всплеск с 2026-11-20 15:00: ВКонтакте: 15 обращений" in hub("status").err


def test_a_store_without_surges_says_so(hub: Hub, config: Path) -> None:
    shown = hub("surges", "list", "--lang", "en")
    assert (shown.code, shown.out) == (0, "")
    assert "there was no surge" in shown.err


# --- the report -------------------------------------------------------------------------------------------------------

PERIOD = ("--since", "2026-11-01", "--until", "2026-12-01")


def reported(hub: Hub, *words: str) -> list[tuple[str, str]]:
    """The series of the surges that the report has."""
    rows = json.loads(hub("stats", "surges", *words, "--json").out)["rows"]
    return [(row["series"], row["name"]) for row in rows]


def over(folder: Path, hours: int) -> None:
    """Let the surges be over so long after they began, with more than at their beginning in between."""
    with open_store(f"sqlite:///{folder / 'hub.db'}") as store:
        write(
            store, "UPDATE surges SET peak_number = 25, peak_usual = 1.5, ended_at = began_at + ?", hours * 3600 * 10**6
        )


def test_the_report_of_surges_says_when_of_what_how_long_and_how_much(hub: Hub, surged: Path) -> None:
    over(surged, 2)
    told = json.loads(hub("stats", "surges", *PERIOD, "--json").out)
    row = next(row for row in told["rows"] if row["series"] == "platform")
    assert datetime.fromisoformat(row["began"]) == NOW
    assert datetime.fromisoformat(row["over"]) == NOW + timedelta(hours=2)
    assert {key: row[key] for key in ("name", "lasted", "arrived", "usual", "window", "words")} == {
        "name": "vk.com", "lasted": 7200, "arrived": 25, "usual": 1.5, "window": 900, "words": "оплата"
    }  # fmt: skip
    assert told["total"] is None


def test_the_report_of_surges_is_read_in_both_languages(hub: Hub, surged: Path) -> None:
    shown = hub("stats", "surges", *PERIOD)
    assert "Когда приходило больше обычного" in shown.err
    assert "2026-11-20 15:00" in shown.out  # Moscow
    assert "площадка" in shown.out
    assert "все обращения" in shown.out
    over(surged, 2)
    english = hub("stats", "surges", *PERIOD, "--lang", "en")
    assert "2026-11-20 17:00" in english.out
    assert "2 h 00 min" in english.out
    assert "all tickets" in english.out


def test_surges_are_narrowed_to_series_and_to_what_went_on(hub: Hub, surged: Path) -> None:
    assert sorted(reported(hub, *PERIOD)) == [("all", ""), ("platform", "vk.com")]
    assert reported(hub, *PERIOD, "--platform", "vk.com", "--tag", "x") == [("platform", "vk.com")]
    assert reported(hub, *PERIOD, "--queue", "helpdesk") == []
    over(surged, 2)
    assert len(reported(hub, "--since", "2026-11-20T16:00", "--until", "2026-11-21")) == 2
    assert reported(hub, "--since", "2026-11-21", "--until", "2026-11-22") == []
    assert reported(hub, "--since", "2026-11-01", "--until", "2026-11-20") == []
    assert "всплесков не было" in hub("stats", "surges", "--since", "2026-11-21", "--until", "2026-11-22").err


def test_the_report_of_surges_is_csv_a_sheet_and_a_chart(hub: Hub, surged: Path) -> None:
    over(surged, 2)
    heading, *rows = csv.reader(StringIO(hub("stats", "surges", *PERIOD, "--format", "csv").out))
    line = next(dict(zip(heading, row, strict=True)) for row in rows if "vk.com" in row)
    assert (line["начался"], line["где"], line["длился"]) == ("2026-11-20T12:00:00Z", "площадка", "7200")
    assert hub("stats", "surges", *PERIOD, "--format", "xlsx", "-o", "s.xlsx", "--chart", "s.svg").code == 0
    [sheet] = load_workbook(surged / "s.xlsx").worksheets
    moment = datetime(2026, 11, 20, 15)  # noqa: DTZ001 - spreadsheets know no zone
    assert {row[0] for row in sheet.iter_rows(min_row=2, values_only=True)} == {moment}
    assert {row[4] for row in sheet.iter_rows(min_row=2, values_only=True)} == {timedelta(hours=2)}
    drawn = [element.text for element in ET.parse(surged / "s.svg").getroot()]
    assert "2026-11-20 15:00, все обращения" in drawn


def test_the_workbook_has_a_sheet_of_surges(hub: Hub, surged: Path) -> None:
    assert hub("stats", "workbook", "all.xlsx", *PERIOD).code == 0
    rows = list(load_workbook(surged / "all.xlsx")["Всплески"].values)
    assert [row[1:3] for row in rows[1:] if row[2]] == [("площадка", "vk.com")]
    assert len(rows) == 3
