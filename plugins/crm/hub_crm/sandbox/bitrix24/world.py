"""The portal's side of the story: tasks that are made, worked on, talked about, closed and deleted."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.sandbox import SandboxOptions, Script, VirtualClock, readable

from ..texts import LEAD as LEAD_TEXT
from ..texts import TASK, texts
from .budget import Budget
from .changes import Changes
from .data import DEAL, LEAD, Mint, contacts
from .model import CODE, COMPLETED, TASKS_ONLY, USER, Comment, Item, Task, Webhook

SCRIPT_LENGTH = timedelta(days=3)
STREAMS = {LEAD: "leads", DEAL: "deals"}
CONVERSATIONS = {LEAD: "lead", DEAL: "deal"}
LONG_TALK = 120  # messages of one task: more than two answers hold
ALL_SCOPES = frozenset({"task", "tasks", "crm", "im", "user", "sonet_group"})


class Bitrix24World:
    """Tasks, cards, people, time. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Fill the past, plan the future, let what is due happen."""
        self.options = options
        self.clock = VirtualClock(options.start, options.pace)
        self.webhooks = {
            CODE: Webhook(CODE, USER, ALL_SCOPES),
            TASKS_ONLY: Webhook(TASKS_ONLY, 7, frozenset({"task", "user"})),
        }
        self.revoked: set[str] = set()
        self.chats = True
        """Whether comments are messages of chats, as since 25.700.0; then there is REST 3.0 as well."""
        self.rest = True
        self.overloaded = False
        self.own_fields: set[str] = set()
        self.budget = Budget(self.clock)
        self.keys: dict[str, tuple[bytes, dict[str, Any], datetime]] = {}
        self.tokens: dict[str, datetime] = {}
        self.refresh_token = "sandbox-refresh-1"  # noqa: S105 - a sandbox's
        self.tasks: dict[int, Task] = {}
        self.cards: dict[tuple[int, int], Item] = {}
        self._planned: list[Task] = []
        self._script = Script()
        self._chance = random.Random(f"bitrix24-world:{options.seed}")
        self._churn = random.Random(f"churn:{options.seed}")
        self.mint = Mint(options, texts(options, TASK), texts(options, LEAD_TEXT))
        self._fill()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The virtual present, with everything due done."""
        now = self.clock.now()
        self._script.settle(now)
        return now

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)
        self.now()

    def churn(self) -> None:
        """Before a list is read: perhaps somebody changes a task."""
        if self._churn.random() < self.options.churn and self.tasks:
            self.touch(self._churn.choice(list(self.tasks.values())), self.now())

    # -- the past and the future --------------------------------------------------------------

    def _fill(self) -> None:
        start, options = self.clock.start, self.options
        span = timedelta(days=options.history_days)
        moments = sorted(start - timedelta(minutes=15) - span * self._chance.random() for _ in range(options.items))
        for number, at in enumerate(moments):
            task = self.mint.task(at)
            if number % 60 == 59:
                self.mint.broken(task)
            self.tasks[task.id] = task
        talk = next(iter(self.tasks.values()))
        talk.comments += [self.mint.comment(7, talk.created + timedelta(minutes=20 + n)) for n in range(LONG_TALK)]
        for entity in (LEAD, DEAL):
            for number in range(max(1, options.items // 4)):
                at = start - timedelta(minutes=15) - span * self._chance.random()
                self.add_item(self.mint.item(entity, 100 + number, at))
        for contact in contacts(start - span):
            self.add_item(contact)
        self._plan(start)

    def _plan(self, start: datetime) -> None:
        count = max(6, round(self.options.items * self.options.future)) if self.options.future else 0
        for _ in range(count):
            at = self._sometime(start)
            task = self.mint.task(at)
            self._planned.append(task)
            self._script.at(at, partial(self._arrive, task))
        known = [task for task in self.tasks.values() if not task.broken]
        for change in (self.work, self.finish, self.talk, self.delete):
            for task in self._chance.sample(known, min(len(known), max(1, count // 5)) if count else 0):
                self._script.at(self._sometime(start), partial(change, task))

    def _sometime(self, start: datetime) -> datetime:
        return start + timedelta(minutes=10) + SCRIPT_LENGTH * self._chance.random()

    def _arrive(self, task: Task, _at: datetime) -> None:
        self._planned.remove(task)
        self.tasks[task.id] = task

    def add_item(self, item: Item) -> Item:
        """From now on the portal knows it."""
        self.cards[item.entity, item.id] = item
        return item

    def next_item(self, entity: int) -> int:
        """The id of the next item of its kind."""
        return max((number for kind, number in self.cards if kind == entity), default=0) + 1

    # -- what happens to a task ---------------------------------------------------------------

    def touch(self, task: Task, at: datetime) -> None:
        task.changed = max(at.replace(microsecond=0), task.changed + timedelta(seconds=1))

    def work(self, task: Task, at: datetime) -> None:
        task.status = 3
        task.closed = None
        self.touch(task, at)

    def finish(self, task: Task, at: datetime) -> None:
        task.status = COMPLETED
        task.closed = at.replace(microsecond=0)
        self.touch(task, at)

    def talk(self, task: Task, at: datetime) -> Comment:
        """Somebody says something; the task itself does not change (sheet, section 6)."""
        comment = self.mint.comment(task.responsible, at)
        task.comments.append(comment)
        return comment

    def delete(self, task: Task, _at: datetime) -> None:
        task.deleted = True

    def add_task(self, **fields: Any) -> Task:
        """A new task now, with *fields* in the place of the mint's."""
        task = self.mint.task(self.now())
        task.status, task.closed, task.changed = 2, None, task.created
        task.comments = [comment for comment in task.comments if comment.author == 0]
        for name, value in fields.items():
            setattr(task, name, value)
        self.tasks[task.id] = task
        return task

    def task(self, number: object) -> Task:
        """The task with this id.

        Raises:
            LookupError: there is none (any more).
        """
        text = str(number)
        task = self.tasks.get(int(text)) if text.isdigit() else None
        if task is None or task.deleted:
            raise LookupError(f"no task {number!r}")
        return task

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks; see `Changes`."""
        return Changes(self).do(action, what, self.now())

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every task, lead, deal and what was said about them."""
        self.now()
        found = []
        for task in self.tasks.values():
            found.append(self._entry("tasks", str(task.id), f"task/{task.id}", task.plain, task, broken=task.broken))
            found += self._said("tasks", str(task.id), f"task/{task.id}", task, broken=task.broken)
        for (entity, number), item in self.cards.items():
            if entity in STREAMS:
                conversation = f"{CONVERSATIONS[entity]}/{number}"
                found.append(self._entry(STREAMS[entity], str(number), conversation, item.plain, item))
                found += self._said(STREAMS[entity], str(number), conversation, item)
        return found

    def _said(
        self, stream: str, source_id: str, conversation: str, of: Task | Item, broken: str | None = None
    ) -> list[dict[str, Any]]:
        return [
            {
                **self._entry(stream, f"{source_id}/{comment.id}", conversation, comment.plain, of, broken=broken),
                "hidden": comment.deleted,
                "comment": True,
            }
            for comment in of.comments
            if comment.author
        ]

    def _entry(
        self, stream: str, source_id: str, conversation: str, plain: str, of: Task | Item, broken: str | None = None
    ) -> dict[str, Any]:
        return {
            "stream": stream,
            "source_id": source_id,
            "conversation": conversation,
            "same_as": None,
            "platform": "bitrix24",
            "text": readable(plain) if "\x00" in plain else plain,
            "also": [],
            "rating": None,
            "hidden": False,
            "withheld": False,
            "broken": broken is not None,
            "visible": not of.deleted,
            "comment": False,
            "status": of.status if isinstance(of, Task) else None,
            "marker": of.xml_id if isinstance(of, Task) else of.fields.get("originId"),
            "ref": of.ref,
            "tone": of.tone,
        }

    def tampered(self, record: Mapping[str, Any]) -> None:
        """No answer of this vendor is tampered with: its records lie too deep for the host's faults."""
