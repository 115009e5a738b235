"""Both dialects of search are read without loss: zones, minutes, lag, moving rows, tokens that end, short pages."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import Request
from hub_jira.jql import Clock, has_order, projects_of, query, quote

NOW = datetime(2026, 10, 25, 12, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Asia/Yekaterinburg",
)
seconds = st.integers(0, 4 * 366 * 24 * 60 * 60)
instants = seconds.map(lambda passed: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=passed))


def read_by_jira(literal: str, zone: str, fold: int) -> datetime:
    """Return the instant that a literal means to somebody whose profile has *zone*."""
    local = datetime.strptime(literal, '"%Y-%m-%d %H:%M"')  # noqa: DTZ007 - the zone comes with the next line
    return local.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@given(instants, st.sampled_from(ZONES), st.sampled_from([0, 1]))
def test_a_literal_never_means_a_later_moment_and_seldom_one_much_earlier(at: datetime, zone: str, fold: int) -> None:
    clock = Clock(ZoneInfo(zone), NOW)
    meant = read_by_jira(clock.literal(at), zone, fold)
    assert meant <= at
    assert at - meant < timedelta(hours=2, minutes=1)
    assert clock.floor(at) <= at
    assert clock.floor(clock.ceiling(at)) >= at


def test_a_literal_is_written_in_the_callers_zone_to_the_minute() -> None:
    clock = Clock.of([{"timeZone": "Asia/Yekaterinburg"}], NOW)
    assert clock.literal(datetime(2026, 3, 4, 7, 10, 59, tzinfo=UTC)) == '"2026-03-04 12:10"'


def test_in_the_hour_that_comes_twice_the_earlier_one_is_meant() -> None:
    clock = Clock(ZoneInfo("Europe/Berlin"), NOW)
    at = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30, for the first time
    assert clock.literal(at) == '"2026-10-25 01:30"'


@pytest.mark.parametrize("myself", [[], [{}], [{"timeZone": "Mars/Olympus"}], [{"timeZone": 7}], ["junk"]])
def test_without_a_known_zone_times_are_said_relative_to_the_servers_clock(myself: list[Any]) -> None:
    clock = Clock.of(myself, NOW)
    assert clock.literal(NOW - timedelta(minutes=9, seconds=30)) == "-11m"
    assert clock.literal(NOW + timedelta(hours=1)) == "-1m"


def test_queries_are_put_together_and_order_is_seen_outside_of_quotes() -> None:
    assert query("a = 1 OR b = 2", ["updated >= -1m"], "updated") == (
        "(a = 1 OR b = 2) AND updated >= -1m ORDER BY updated ASC, key ASC"
    )
    assert quote('a"b\\c') == '"a\\"b\\\\c"'
    assert has_order("project = A Order  By key")
    assert not has_order('summary ~ "order by" AND project = A')


@pytest.mark.parametrize(
    ("jql", "keys"),
    [
        ("(Project = CLAIMS AND labels = X) OR PROJECT IN (LAW)", ["CLAIMS", "LAW"]),
        ("statusCategory != Done AND project in (CLAIMS, 'LAW') OR project=DEV", ["CLAIMS", "LAW", "DEV"]),
        ("project != OLD AND project not in (A1, B2) AND labels = PROJECT", []),
        ('project = "Customer claims" OR project = "ACME CLAIMS" OR project = SUPport', []),
    ],
)
def test_the_projects_that_a_query_is_about_are_seen(jql: str, keys: list[str]) -> None:
    assert projects_of(jql) == keys


# -- walks --------------------------------------------------------------------------------------------------------


def sound(site: Any) -> set[str]:
    return {item["source_id"] for item in site.items(broken=False, visible=True) if "/" not in item["source_id"]}


def ids(steps: Any) -> list[str]:
    return [
        str(record["id"]) for step in steps for record in step.records if isinstance(record, dict) and "id" in record
    ]


@pytest.mark.parametrize("vendor", ["jira", "jira-dc"])
@pytest.mark.parametrize("churn", [0.0, 1.0])
def test_a_walk_misses_nothing_even_while_rows_move(tools: Any, vendor: str, churn: float) -> None:
    with tools.serving(vendor, items=80, churn=churn, odd=0.2) as site:
        site.change("index_delay", seconds=0)
        before = sound(site)
        read = ids(site.read(site.connector(page_size=7)))
    assert before <= set(read)
    if not churn:
        assert Counter(read).most_common(1)[0][1] == 1, "what came twice is given once"


@pytest.mark.parametrize("vendor", ["jira", "jira-dc"])
def test_a_hundred_issues_changed_in_one_minute_are_read_by_token_or_count(tools: Any, vendor: str) -> None:
    with tools.serving(vendor, items=100) as site:
        site.change("index_delay", seconds=0)
        site.change("bulk_touch", count=100)
        steps = site.read(site.connector(page_size=9))
        assert sound(site) <= set(ids(steps))
    bodies = [step.request.json or step.request.params for step in steps if not step.is_detail]
    assert any("nextPageToken" in body or body.get("startAt") for body in bodies)


def test_a_walk_begins_anew_where_it_stood_when_its_token_is_no_longer_taken(cloud: Any) -> None:
    with_tokens = []
    original = cloud.send

    def forgetting(connector: Any, request: Request, **headers: str) -> Any:
        if request.json and "nextPageToken" in request.json and not with_tokens:
            with_tokens.append(request)
            cloud.change("forget_tokens")
        return original(connector, request, **headers)

    cloud.send = forgetting
    cloud.change("index_delay", seconds=0)
    cloud.change("bulk_touch", count=12)
    assert sound(cloud) <= set(ids(cloud.read(cloud.connector(page_size=3))))
    assert with_tokens


def test_the_id_sweep_lists_every_issue_and_nothing_else(site: Any) -> None:
    steps = site.read(site.connector(page_size=5), mode="sweep", name="deleted", since=datetime(2026, 1, 1, tzinfo=UTC))
    assert sorted(ids(steps)) == sorted(sound(site))
    assert not any(step.is_detail for step in steps)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_what_changed_a_moment_ago_is_found_whatever_the_profiles_zone(site: Any, tools: Any, zone: str) -> None:
    site.change("index_delay", seconds=0)
    site.change("zone", zone=zone)
    connector = site.connector()
    cursor = site.read(connector)[-1].cursor
    source = next(iter(sorted(sound(site))))
    site.change("comment", id=source, text="новость")
    assert source in ids(site.read(connector, cursor=cursor))


def test_what_the_index_shows_late_is_found_by_the_overlap(site: Any) -> None:
    connector = site.connector()
    cursor = site.read(connector)[-1].cursor
    site.change("index_delay", seconds=240)
    late = site.change("add", text="поздно видно")["source_id"]
    site.change("index_delay", seconds=0)
    seen = site.change("add", text="видно сразу")["source_id"]
    steps = site.read(connector, cursor=cursor)
    assert seen in ids(steps)
    assert late not in ids(steps)
    site.box.advance(241)
    assert late in ids(site.read(connector, cursor=steps[-1].cursor))


def test_a_backfill_reads_its_window_by_creation(site: Any, tools: Any) -> None:
    now = datetime.now(UTC)
    since, until = now - timedelta(days=20), now - timedelta(days=10)
    found = set(ids(site.read(site.connector(page_size=4), mode="backfill", since=since, until=until)))
    inside = {
        item["source_id"]
        for item in site.items()
        if "/" not in item["source_id"] and since <= datetime.fromisoformat(item["published_at"]) < until
    }
    assert inside <= found
    assert len(found) < len(sound(site))


def test_comments_and_changes_that_come_cut_are_read_apart(tools: Any) -> None:
    for vendor in ("jira", "jira-dc"):
        with tools.serving(vendor, items=60, odd=0.1) as site:
            connector = site.connector()
            steps = site.read(connector)
            read = {
                message.source_id
                for step in steps
                for record in step.records
                for draft in drafts_or_none(connector, record, step.read)
                for message in draft.messages
            }
            items = [
                item for item in site.items() if item["visible"] and not item["broken"] and "/" in item["source_id"]
            ]
            assert len(items) > 60
            assert {item["source_id"] for item in items} <= read


def drafts_or_none(connector: Any, record: Any, read: Any) -> list[Any]:
    try:
        return [draft for draft in connector.normalize(record, read) if hasattr(draft, "messages")]
    except Exception:
        return []
