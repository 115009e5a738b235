"""Reading back from a real RT."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from hub.sdk import AuthError, FollowUp, Read
from hub_rt import assumed, reading
from tests.e2e_rt.instance import client, running
from tests.e2e_rt.site import Site, message

FRESH = timedelta(minutes=10)


def _since(**fields: Any) -> dict[str, Any]:
    return {"since": datetime.now(UTC) - FRESH, **fields}


def test_what_operators_do_comes_back(site: Site) -> None:
    connector = site.connector(
        map={"queue": {"claims": "claims", "praise": "Praise"}}, categories={"consultation": "Вопрос"}
    )
    ident, delivery = site.made(connector)
    site.drive(connector, site.later(ident, effect="comment", messages=(message(2, "Ау?"),)))
    with site.rt.person("olga") as olga:
        fields = {"Hub Tags": ["возврат"], "Hub Category": "Вопрос", "Answer Rating": "4.5"}
        olga.put(f"/ticket/{ident}", json={"Owner": "olga", "Priority": 88, "CustomFields": fields})
        html = {"Content": "<p>Анна, <b>деньги</b> вернули &amp; спасибо</p>", "ContentType": "text/html"}
        olga.post(f"/ticket/{ident}/correspond", json=html)
        attached = [{"FileName": "check.txt", "FileType": "text/plain", "FileContent": "YWJj"}]
        plain = {"Content": "проверено", "ContentType": "text/plain", "Attachments": attached}
        olga.post(f"/ticket/{ident}/comment", json=plain)
        olga.put(f"/ticket/{ident}", json={"Status": "resolved"})
    row, *said = site.follow_ups(connector, ident, **_since())
    assert row == FollowUp(
        external_id=ident,
        marker=delivery.marker,
        state="solved",
        status="resolved",
        department="Claims",
        assignee="olga",
        queue="claims",
        priority="urgent",
        category="consultation",
        tags=("возврат",),
        rating=4.5,
        url=f"{site.rt.url}/Ticket/Display.html?id={ident}",
    )
    told = [(one.direction, one.body, one.author.name if one.author else None) for [one] in (m.messages for m in said)]
    assert told[1:] == [
        ("out", "Анна, деньги вернули & спасибо", "Ольга Смирнова"),
        ("note", "проверено", "Ольга Смирнова"),
    ]
    [ours] = said[0].messages
    assert ours.echo_of is not None
    assert all(one.messages[0].source_id.startswith("txn-") for one in said)


def test_what_a_requestor_writes_is_the_customers(site: Site) -> None:
    connector = site.connector()
    ident, _ = site.made(connector)
    with site.rt.person("root") as root:
        root.put(f"/ticket/{ident}", json={"Requestor": ["anna@example.com"]})
    with site.rt.person("anna") as anna:
        sent = anna.post(f"/ticket/{ident}/correspond", json={"Content": "Это я", "ContentType": "text/plain"})
        assert sent.status_code == 201
    said = [m for one in site.follow_ups(connector, ident, **_since()) for m in one.messages]
    assert [(one.direction, one.body) for one in said] == [("in", "Это я")]


@pytest.mark.parametrize("user", ["hub", "tokyo"])
def test_a_poll_reads_what_is_new_whatever_the_accounts_time_zone(site: Site, user: str) -> None:
    """The account ``hub`` has the site's zone, Europe/Berlin; ``tokyo`` has its own, nine hours ahead of UTC."""
    connector = site.connector(user=user, token=SecretStr(f"{user}-password"))
    ident, _ = site.made(site.connector())
    changed = datetime.fromisoformat(site.ticket(ident)["LastUpdated"].replace("Z", "+00:00"))
    assert [one.external_id for one in site.follow_ups(connector, ident, since=changed)] == [ident]
    assert site.follow_ups(connector, ident, since=changed + timedelta(seconds=1)) == []


def test_ticketsql_reads_times_in_the_accounts_zone(site: Site) -> None:
    """The finding that the search bound rests on: if a release changes it, this tells."""
    ident, _ = site.made(site.connector())
    changed = datetime.fromisoformat(site.ticket(ident)["LastUpdated"].replace("Z", "+00:00"))
    for user, zone in (("hub", (1, 2)), ("tokyo", (9,))):
        with site.rt.person(user) as person:
            seen = [
                hours
                for hours in (-12, 0, 1, 2, 3, 8, 9, 10, 14)
                if _shows(person, ident, changed + timedelta(hours=hours))
            ]
        assert max(seen) in zone, f"{user}: {seen}"


def _shows(person: httpx.Client, ident: str, at: datetime) -> bool:
    """Return whether a search from *at* on, written in UTC, shows a ticket; a zone in the literal does not count."""
    forms = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S UTC")
    queries = [{"query": f"id = {ident} AND LastUpdated >= '{at:{form}}'"} for form in forms]
    plain, with_zone = (person.get("/tickets", params=query).json()["count"] for query in queries)
    assert plain == with_zone
    return bool(plain)


