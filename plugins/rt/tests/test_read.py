"""What RT's answers say of a case, and which settings are refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from hub.sdk import AuthError, FollowUp, Outgoing, Read, RecordError, Request, SourceError
from hub_rt.words import Words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
POLL = Read("tickets", "poll", NOW)


def _read(tools: Any, row: dict[str, Any], **settings: Any) -> FollowUp:
    found = tools.connector(**settings).normalize(row, POLL)
    assert isinstance(found, FollowUp)
    return found


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("new", "new"),
        ("open", "open"),
        ("stalled", "pending"),
        ("resolved", "solved"),
        ("rejected", "closed"),
        ("waiting", "on_hold"),
        ("parked", "pending"),
        ("unheard-of", "open"),
    ],
)
def test_a_status_is_read_by_settings_then_by_the_default_life_cycle(tools: Any, status: str, state: str) -> None:
    settings = {"states": {"waiting": "on_hold"}, "statuses": {"pending": "parked"}}
    found = _read(tools, tools.row(Status=status), **settings)
    assert (found.state, found.status) == (state, status)


def test_an_unknown_status_with_a_time_of_resolution_is_done(tools: Any) -> None:
    assert _read(tools, tools.row(Status="shipped", Resolved="2026-11-20T10:00:00Z")).state == "solved"


@pytest.mark.parametrize(
    ("number", "level"),
    [("0", "low"), ("20", "low"), ("50", "normal"), ("69", "high"), ("100", "urgent"), ("", None), ("High", None)],
)
def test_a_priority_is_the_nearest_number(tools: Any, number: str, level: str | None) -> None:
    assert _read(tools, tools.row(Priority=number)).priority == level


def test_a_number_that_two_levels_share_says_nothing(tools: Any) -> None:
    settings = {"priorities": {"urgent": 100, "high": 100, "normal": 50, "low": 0}}
    assert _read(tools, tools.row(Priority="100"), **settings).priority is None
    assert _read(tools, tools.row(Priority="0"), **settings).priority == "low"


def test_custom_fields_are_read_where_settings_name_them(tools: Any) -> None:
    custom = {"Hub ID": [tools.marker], "Tags": ["b", "a", tools.marker], "Kind": ["Вопрос"], "Stars": ["4,5"]}
    settings = {
        "fields": {"tags": "tags", "category": "Kind", "rating": "Stars"},
        "categories": {"consultation": "вопрос"},
    }
    found = _read(tools, tools.row(custom=custom), **settings)
    assert (found.tags, found.category, found.rating) == (("a", "b"), "consultation", 4.5)
    bare = _read(tools, tools.row(custom=custom))
    assert (bare.tags, bare.category, bare.rating, bare.marker) == (None, None, None, tools.marker)


@pytest.mark.parametrize("value", ["9", "-1", "gut", "nan", ""])
def test_a_rating_that_is_none_is_left_out(tools: Any, value: str) -> None:
    row = tools.row(custom={"Stars": [value]})
    assert _read(tools, row, fields={"rating": "Stars"}).rating is None


def test_a_queue_that_two_of_ours_share_names_neither(tools: Any) -> None:
    one = {"map": {"queue": {"claims": {"queue": "claims"}, "praise": "Praise"}}}
    assert _read(tools, tools.row(), **one).queue == "claims"
    assert _read(tools, tools.row(), map={"queue": {"claims": "3", "vip": "Claims"}}).queue is None


def test_a_merged_ticket_says_nothing_but_where_it_went(tools: Any) -> None:
    found = _read(tools, tools.row(EffectiveId="21", Status="resolved"))
    assert (found.merged_into, found.state, found.marker) == ("21", None, tools.marker)


def test_nobody_is_no_assignee(tools: Any) -> None:
    assert _read(tools, tools.row()).assignee is None
    assert _read(tools, tools.row(Owner={"id": "olga", "Name": "olga"})).assignee == "olga"


@pytest.mark.parametrize(
    ("kind", "creator", "direction"),
    [("Correspond", "anna@example.com", "in"), ("Correspond", "olga", "out"), ("Comment", "anna@example.com", "note")],
)
def test_who_said_it_decides_the_direction(tools: Any, kind: str, creator: str, direction: str) -> None:
    said = {"id": "107", "Type": kind, "Created": "2026-11-20T10:00:00Z", "Creator": {"id": creator}, "ObjectId": "20"}
    record = {"transaction": said, "requestors": ["anna@example.com"], "body": "Да &amp; нет", "html": False}
    [message] = _read(tools, record).messages
    assert (message.direction, message.body, message.source_id) == (direction, "Да &amp; нет", "txn-107")


def test_a_message_without_a_time_is_set_aside(tools: Any) -> None:
    with pytest.raises(RecordError, match="no usable id or time"):
        _read(tools, {"transaction": {"id": "107", "Created": "1970-01-01T00:00:00Z"}})


# --- pages ------------------------------------------------------------------------------------------------------------


def test_the_search_bound_is_safe_in_every_time_zone(tools: Any) -> None:
    """RT takes the literal for a time in the account's zone, 12 hours behind UTC to 14 ahead of it."""
    request = tools.connector().request(Read("tickets", "poll", NOW, cursor={"updated": "2026-11-20T11:02:00+00:00"}))
    assert "LastUpdated > '2026-11-19 22:00:00'" in request.params["query"]
    literal = datetime(2026, 11, 19, 22, tzinfo=UTC)
    assert all(literal - timedelta(hours=zone) <= NOW - timedelta(hours=1) for zone in range(-12, 15))


