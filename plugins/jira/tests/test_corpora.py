"""Real Jira payloads of the wild (names in Chinese, wiki texts of years ago) lose nothing on their way to tickets."""

import gzip
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.sdk import FollowUp, Read, TicketDraft
from hub.testing import draft_json, drafts_of
from hub_jira.assumed import instant
from hub_jira.config import JiraConfig
from hub_jira.connector import Jira
from hub_jira.wiki import wiki_to_text

CORPORA = Path(__file__).parents[4] / "shared" / "corpora" / "payloads"
NOW = datetime(2026, 10, 20, tzinfo=UTC)


ISSUES = (
    "7c18c0510ef0", "2d21b64bd8d9", "079b691b05e0", "3c1be391a934", "c82c2596e1d1", "0707a2d29806",
    "ffe740d2aff4", "8c68771ed648", "0d54337deb75", "361cb73304b6", "da54dd4851be", "e2d3ad055660",
    "062c62c0fea7", "f97431d1a8a4", "618b9b12ed4e", "9913c8a64e3c", "32173e6a1b3a", "3a40c844ef45",
    "b1c632fd3cdf", "6303035b6bad", "a60c9d41711e", "5b2d9114439c", "a4405d3e4cde", "d2516abea21f",
    "649e9143f327", "c72c9fde2873", "c04b13e47bec", "90a82c5641f8", "c77c1a59d2e9", "722cdd4e5329",
    "e09d72dd8e5f", "9f3778078425", "746a706e84db",
)  # fmt: skip
CHANGES = "4dc4fe09368c"
"""What stands for the drafts of the real payloads, line by line, and for all changes together."""


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


def digests(connector: Jira, records: Iterable[Any]) -> list[str]:
    """Return of each record what stands for all its drafts to the letter: the texts are not ours to keep."""
    reading = read()
    made = ([draft_json(draft) for draft in drafts_of(connector, record, reading)] for record in records)
    return [sha256(orjson.dumps(drafts, option=orjson.OPT_SORT_KEYS)).hexdigest()[:12] for drafts in made]


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


def test_the_drafts_of_real_issues_are_the_same_to_the_letter() -> None:
    """Where one differs after a change that was meant, look at the drafts of that line of the file, then note it."""
    found = digests(jira(), rows("jira_issues.jsonl.gz"))
    wrong = [number for number, (one, kept) in enumerate(zip(found, ISSUES, strict=True)) if one != kept]
    assert wrong == [], f"lines that give other drafts: {[(number, found[number]) for number in wrong]}"


def test_the_drafts_of_real_changes_are_the_same_to_the_letter() -> None:
    case = {"id": "1", "key": "EE-1", "title": None, "service": False, "reporter": ""}
    records = ({"issue": case, "history": history} for history in rows("jira_changelogs.jsonl.gz"))
    assert sha256("".join(digests(jira(), records)).encode()).hexdigest()[:12] == CHANGES


def test_addresses_stay_whole_and_in_order_and_comments_in_the_order_in_which_they_were_said() -> None:
    address = re.compile(r"https?://[\w./%?=&~:-]+")
    connector, reading = jira(), read()
    seen = 0
    for issue in rows("jira_issues.jsonl.gz"):
        found = drafts_of(connector, issue, reading)[0]
        assert isinstance(found, FollowUp)
        assert found.otherwise is not None
        said = {message.source_id: message for message in found.otherwise.messages}
        comments = issue["fields"]["comment"]["comments"]
        order = [name for name in said if "/comment/" in name]
        assert order == [f"{issue['id']}/comment/{comment['id']}" for comment in comments]
        for name, text in [
            (issue["id"], issue["fields"]["description"]),
            *zip(order, (c["body"] for c in comments), strict=True),
        ]:
            told = list(dict.fromkeys(address.findall(text or "")))
            assert list(dict.fromkeys(address.findall(said[name].body))) == told
            seen += len(told)
    assert seen > 5


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