def test_a_poll_in_small_pages_gives_each_ticket_once_and_moves_the_cursor_at_the_end(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assumed, "COMMIT", timedelta())
    begun = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=1)
    ids = {site.made(site.connector())[0] for _ in range(5)}
    connector = site.connector(page_size=2)
    steps = site.poll(connector, since=begun)
    rows = [record for step in steps for record in step.records if "Status" in record]
    assert sorted(row["id"] for row in rows) == sorted({row["id"] for row in rows} | ids)
    *before, last = (step.cursor["updated"] for step in steps if step.cursor and not step.is_detail)
    assert len(before) >= 2 and set(before) == {begun.isoformat()}
    assert last == max(row["LastUpdated"] for row in rows).replace("Z", "+00:00")


def test_tickets_of_others_are_not_read(site: Site) -> None:
    with site.rt.person("olga") as olga:
        other = olga.post("/ticket", json={"Queue": "Claims", "Subject": "own"}).json()["id"]
    assert site.follow_ups(site.connector(), other, **_since()) == []


def test_a_merged_ticket_names_the_one_it_went_into(site: Site) -> None:
    connector = site.connector()
    gone, _ = site.made(connector)
    kept, _ = site.made(connector)
    with site.rt.person("root") as root:
        root.put(f"/ticket/{gone}", json={"MergeInto": kept})
    merged = [one for one in site.follow_ups(connector, gone, **_since()) if not one.messages]
    assert [one.merged_into for one in merged] == [kept]
    assert [one.merged_into for one in site.sweep(connector, [gone]) if not one.messages] == [kept]


def test_the_sweep_sees_what_a_search_hides(site: Site) -> None:
    connector = site.connector()
    deleted, unmarked, hidden = (site.made(connector)[0] for _ in range(3))
    with site.rt.person("root") as root:
        root.delete(f"/ticket/{deleted}")
        root.put(f"/ticket/{unmarked}", json={"CustomFields": {"Hub ID": ""}, "Status": "rejected"})
        root.put(f"/ticket/{hidden}", json={"Queue": "Secret"})
    assert site.follow_ups(connector, deleted, unmarked, hidden, **_since()) == []
    cases = (deleted, unmarked, hidden, "999999")
    found = {one.external_id: one.state for one in site.sweep(connector, cases)}
    assert found == {deleted: "hidden", unmarked: "closed", "999999": "hidden"}
    read = {"mode": "sweep", "name": "cases", "cases": cases, "since": datetime.now(UTC) - FRESH}
    warned = [text for step in site.poll(connector, **read) for text in step.page.warnings]
    assert len(warned) == 1 and f"ticket {hidden} can no longer be seen" in warned[0]


def test_a_long_conversation_is_read_whole(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "AT_ONCE", 5)
    connector = site.connector()
    ident, _ = site.made(connector)
    with site.rt.person("olga") as olga:
        for number in range(12):
            sent = olga.post(f"/ticket/{ident}/comment", json={"Content": f"№ {number}", "ContentType": "text/plain"})
            assert sent.status_code == 201
    bodies = [m.body for one in site.follow_ups(connector, ident, **_since()) for m in one.messages]
    assert bodies == [f"№ {number}" for number in range(12)]


def test_a_bad_token_pauses_the_instance(site: Site) -> None:
    connector = site.connector(token=SecretStr("1-2-0123456789abcdef"))
    first = connector.request(Read("tickets", "poll", datetime.now(UTC)))
    assert first is not None
    assert isinstance(connector.classify(site.send(connector, first)), AuthError)


def test_a_site_that_checks_rights_row_by_row_is_read_to_its_end() -> None:
    with running(acl_in_sql=False) as rt, client() as http:
        site = Site(rt, http)
        ids = {site.made(site.connector())[0] for _ in range(5)}
        assert {one.external_id for one in site.follow_ups(site.connector(page_size=2), **_since())} == ids
        answers = [r.json() for q, r in site.log if q.path.endswith("/tickets")]
        assert {answer["total"] for answer in answers} == {None}
        assert any("does not count" in one.seen for one in _check(site, site.connector()))


def _check(site: Site, connector: Any) -> tuple[Any, ...]:
    steps = connector.check()
    try:
        request = next(steps)
        while True:
            request = steps.send(site.send(connector, request))
    except StopIteration as end:
        found: tuple[Any, ...] = end.value
        return found


def test_check_finds_nothing_where_all_is_well(site: Site) -> None:
    site.made(site.connector())
    assert _check(site, site.connector()) == ()


def test_check_names_what_is_lacking(site: Site) -> None:
    seen = [one.seen for one in _check(site, site.connector(queue="Praise"))]
    lacking = "Hub Ticket, Hub Platform, Hub Link, Hub Stars, Hub Tags, Hub Category, Answer Rating"
    assert seen == [f"queue Praise has no custom fields {lacking} for tickets"]
    assert "no queue Secret" in _check(site, site.connector(queue="Secret"))[0].seen
    assert "no queue is named" in _check(site, site.connector(queue=None))[0].seen
    site.made(site.connector())
    weak = site.connector(user="weak", token=SecretStr("weak-password"))
    assert "lacks CommentOnTicket, ModifyTicket" in _check(site, weak)[0].seen
