"""What comes back: from the sandbox over real HTTP, and from receivers that say less, or more than is known."""

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.sdk import DestinationMap, FollowUp, Page, Read, RecordError, Response, SourceError
from hub_webhook.changes import follow_up

from .conftest import MARKER, NOW, Desk, case_link, delivery, message

GROUPS = DestinationMap[str](queue={"claims": "Second line", "cards": "Shared", "law": "Shared"})


def told(**fields: Any) -> FollowUp:
    return follow_up({"id": "1", **fields}, GROUPS)


def test_what_people_there_set_and_say_comes_back(desk: Desk) -> None:
    desk.deliver(delivery())
    desk.change(
        "set", id="1001", state="pending", assignee="Анна", tags=["vip", MARKER], category="complaint", rating=4
    )
    desk.change("say", id="1001", text="Деньги вернули")
    desk.change("say", id="1001", text="Проверил списание", direction="note", author="Олег")
    case = desk.case()
    assert (case.external_id, case.state, case.assignee, case.category) == ("1001", "pending", "Анна", "complaint")
    assert (case.department, case.queue, case.tags, case.rating) == ("Second line", "claims", ("vip",), 4.0)
    assert [(one.source_id, one.direction, one.body) for one in case.messages] == [
        ("1001/1", "out", "Деньги вернули"),
        ("1001/2", "note", "Проверил списание"),
    ]
    assert case.url == "https://desk.example/cases/1001"


def test_our_own_messages_are_known_when_they_come_back(desk: Desk) -> None:
    desk.deliver(delivery())
    marker = f"hub-{'2' * 24}"
    desk.deliver(delivery(effect="comment", link=case_link("1001"), messages=(message("Ну?", 2),), marker=marker))
    assert [one.echo_of for one in desk.case().messages] == [marker]


def test_pages_follow_each_other_and_a_cursor_goes_on_where_it_stands(desk: Desk) -> None:
    for _ in range(5):
        desk.change("add")
    everything, cursor = desk.changes(page_size=2)
    assert len(everything) == 5
    assert desk.changes(cursor) == ([], cursor)
    desk.change("set", id="1003", state="closed")
    [news], later = desk.changes(cursor)
    assert isinstance(news, FollowUp)
    assert (news.external_id, news.state) == ("1003", "closed")
    assert later != cursor


def test_a_bare_receiver_names_cases_as_the_hub_does(desk: Desk) -> None:
    desk.change("settings", bare=True)
    [made] = desk.deliver(delivery())
    assert desk.case().external_id == getattr(made, "external_id", None)


def test_values_that_are_not_known_are_passed_over() -> None:
    case = told(
        state="paused", priority="P1", category=7, tags="vip", rating="good", assignee={}, queue=[], group=3,
        url="javascript:alert(1)", messages="none", merged_into=True, tomorrow={"a": 1},
    )  # fmt: skip
    shown = case.model_dump(exclude_defaults=True)
    assert shown == {"external_id": "1", "status": "paused"}


@pytest.mark.parametrize("rating", [True, -1, 6, float("nan"), float("inf"), None])
def test_a_rating_outside_of_five_stars_is_none(rating: Any) -> None:
    assert told(rating=rating).rating is None


def test_a_group_that_stands_for_two_queues_names_none() -> None:
    assert (told(group="Shared").queue, told(group="Second line").queue) == (None, "claims")
    assert told(group="Second line", queue="law").queue == "law"


def test_the_receiver_s_own_word_is_shown_beside_the_hub_s() -> None:
    assert (told(state="open", status="in work").state, told(state="open", status="in work").status) == (
        "open",
        "in work",
    )
    assert told(state="open").status == "open"


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-11-20T15:00:00+03:00", NOW),
        ("2026-11-20T12:00:00Z", NOW),
        (1795176000, datetime.fromtimestamp(1795176000, UTC)),
    ],
)
def test_moments_are_read_in_both_ways(given: Any, meant: datetime) -> None:
    assert told(messages=[{"id": 1, "created_at": given}]).messages[0].created_at == meant


@pytest.mark.parametrize("at", ["2026-11-20T12:00:00", "yesterday", None, True, float("nan"), 1e300, {}])
def test_a_message_without_a_moment_is_refused_by_name(at: Any) -> None:
    with pytest.raises(RecordError, match="case 1, message 5: `created_at`"):
        told(messages=[{"id": 5, "created_at": at}])


def test_what_is_not_said_to_be_public_stays_internal() -> None:
    said = [{"id": n, "created_at": 0, **more} for n, more in enumerate(({}, {"direction": "chat"}, {"direction": []}))]
    assert {one.direction for one in told(messages=said).messages} == {"note"}


def first_page(desk: Desk, body: bytes) -> Page:
    connector, asked = desk.connector(), Read("changes", "poll", NOW)
    request = connector.request(asked)
    assert request is not None
    return connector.parse(Response(200, {}, body, request), asked)


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"changes": {}}', b'"none"'])
def test_a_list_that_is_none_says_what_is_expected(desk: Desk, body: bytes) -> None:
    with pytest.raises(SourceError, match="the list of changes must be"):
        first_page(desk, body)


def test_a_list_without_a_cursor_is_read_and_told_of(desk: Desk) -> None:
    page = first_page(desk, b'{"changes": [{"id": 1}], "more": true}')
    assert (len(page.records), page.cursor, page.next_request) == (1, None, None)
    assert "no `cursor`" in page.warnings[0]


def test_junk_among_the_changes_is_refused_alone(desk: Desk) -> None:
    desk.deliver(delivery())
    desk.box.next_faults(["malformed"], "webhook")
    with pytest.raises(RecordError, match="a change must be an object"):
        desk.changes()
    assert desk.case().external_id == "1001"
