"""Escalations are followed wherever they are, whatever `jql` looks at."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sdk import FollowUp, Listed


def escalated(site: Any, tools: Any, count: int = 1, **settings: Any) -> tuple[Any, list[str]]:
    """Return a connector that reads one project and escalates to another, and its cases."""
    connector = site.connector(jql="project = CLAIMS", project="DEV", **settings)
    made = [site.drive(connector, site.delivery(connector, marker=f"{tools.marker[:-2]}{n:02}")) for n in range(count)]
    site.box.advance(60)
    return connector, [facts[0].external_id for facts in made]


def followed(site: Any, connector: Any, ids: list[str], **read: Any) -> list[str]:
    """Return the cases among *ids* of which a read gave the issue."""
    steps = site.read(connector, cases=ids, **read)
    records = [record for step in steps for record in step.page.records]
    return [record["id"] for record in records if record.get("id") in ids]


def test_a_case_outside_of_jql_is_read_with_its_state_and_comments(site: Any, tools: Any) -> None:
    connector, (case,) = escalated(site, tools)
    site.change("transition", id=case, status="3")
    site.change("comment", id=case, text="Разбираемся")
    site.box.advance(60)
    steps = site.read(connector, cases=[case])
    records = [record for step in steps for record in step.page.records if record.get("id") == case]
    (draft,) = [one for one in site.normalized(connector, records) if isinstance(one, FollowUp)]
    assert (draft.external_id, draft.state) == (case, "open")
    assert "Разбираемся" in [message.body for message in draft.messages]
    assert followed(site, connector, []) == []


def test_a_poll_gives_what_is_new_in_them_and_a_sweep_gives_all(site: Any, tools: Any) -> None:
    connector, cases = escalated(site, tools, 2)
    later = datetime.now(UTC) + timedelta(days=2)
    poll: dict[str, Any] = {"cursor": {"updated": (later - timedelta(hours=1)).isoformat()}, "now": later}
    assert followed(site, connector, cases, **poll) == []
    site.box.advance(2 * 24 * 60 * 60)
    site.change("comment", id=cases[1], text="Новое")
    site.box.advance(60)
    assert followed(site, connector, cases, **poll) == [cases[1]]
    sweep = {"mode": "sweep", "name": "late", "since": later - timedelta(hours=3), "now": later}
    assert sorted(followed(site, connector, cases, **sweep)) == sorted(cases)


def test_the_inventory_lists_them_however_old_and_one_that_is_gone_stops_nothing(site: Any, tools: Any) -> None:
    connector, cases = escalated(site, tools, 3)
    site.change("delete", id=cases[0])
    site.box.advance(60)
    now = datetime.now(UTC)
    steps = site.read(connector, cases=cases, mode="sweep", name="deleted", since=now - timedelta(minutes=1))
    records = [record for step in steps for record in step.page.records]
    listed = {one.thread for one in site.normalized(connector, records, name="deleted") if isinstance(one, Listed)}
    assert listed & set(cases) == set(cases[1:])


@pytest.mark.parametrize(("jql", "asked"), [("project = CLAIMS", 3), (None, 0)])
def test_a_hundred_are_asked_for_at_once_and_none_where_all_is_read_anyway(
    site: Any, jql: str | None, asked: int
) -> None:
    connector = site.connector(jql=jql)
    ids = ["junk", *(str(number) for number in range(900_000, 900_249))]
    site.read(connector, cases=ids)
    by_id = [
        request for request, _ in site.log
        if request.path.endswith("/bulkfetch") or "id in (" in str(request.params.get("jql"))
    ]  # fmt: skip
    assert len(by_id) == asked