def test_a_last_page_that_comes_again_ends_the_walk(tools: Any) -> None:
    """RT 6 answers a page past the end with the last one; the answer's own number tells."""
    connector = tools.connector(page_size=1)
    first = connector.request(POLL)
    rows = {"items": [{"type": "ticket", "id": "20", **tools.row(id="20")}], "total": None, "page": 1}
    second = connector.parse(tools.response(first, 200, rows), POLL).next_request
    assert second is not None and second.params["page"] == 2
    last = connector.parse(tools.response(second, 200, rows), POLL)
    assert (last.records, last.next_request, last.cursor) == ([], None, {"updated": "2026-11-20T09:31:00+00:00"})


def test_a_backfill_reads_its_window_alone(tools: Any) -> None:
    read = Read("tickets", "backfill", NOW, since=NOW - timedelta(hours=3), until=NOW - timedelta(hours=2))
    connector = tools.connector()
    times = ("2026-11-20T11:00:00Z", "2026-11-20T09:30:00Z", "2026-11-20T08:59:59Z")
    items = [tools.row(id=str(number), LastUpdated=at) for number, at in enumerate(times)]
    page = connector.parse(tools.response(connector.request(read), 200, {"items": items, "total": 3, "page": 1}), read)
    assert [row["id"] for row in page.records] == ["1"]


def test_without_cases_there_is_nothing_to_sweep(tools: Any) -> None:
    assert tools.connector().request(Read("tickets", "sweep", NOW, name="cases")) is None


def test_many_cases_are_asked_for_in_parts(tools: Any) -> None:
    read = Read("tickets", "sweep", NOW, name="cases", cases=[str(number) for number in range(1, 151)])
    connector = tools.connector()
    first = connector.request(read)
    page = connector.parse(tools.response(first, 200, {"items": [], "total": 0, "page": 1}), read)
    assert [request.path for request in page.details[:2]] == ["/REST/2.0/ticket/1", "/REST/2.0/ticket/2"]
    assert len(page.details) == 100 and page.next_request is not None
    assert "id = 150" in page.next_request.params["query"]


def test_no_redirect_is_followed(tools: Any) -> None:
    """A login page behind a redirect would be taken for an answer."""
    read = Read("tickets", "sweep", NOW, name="cases", cases=("20",))
    connector = tools.connector()
    asked = [connector.request(POLL), connector.request(read), next(connector.check())]
    page = connector.parse(tools.response(asked[1], 200, {"items": [], "total": 0, "page": 1}), read)
    asked += [*page.details, next(connector.deliver(tools.delivery()))]
    assert [request.redirects for request in asked] == [False] * 5


# --- faults, words, settings ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'{"message":"Unauthorized"}', AuthError),
        (200, b"<html><form>Login</form>", AuthError),
        (302, b"Login required", AuthError),
        (403, b'{"message":"Forbidden"}', SourceError),
        (412, b'{"message":"Precondition Failed"}', SourceError),
        (400, b"broken", SourceError),
    ],
)
def test_faults_are_told_apart(tools: Any, status: int, body: bytes, kind: type[Exception]) -> None:
    answer = tools.response(Request("GET", "/REST/2.0/tickets"), status, {})
    answer.content = body
    assert type(tools.connector().classify(answer)) is kind


def test_a_token_and_a_password_go_out_as_rt_takes_them(tools: Any) -> None:
    bare = Outgoing("GET", "https://rt.example.com/", {})
    assert tools.connector().auth().apply(bare, "").headers == {"Authorization": "token 1-2-secret"}
    basic = tools.connector(user="hub", token=SecretStr("pass-word")).auth()
    assert basic.apply(bare, "").headers["Authorization"].startswith("Basic ")


def test_a_long_conversation_is_cut_with_a_note(tools: Any) -> None:
    text = Words(russian=False, link=None).content(tools.ticket("ж" * 200_000), "")
    assert len(text) <= 100_000 and "[cut here; in full behind the link]" in text
    assert text.endswith("Post: https://maps.example.com/1")


def test_notes_and_hidden_messages_are_not_told(tools: Any) -> None:
    said = (
        tools.message(1, "видно"),
        tools.message(2, "заметка", direction="note"),
        tools.message(3, "скрыто", hidden=True),
    )
    text = Words(russian=True, link="https://hub.example.com/{id}").content(tools.ticket(messages=said), "")
    assert "видно" in text and "заметка" not in text and "скрыто" not in text
    assert text.endswith("Заявка: https://hub.example.com/00000000-0000-0000-0000-000000000001")


@pytest.mark.parametrize(
    "settings",
    [
        {"fields": {"id": "Hub'ID"}},
        {"fields": {"id": " "}},
        {"priorities": {"urgent": -1}},
        {"link": "https://hub.example.com/"},
        {"map": {"queue": {"claims": {"que": "Claims"}}}},
    ],
)
def test_settings_that_cannot_work_are_refused(tools: Any, settings: Any) -> None:
    with pytest.raises(ValidationError):
        tools.connector(**settings)
