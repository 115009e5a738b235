"""Real Jira payloads of the wild (names in Chinese, wiki texts of years ago) lose nothing on their way to tickets."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.sdk import FollowUp, Read, TicketDraft
from hub_jira.assumed import instant
from hub_jira.config import JiraConfig
from hub_jira.connector import Jira
from hub_jira.wiki import wiki_to_text

CORPORA = Path(__file__).parents[4] / "shared" / "corpora" / "payloads"
NOW = datetime(2026, 10, 20, tzinfo=UTC)


def rows(name: str) -> Iterator[Any]:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"no payloads at {path}: this trial needs the shared files")
    with gzip.open(path, "rb") as lines:
        for line in lines:
            yield orjson.loads(line)["response_item"]


def read() -> Read:
    reference = {
        "myself": [{"accountId": "u0", "timeZone": "Asia/Shanghai"}],
        "server": [{"deploymentType": "Cloud"}],
        "statuses": list(rows("jira_statuses.jsonl.gz")),
        "priorities": [],
    }
    return Read("issues", "poll", NOW, reference=reference)


def jira() -> Jira:
    settings = {"connector": "jira", "base_url": "https://example.atlassian.net", "token": "t"}
    return Jira(JiraConfig.model_validate(settings))


def letters(text: str) -> set[str]:
    """Return the words of a text of any script: what must survive, whatever the markup around it."""
    return {word for word in "".join(sign if sign.isalnum() else " " for sign in text).split() if len(word) > 2}


MARKUP = {
    "quote",
    "code",
    "color",
    "panel",
    "noformat",
    "link",
    "smart",
    "width",
    "height",
    "thumbnail",
    "accountid",
    "java",
}


def test_issues_become_tickets_with_their_comments_changes_files_and_times() -> None:
    connector, reading = jira(), read()
    seen = comments = changes = files = 0
    for issue in rows("jira_issues.jsonl.gz"):
        found = connector.normalize(issue, reading)[0]
        assert isinstance(found, FollowUp)
        ticket = found.otherwise
        assert isinstance(ticket, TicketDraft)
        fields, said = issue["fields"], ticket.messages[0]
        assert (ticket.thread, ticket.extra["key"]) == (issue["id"], issue["key"])
        assert said.created_at == instant(fields["created"])
        assert letters(ticket.title or "") == letters(fields["summary"])
        assert letters(fields["description"] or "") - MARKUP <= letters(said.body) | letters(ticket.title or "")
        assert (
            ticket.state
            == {"new": "new", "indeterminate": "open", "done": "solved"}[fields["status"]["statusCategory"]["key"]]
        )
        by_id = {message.source_id: message for message in ticket.messages}
        for comment in fields["comment"]["comments"]:
            message = by_id[f"{issue['id']}/comment/{comment['id']}"]
            assert letters(comment["body"]) - MARKUP <= letters(message.body)
            assert message.created_at == instant(comment["created"])
            comments += 1
        changes += sum("/change/" in name for name in by_id)
        files += len(said.attachments)
        assert len(said.attachments) == len(fields.get("attachment") or ())
        seen += 1
    assert (seen, comments > 0, changes > 10) == (33, True, True)


def test_every_entry_of_a_real_changelog_can_be_read() -> None:
    connector, reading = jira(), read()
    case = {"id": "1", "key": "EE-1", "title": None, "service": False, "reporter": ""}
    told = 0
    for history in rows("jira_changelogs.jsonl.gz"):
        for draft in connector.normalize({"issue": case, "history": history}, reading):
            assert isinstance(draft, FollowUp)
            (note,) = draft.messages
            moves = [item for item in history["items"] if item["field"] == "status"]
            assert all(item["toString"] in note.body for item in moves)
            assert note.created_at == instant(history["created"])
            told += 1
    assert told > 10


def test_states_come_from_the_category_whatever_the_language_of_the_name() -> None:
    connector, reading = jira(), read()
    seen = set()
    for status in rows("jira_statuses.jsonl.gz"):
        bare = {key: value for key, value in status.items() if key != "statusCategory"}
        states = set()
        for shape in (status, bare):
            fields = {"created": "2020-06-17T13:04:03.848+0800", "status": shape}
            found = connector.normalize({"id": "1", "key": "A-1", "fields": fields}, reading)[0]
            assert isinstance(found, FollowUp)
            states.add(found.state)
        assert len(states) == 1, "the reference knows the category where the issue does not tell it"
        seen |= states
    assert seen == {"new", "open", "solved"}


def test_real_descriptions_in_markup_keep_their_words() -> None:
    seen = 0
    for history in rows("jira_changelogs.jsonl.gz"):
        for item in history["items"]:
            for text in (item.get("fromString"), item.get("toString")):
                if item["field"] == "description" and text:
                    assert letters(text) - MARKUP <= letters(wiki_to_text(text)) | letters(
                        " ".join(text.split("|")[1:])
                    )
                    seen += 1
    assert seen >= 2
