"""Odd issues become tickets all the same: only an id and a date are needed."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sdk import Change, FollowUp, Listed, MessageDraft, Read, RecordError, TicketDraft
from hub_jira.config import JiraConfig
from hub_jira.connector import FIELDS, Jira

READ = Read(
    "issues",
    "poll",
    datetime(2026, 10, 20, tzinfo=UTC),
    reference={
        "myself": [{"accountId": "me"}],
        "server": [{"deploymentType": "Cloud"}],
        "statuses": [{"id": "3", "statusCategory": {"key": "indeterminate"}}],
        "priorities": [{"id": "9"}, {"id": "8"}],
    },
)
AT = "2026-03-04T10:11:12.345+0300"
MARKER = "hub-0123456789abcdef01234567"
ANNA = {"accountId": "anna", "displayName": "Anna"}
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def jira(**settings: Any) -> Jira:
    given = {"connector": "jira", "token": "kept-secret", "base_url": "https://acme.atlassian.net", **settings}
    return Jira(JiraConfig.model_validate(given))


def issue(**fields: Any) -> dict[str, Any]:
    return {"id": "10042", "key": "SUP-17", "fields": {"created": AT, "updated": AT, "summary": "S", **fields}}


def follow_up(record: Any, **settings: Any) -> FollowUp:
    found = jira(**settings).normalize(record, READ)[0]
    assert isinstance(found, FollowUp)
    return found


def ticket(record: Any, **settings: Any) -> TicketDraft:
    found = follow_up(record, **settings).otherwise
    assert found is not None
    return found


def comment(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": str(number), "author": ANNA, "created": AT, "body": "said", **fields}


def said(comment_fields: dict[str, Any], **fields: Any) -> MessageDraft:
    listing = {"comments": [comment(**comment_fields)], "total": 1}
    return ticket(issue(comment=listing, **fields)).messages[1]


SERVICE = {"key": "SUP", "projectTypeKey": "service_desk"}


def test_the_thread_is_the_id_and_the_key_is_shown() -> None:
    found = ticket(issue())
    assert (found.thread, found.extra["key"]) == ("10042", "SUP-17")
    assert found.url == "https://acme.atlassian.net/browse/SUP-17"
    moved = ticket({**issue(), "key": "OPS-3"})
    assert (moved.thread, moved.url) == ("10042", "https://acme.atlassian.net/browse/OPS-3")


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), junk), junk)
def test_no_unknown_shape_of_a_field_spoils_an_issue(fields: dict[str, Any], changelog: Any) -> None:
    record = {**issue(), "changelog": changelog}
    record["fields"] |= fields | {"created": AT}
    assert ticket(record).messages[0].created_at == datetime(2026, 3, 4, 7, 11, 12, 345000, tzinfo=UTC)


@pytest.mark.parametrize(
    "record",
    [
        None,
        "x",
        [],
        {},
        {"id": "1"},
        {"id": None, "fields": {"created": AT}},
        issue(created="31.02.2026", updated=None),
    ],
)
def test_without_an_id_or_any_date_it_is_set_aside(record: Any) -> None:
    with pytest.raises(RecordError):
        jira().normalize(record, READ)


def test_an_unusable_date_of_creation_is_replaced_by_the_other() -> None:
    assert ticket(issue(created="never")).messages[0].created_at.hour == 7


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"statusCategory": {"key": "new"}}, "new"),
        ({"statusCategory": {"key": "undefined"}}, "new"),
        ({"statusCategory": {"key": "indeterminate"}}, "open"),
        ({"statusCategory": {"key": "done"}, "name": "已完成"}, "solved"),
        ({"id": "3", "name": "?"}, "open"),
        ({"statusCategory": {"key": "of-tomorrow"}}, None),
        ({"name": "Ждём клиента", "statusCategory": {"key": "indeterminate"}}, "pending"),
        ({"id": "77", "statusCategory": {"key": "done"}}, "closed"),
        (None, None),
    ],
)
def test_the_state_comes_from_the_category_unless_the_settings_say_more(status: Any, state: str | None) -> None:
    states = {"Ждём клиента": "pending", "77": "closed"}
    assert ticket(issue(status=status), states=states).state == state


@pytest.mark.parametrize(
    ("priority", "level"),
    [
        ({"name": "Highest", "id": "1"}, "urgent"),
        ({"name": "critical", "id": "1"}, "urgent"),
        ({"name": "Средний", "id": "9"}, "urgent"),
        ({"name": "Unlisted", "id": "77"}, None),
        (None, None),
    ],
)
def test_a_priority_is_told_by_name_and_in_our_words(priority: Any, level: str | None) -> None:
    extra = ticket(issue(priority=priority)).extra
    assert extra.get("priority") == (priority or {}).get("name")
    assert extra.get("priority_level") == level


@pytest.mark.parametrize(
    ("fields", "project", "direction"),
    [
        ({"jsdPublic": True}, {"key": "DEV", "projectTypeKey": "software"}, "note"),
        ({"jsdPublic": True}, SERVICE, "out"),
        ({}, SERVICE, "out"),
        ({"jsdPublic": False}, SERVICE, "note"),
        ({"visibility": {"type": "role", "value": "Staff"}}, SERVICE, "note"),
        ({"author": {"accountId": "c", "accountType": "customer"}}, SERVICE, "in"),
        ({"author": {"accountId": "reporter"}}, SERVICE, "in"),
    ],
)
def test_who_sees_a_comment_decides_its_direction(fields: Any, project: Any, direction: str) -> None:
    assert said(fields, project=project, reporter={"accountId": "reporter"}).direction == direction


def test_in_a_case_of_our_own_everything_is_a_note() -> None:
    record = issue(project=SERVICE, labels=[MARKER], comment={"comments": [comment()], "total": 1})
    found = follow_up(record)
    assert found.marker == MARKER
    assert [message.direction for message in found.messages] == ["note"]


def test_the_echo_of_our_own_comment_is_marked_only_when_we_wrote_it() -> None:
    body = f"news\n[{MARKER}]"
    assert said({"author": {"accountId": "me"}, "body": body}).echo_of == MARKER
    assert said({"body": body}).echo_of is None, "a person may quote it"
    assert said({"author": {"accountId": "me"}}).echo_of is None, "a person may use the same account"


def test_comments_that_are_cut_are_left_to_be_read_apart() -> None:
    assert len(ticket(issue(comment={"comments": [comment()], "total": 25})).messages) == 1


def test_changes_of_state_are_notes_and_other_changes_are_not() -> None:
    items = [
        {"field": "status", "fieldId": "status", "fromString": "Open", "toString": "Done"},
        {"field": "description", "fieldId": "description", "fromString": "a", "toString": "b"},
        {"field": "assignee", "fieldId": "assignee", "fromString": None, "toString": "Anna"},
    ]
    histories = [
        {"id": 5, "author": ANNA, "created": 1772608272345, "items": items},
        {"id": 6, "author": ANNA, "created": AT, "items": items[1:2]},
    ]
    record = {**issue(), "changelog": {"histories": histories, "total": 2}}
    (note,) = ticket(record).messages[1:]
    assert note.source_id == "10042/change/5"
    assert note.body == "status: Open → Done\nassignee: — → Anna"
    assert note.created_at == datetime.fromtimestamp(1772608272.345, UTC)


def test_a_comment_that_the_changelog_says_is_deleted_is_hidden() -> None:
    item = {"field": "Comment", "from": "10100", "fromString": "…", "to": None, "toString": None}
    record = {**issue(), "changelog": {"histories": [{"id": "5", "created": AT, "items": [item]}]}}
    assert jira().normalize(record, READ)[1:] == [Change(source_id="10042/comment/10100", hidden=True)]


def test_files_are_links_by_kind() -> None:
    files = [
        {"filename": "a.png", "mimeType": "image/png", "content": "https://a.example/1"},
        {"filename": "b.pdf", "mimeType": "application/pdf", "content": "https://a.example/2"},
        {"filename": "no link"},
        "junk",
    ]
    found = ticket(issue(attachment=files)).messages[0].attachments
    assert [(one.kind, one.name) for one in found] == [("image", "a.png"), ("file", "b.pdf")]


def test_people_are_known_by_account_on_cloud_and_by_key_on_data_center() -> None:
    cloud = ticket(issue(reporter={"accountId": "x", "displayName": "X", "name": "n"})).messages[0].author
    server = ticket(issue(reporter={"key": "JIRAUSER1", "name": "ivanov", "displayName": "Иванов"})).messages[0].author
    nobody = ticket(issue(reporter=None, creator=None)).messages[0].author
    assert cloud is not None
    assert server is not None
    assert (cloud.key, server.key, server.handle, nobody) == ("x", "JIRAUSER1", "ivanov", None)


def test_the_list_of_ids_says_what_is_still_there() -> None:
    sweep = Read("issues", "sweep", READ.now, name="deleted", reference=READ.reference)
    assert jira().normalize({"id": 10042}, sweep) == [Listed(thread="10042")]
