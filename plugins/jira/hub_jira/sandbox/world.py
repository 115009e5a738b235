"""Jira's side of the story: issues that people write, discuss, move, close and delete, and an index that lags."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.sandbox import SandboxOptions, Script, VirtualClock, endless, load

from .changes import Changes
from .data import Mint
from .hooks import Hooks
from .jql import Query, parse
from .model import SERVER, Comment, Entry, Issue, User
from .people import CLAIMS, DEV, STAFF
from .richtext import plain

WRITTEN = Path(__file__).with_name("texts.jsonl")
SCRIPT_LENGTH = timedelta(days=3)
INDEX_DELAY = timedelta(seconds=1)
ADDITION = " UPD: прошла неделя, ничего не изменилось."


class JiraWorld:
    """Issues, people and time of one site. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions, edition: str) -> None:
        """Fill the past, plan the future."""
        self.options, self.edition = options, edition
        self.clock = VirtualClock(options.start, options.pace)
        self.index_delay = INDEX_DELAY
        self.issues: list[Issue] = []
        self.by_id: dict[str, Issue] = {}
        self.revoked: set[str] = set()
        self.denied: dict[str, set[str]] = {}
        self.zones: dict[str, str] = {}
        self.tokens_from = self.clock.start - timedelta(days=1)
        self.captcha = False
        self.quota: list[str] = []
        self._script = Script()
        self._chance = random.Random(f"jira-world:{options.seed}:{edition}")
        self._churn = random.Random(f"churn:{options.seed}")
        seed = options.seed + (edition == SERVER)  # the two sites tell different stories
        texts = endless(load(options.corpus or WRITTEN), "issue", seed)
        self.mint = Mint(options, edition, texts)
        self.hooks = Hooks(self, options.seed)
        self._fill()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The virtual present, with everything due done."""
        now = self.clock.now()
        self._script.settle(now)
        return now

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.now()

    def zone(self, user: User) -> ZoneInfo:
        """The zone in *user*'s profile."""
        return ZoneInfo(self.zones.get(user.key, user.zone))

    def churn(self) -> None:
        """Before a list is read: perhaps somebody changes an issue, and its row moves to the end."""
        if self.issues and self._churn.random() < self.options.churn:
            issue = self._churn.choice([one for one in self.issues if not one.deleted])
            self.touch(issue, partial(self.mint.say, issue), self.now())

    # -- the past and the future --------------------------------------------------------------

    def _fill(self) -> None:
        start, options = self.clock.start, self.options
        span = timedelta(days=options.history_days)
        past = start - timedelta(minutes=15)
        for created in sorted(past - span * self._chance.random() for _ in range(options.items)):
            self.keep(self.mint.issue(created, past))
        self._plan(start)

    def _plan(self, start: datetime) -> None:
        count = max(6, round(self.options.items * self.options.future)) if self.options.future else 0
        for moment in sorted(self._sometime(start) for _ in range(count)):
            self._script.at(moment, self._arrive)
        sound = [issue for issue in self.issues if issue.broken is None]
        for change in (self.edit, self.comment, self.progress, self.relocate, self.delete, self.uncomment):
            for issue in self._chance.sample(sound, min(len(sound), count and max(1, count // 6))):
                self._script.at(self._sometime(start), partial(change, issue))

    def _sometime(self, start: datetime) -> datetime:
        return start + timedelta(minutes=10) + SCRIPT_LENGTH * self._chance.random()

    def _arrive(self, at: datetime) -> None:
        issue = self.mint.issue(at, at)
        issue.indexed, issue.before = at + self.index_delay, None
        self.keep(issue)
        self.hooks.tell("jira:issue_created", issue, at)

    def keep(self, issue: Issue) -> Issue:
        """From now on it exists."""
        self.issues.append(issue)
        self.by_id[str(issue.id)] = issue
        return issue

    # -- what happens to an issue -------------------------------------------------------------

    def touch(self, issue: Issue, change: Callable[[datetime], object], at: datetime) -> None:
        """Let *change* happen to *issue*, which search notices later. Nothing happens to a deleted one."""
        if not issue.deleted:
            issue.begin(at, self.index_delay)
            said = len(issue.comments)
            change(at)
            self._tell(issue, at, said)

    def _tell(self, issue: Issue, at: datetime, said: int) -> None:
        """Call whoever wants to know that *issue*, which had *said* comments, has changed."""
        if len(issue.comments) > said:
            self.hooks.tell("comment_created", issue, at, issue.comments[-1])
        elif len(issue.comments) < said:
            self.hooks.tell("comment_deleted", issue, at, issue.gone[-1][0])
        self.hooks.tell("jira:issue_deleted" if issue.deleted else "jira:issue_updated", issue, at)

    def edit(self, issue: Issue, at: datetime) -> None:
        """The reporter writes more."""

        def more(_: datetime) -> None:
            said = (issue.description.plain if issue.description else "") + ADDITION
            issue.description = plain(said, self.edition)
            self.mint.note(issue, issue.creator, [{"field": "description", "fieldtype": "jira"}], at)

        self.touch(issue, more, at)

    def comment(self, issue: Issue, at: datetime) -> None:
        self.touch(issue, partial(self.mint.say, issue), at)

    def progress(self, issue: Issue, at: datetime) -> None:
        self.touch(issue, partial(self.mint.move, issue), at)

    def relocate(self, issue: Issue, at: datetime) -> None:
        other = DEV if issue.project is CLAIMS else CLAIMS
        self.touch(issue, lambda when: self.mint.move_to(issue, other, when, STAFF[0]), at)

    def delete(self, issue: Issue, at: datetime) -> None:
        """For good; search shows it a little longer."""
        self.touch(issue, lambda _: setattr(issue, "deleted", True), at)

    def uncomment(self, issue: Issue, at: datetime) -> None:
        """Somebody deletes the latest comment; the changelog keeps that."""
        if not issue.comments:
            return
        comment = issue.comments[-1]

        def gone(when: datetime) -> None:
            issue.comments.remove(comment)
            issue.gone.append((comment, True))
            item = {"field": "Comment", "fieldtype": "jira", "from": str(comment.id), "fromString": "…", "to": None}
            self.mint.note(issue, STAFF[0], [{**item, "toString": None}], when)

        self.touch(issue, gone, at)

    # -- reading ------------------------------------------------------------------------------

    def sees(self, user: User, issue: Issue) -> bool:
        return "BROWSE_PROJECTS" not in self.denied.get(f"{user.key}:{issue.project.key}", ())

    def may(self, user: User, right: str, project: str) -> bool:
        return right not in self.denied.get(f"{user.key}:{project}", ())

    def query(self, jql: str, user: User) -> Query:
        return parse(jql, self.zone(user), self.now())

    def found(self, query: Query, user: User, strong: Iterable[str] = ()) -> list[Issue]:
        """What search knows now, *strong* ones as they are."""
        now, certain = self.now(), set(strong)
        shown = (issue.shown(now, strong=str(issue.id) in certain) for issue in self.issues)
        return query.run([issue for issue in shown if issue is not None and self.sees(user, issue)])

    def find(self, name: str, user: User) -> Issue | None:
        """An issue by id or key, as it is now."""
        self.now()
        issue = self.by_id.get(name) or next((one for one in self.issues if one.key == name.upper()), None)
        return issue if issue and not issue.deleted and self.sees(user, issue) else None

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks; see `Changes`."""
        return Changes(self).do(action, what, self.now())

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every issue, comment and change of state or assignee, as messages."""
        self.now()
        return [item for issue in self.issues for item in self._items(issue)]

    def tampered(self, record: Mapping[str, Any]) -> None:
        """No text of an issue stands where the gate could change it."""

    def _items(self, issue: Issue) -> Iterable[dict[str, Any]]:
        said = issue.description.plain if issue.description else ""
        known = {"broken": issue.broken is not None, "visible": not issue.deleted, "hidden": issue.deleted}
        yield self._item(issue, str(issue.id), said, issue.created, **known, **self._facts(issue))
        for comment in issue.comments:
            yield self._comment(issue, comment, **known)
        for comment, _ in issue.gone:
            yield self._comment(issue, comment, **{**known, "visible": False, "hidden": True})
        for entry in issue.entries:
            if text := change_text(entry):
                yield self._item(issue, f"{issue.id}/change/{entry.id}", text, entry.at, **{**known, "hidden": False})

    def _facts(self, issue: Issue) -> dict[str, Any]:
        return {
            "title": issue.summary, "key": issue.key, "project": issue.project.key, "status": issue.status.name,
            "category": issue.status.category, "labels": issue.labels, "priority": issue.priority,
            "assignee": issue.assignee.name if issue.assignee else None, "properties": issue.properties,
            "links": issue.links, "related": issue.related, "by_client": issue.by_client, "tone": issue.tone,
            "ref": issue.ref, "comments": len(issue.comments), "summary": issue.summary,
        }  # fmt: skip

    def _comment(self, issue: Issue, comment: Comment, **known: Any) -> dict[str, Any]:
        name = f"{issue.id}/comment/{comment.id}"
        return self._item(
            issue,
            name,
            comment.body.plain,
            comment.created,
            by_client=comment.by_client,
            public=comment.public,
            **known,
        )

    def _item(self, issue: Issue, source_id: str, text: str, at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "stream": "issues", "source_id": source_id, "conversation": f"issue|{issue.id}", "same_as": None,
            "published_at": at.isoformat(), "title": None, "text": text, "also": [], "rating": None,
            "withheld": False, **more,
        }  # fmt: skip


def change_text(entry: Entry) -> str:
    """What a person reads of an entry: state, resolution, assignee, priority, project and key."""
    shown = {"status", "resolution", "assignee", "priority", "project", "key"}
    items = [item for item in entry.items if item["field"].lower() in shown]
    return "\n".join(
        f"{item['field'].lower()}: {item['fromString'] or '—'} → {item['toString'] or '—'}" for item in items
    )
