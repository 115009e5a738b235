"""Issues from a seed, with the oddities of the sheet's sections 5, 6 and 14."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from hub.sandbox import ALONE, LETTERS, UNSTORABLE, OddTexts, SandboxOptions, Text

from .model import Comment, Entry, Issue, Project, Rich, Status, User
from .people import (
    CLAIMS,
    CUSTOMERS,
    DEV,
    DONE,
    OPEN,
    ROBOT,
    STAFF,
    STATUSES,
    TYPES,
    WAIT,
    WORK,
)
from .richtext import formed, plain

FIRST_ID, FIRST_COMMENT, FIRST_ENTRY = 10_042, 20_100, 50_500
ALL_ODD_FROM = 30
RARE_FROM = 10
BUSY = 7  # the number of the one issue with more comments and changes than come along with it
MANY_COMMENTS, MANY_CHANGES = 27, 46
LONGEST = 32_767
ANSWERS = (
    "Здравствуйте! Передали вопрос в отдел, ответим сегодня.",
    "Проверили: платёж вернётся в течение трёх дней.",
    "Клиенту перезвонили, ждём номер договора.",
    "Thank you for waiting. The refund is on its way.",
)
REMARKS = ("Добавляю номер договора.", "Ничего не изменилось, жду.", "Спасибо, помогло!", "Any news?")
LABELS = ("urgent-client", "возврат", "vip", "мобильное-приложение")


class Mint:
    """Makes issues one after the other; the same options make the same ones."""

    def __init__(self, options: SandboxOptions, edition: str, texts: Iterator[Text]) -> None:
        self._options, self._edition, self._texts = options, edition, texts
        self._chance = random.Random(f"jira:{options.seed}:{edition}")
        self._odd_texts = OddTexts(LETTERS + ALONE, random.Random(f"odd:{options.seed}"))
        self._made = 0
        self._numbers: dict[str, int] = {}
        self._comments, self._entries = FIRST_COMMENT, FIRST_ENTRY

    # -- issues -------------------------------------------------------------------------------

    def issue(self, created: datetime, until: datetime) -> Issue:
        """An issue that was created at *created* and has a past up to *until* at most."""
        number, self._made = self._made, self._made + 1
        text = next(self._texts)
        project = self._chance.choice((CLAIMS, CLAIMS, CLAIMS, DEV))
        issue = self.blank(project, created)
        issue.summary = (text.title or text.text.split("\n")[0])[:120].strip() or "—"
        issue.description = self._description(number, text)
        issue.ref, issue.tone = text.ref, text.tone
        issue.labels = self._chance.sample(LABELS, self._chance.choice((0, 0, 1, 2)))
        issue.attachments = self._attachments(issue)
        self._live(issue, text, until, busy=self._all_odd and number == BUSY)
        self._make_odd(number, issue)
        return issue

    def blank(self, project: Project, created: datetime) -> Issue:
        """An issue without a word; the caller says the rest."""
        self._numbers[project.key] = number = self._numbers.get(project.key, 0) + 1
        created = created.replace(microsecond=created.microsecond // 1000 * 1000)
        reporter = self._chance.choice(CUSTOMERS if project is CLAIMS else STAFF)
        return Issue(
            id=FIRST_ID + sum(self._numbers.values()) * 3,
            project=project,
            number=number,
            type=self._chance.choice(list(TYPES)),
            summary=None,
            description=None,
            status=OPEN,
            priority=self._chance.choice((1, 2, 3, 3, 3, 4, 5)),
            reporter=reporter,
            creator=reporter,
            assignee=None,
            created=created,
            updated=created,
        )

    def _description(self, number: int, text: Text) -> Rich | None:
        rare = number % 2000 - RARE_FROM
        if self._all_odd and 0 <= rare < len(UNSTORABLE):
            shaped = UNSTORABLE[rare](text.text, self._chance)
            wire = plain(shaped.wire, self._edition).wire
            return Rich(wire, shaped.plain)
        if self._chance.random() < 0.04:
            return None
        if self._chance.random() < self._options.odd:
            return plain(self._odd_texts.shape(text.text[:LONGEST]).wire, self._edition)
        if self._chance.random() < 0.3:
            return formed(text.text, self._edition, self._chance)
        return plain(text.text, self._edition)

    def _attachments(self, issue: Issue) -> list[dict[str, Any]]:
        if self._chance.random() > 0.15:
            return []
        kinds = (("чек.png", "image/png"), ("договор.pdf", "application/pdf"), ("экран.mp4", "video/mp4"))
        return [
            {"id": str(issue.id * 10 + n), "filename": name, "mimeType": kind, "size": 2048, "author": issue.creator}
            for n, (name, kind) in enumerate(self._chance.sample(kinds, self._chance.choice((1, 1, 2))))
        ]

    # -- what happens in it -------------------------------------------------------------------

    def _live(self, issue: Issue, text: Text, until: datetime, *, busy: bool) -> None:
        comments = MANY_COMMENTS if busy else self._chance.choice((0, 0, 1, 2, 3))
        changes = MANY_CHANGES if busy else self._chance.choice((0, 1, 1, 2))
        span = max(until - issue.created, timedelta(minutes=1))
        steps = ["comment"] * comments + ["change"] * changes
        self._chance.shuffle(steps)
        moments = sorted(issue.created + span * self._chance.random() for _ in steps)
        for step, at in zip(steps, moments, strict=True):
            if step == "comment":
                self.say(issue, at, text.reply)
            else:
                self.move(issue, at)

    def say(self, issue: Issue, at: datetime, words: str | None = None) -> Comment:
        """Somebody writes: the reporter, in public, or the staff, in public or among themselves."""
        by_reporter = self._chance.random() < 0.4 and issue.reporter is not None
        writer = issue.reporter if by_reporter and issue.reporter else self._chance.choice((*STAFF, *STAFF, ROBOT))
        text = self._chance.choice(REMARKS) if by_reporter else words or self._chance.choice(ANSWERS)
        text = f"{text} ({self._comments})"
        odd = self._chance.random() < self._options.odd
        body = formed(text, self._edition, self._chance) if odd else plain(text, self._edition)
        public = by_reporter or issue.project is not CLAIMS or self._chance.random() < 0.6
        return self.add_comment(issue, writer, body, at, public=public)

    def add_comment(self, issue: Issue, writer: User, body: Rich, at: datetime, *, public: bool = True) -> Comment:
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        comment = Comment(self._comments, writer, body, at, at, public)
        self._comments += 7
        issue.comments.append(comment)
        issue.updated = max(issue.updated, at)
        return comment

    def move(self, issue: Issue, at: datetime) -> None:
        """Somebody works on it: another status, or somebody else has it."""
        writer = self._chance.choice(STAFF)
        if self._chance.random() < 0.3:
            self.assign(issue, writer, self._chance.choice(STAFF), at)
            return
        ways = [STATUSES[to] for to in issue.project.transitions.values() if to != issue.status.id]
        likely = [status for status in ways if status in (WORK, WAIT, DONE)] or ways
        self.transition(issue, writer, self._chance.choice(likely), at)

    def transition(self, issue: Issue, writer: User, to: Status, at: datetime) -> None:
        items = [_item("status", issue.status.id, issue.status.translated, to.id, to.translated)]
        done = to.category == "done"
        if done != (issue.resolution is not None):
            before, after = (None, "Готово") if done else (issue.resolution, None)
            items.append(_item("resolution", before and "10000", before, after and "10000", after))
            issue.resolution, issue.resolved = after, at if done else None
        issue.status = to
        self.note(issue, writer, items, at)

    def assign(self, issue: Issue, writer: User, to: User | None, at: datetime) -> None:
        before = issue.assignee
        issue.assignee = to
        ids = (before.key if before else None, before.name if before else None)
        self.note(issue, writer, [_item("assignee", *ids, to.key if to else None, to.name if to else None)], at)

    def note(self, issue: Issue, writer: User, items: list[dict[str, Any]], at: datetime) -> None:
        at = at.replace(microsecond=at.microsecond // 1000 * 1000)
        issue.entries.append(Entry(self._entries, writer, at, items))
        self._entries += 3
        issue.updated = max(issue.updated, at)

    def move_to(self, issue: Issue, project: Project, at: datetime, writer: User) -> None:
        """Another project: another key, the same id."""
        before, key = issue.project, issue.key
        self._numbers[project.key] = issue.number = self._numbers.get(project.key, 0) + 1
        issue.project = project
        items = [
            _item("project", before.id, before.name, project.id, project.name),
            {"field": "Key", "fieldtype": "jira", "from": None, "fromString": key, "to": None, "toString": issue.key},
        ]
        self.note(issue, writer, items, at)

    # -- oddities -----------------------------------------------------------------------------

    def _make_odd(self, number: int, issue: Issue) -> None:
        if self._all_odd and number < len(FIXED):
            FIXED[number](issue)
        elif self._chance.random() < self._options.odd:
            self._chance.choice(ODD_FIELDS)(issue)

    @property
    def _all_odd(self) -> bool:
        return self._options.items >= ALL_ODD_FROM and self._options.odd > 0


def _item(name: str, old: str | None, old_text: str | None, new: str | None, new_text: str | None) -> dict[str, Any]:
    return {
        "field": name, "fieldtype": "jira", "fieldId": name, "from": old, "fromString": old_text, "to": new,
        "toString": new_text,
    }  # fmt: skip


def _without_id(issue: Issue) -> None:
    issue.broken = "id"


def _without_times(issue: Issue) -> None:
    issue.broken = "created"


def _without_priority(issue: Issue) -> None:
    issue.priority = None


def _without_reporter(issue: Issue) -> None:
    issue.reporter = None


def _invisible_start(issue: Issue) -> None:
    issue.summary = f"\u200b{issue.summary}"


def _own_fields(issue: Issue) -> None:
    issue.fields |= {
        "customfield_10010": {"id": "20001", "value": "Север"},
        "customfield_10016": 3.0,
        "customfield_10020": [{"id": 7, "state": "active"}],
        "fieldOfTomorrow": {"nested": [1, None]},
    }


def _strange_label(issue: Issue) -> None:
    issue.labels = ["Ярлык#1", "😡", "a.b/c"]


FIXED: tuple[Callable[[Issue], None], ...] = (
    _without_id,
    _without_times,
    _invisible_start,
    _own_fields,
    _strange_label,
)
ODD_FIELDS: tuple[Callable[[Issue], None], ...] = (
    _without_priority, _without_reporter, _invisible_start, _own_fields, _strange_label,
)  # fmt: skip
