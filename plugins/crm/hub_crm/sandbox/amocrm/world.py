"""The account's side of the story: tasks that are set, done and moved, leads, notes, tokens, bans."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.sandbox import (
    ALONE,
    LETTERS,
    UNSTORABLE,
    OddTexts,
    SandboxOptions,
    Script,
    Shaped,
    VirtualClock,
    huge,
    readable,
    same,
)

from ..texts import LEAD, TASK, texts
from .model import AGENT, LOST, TOKEN, WON, Contact, Lead, Note, Task, User

USERS = [
    User(3785708, "Ирина Кравец", 0, admin=True),
    User(3785709, "Пётр Снегов", 501),
    User(3785710, "Лада Юрская", 501),
    User(3785711, "Олег Тихий", 502),
]
GROUPS = {501: "Поддержка", 502: "Юристы"}
TASK_TYPES = {1: "Связаться", 2: "Встреча", 2718: "Претензия"}
STAGES = {
    32392156: "Первичный контакт",
    32392159: "Переговоры",
    WON: "Успешно реализовано",
    LOST: "Закрыто и не реализовано",
}
NO_CALLS, LOYALTY = 70_001, 70_002
"""Ids of the contacts' own fields: a flag, a choice."""

SCRIPT_LENGTH = timedelta(days=3)
STRIKES = 20
BAN = timedelta(minutes=10)
TOKEN_LIFE = timedelta(hours=24)
RESULTS = ("Перезвонил, всё решили", "Возврат оформлен", "Не отвечает", "Done")


class AmoCrmWorld:
    """Tasks, leads, contacts, notes, people, time. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Fill the past, plan the future, let what is due happen."""
        self.options = options
        self.clock = VirtualClock(options.start, options.pace)
        self.tokens: dict[str, User] = {TOKEN: USERS[0], AGENT: USERS[1]}
        self.issued: dict[str, datetime] = {}
        self.refresh_token = "sandbox-amocrm-refresh-1"  # noqa: S105 - a sandbox's
        self.spent: set[str] = set()
        self.revoked: set[str] = set()
        self.unpaid = False
        self.ordered = True
        """Whether the order by time of change is obeyed for tasks."""
        self.banned_until: datetime | None = None
        self._strikes = 0
        self.tasks: dict[int, Task] = {}
        self.leads: dict[int, Lead] = {}
        self.contacts: dict[int, Contact] = {}
        self.notes: dict[int, Note] = {}
        self._planned: list[Task] = []
        self._script = Script()
        self._chance = random.Random(f"amocrm-world:{options.seed}")
        self._churn = random.Random(f"churn:{options.seed}")
        self._odd = OddTexts((*LETTERS, *ALONE, *UNSTORABLE), self._chance)
        self._huge = options.huge
        self._tasks, self._cards = texts(options, TASK), texts(options, LEAD)
        self._ids = itertools.count(4_747_929, 3)
        self._broken = itertools.cycle(("id", "created_at", "junk"))
        self._fill()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The virtual present, with everything due done."""
        now = self.clock.now()
        self._script.settle(now)
        return now

    def second(self) -> datetime:
        """The present in whole seconds, as everything is dated here."""
        return self.now().replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)
        self.now()

    def churn(self) -> None:
        """Before a list is read: perhaps somebody changes a task."""
        if self._churn.random() < self.options.churn and self.tasks:
            task = self._churn.choice(list(self.tasks.values()))
            task.updated = max(self.second(), task.updated)

    def strike(self) -> None:
        """A request too many: who goes on is shut out."""
        self._strikes += 1
        if self._strikes % STRIKES == 0:
            self.banned_until = self.clock.now() + BAN

    @property
    def banned(self) -> bool:
        """Whether everything is answered 403."""
        return self.banned_until is not None and self.clock.now() < self.banned_until

    # -- the past and the future --------------------------------------------------------------

    def _fill(self) -> None:
        start, options = self.clock.start, self.options
        span = timedelta(days=options.history_days)
        moments = sorted(start - timedelta(minutes=15) - span * self._chance.random() for _ in range(options.items))
        for number in range(max(1, options.items // 4)):
            self._add_lead(start - timedelta(minutes=15) - span * self._chance.random(), number)
        self._add_contacts(start - span)
        for number, at in enumerate(moments):
            task = self._mint(at)
            task.broken = next(self._broken) if number % 60 == 59 else None
            self.tasks[task.id] = task
        self._plan(start)

    def _plan(self, start: datetime) -> None:
        count = max(6, round(self.options.items * self.options.future)) if self.options.future else 0
        for _ in range(count):
            at = self._sometime(start)
            task = self._mint(at)
            self._planned.append(task)
            self._script.at(at, partial(self._arrive, task))
        known = [task for task in self.tasks.values() if not task.broken]
        for change in (self.finish, self.postpone, self.delete):
            for task in self._chance.sample(known, min(len(known), max(1, count // 5)) if count else 0):
                self._script.at(self._sometime(start), partial(change, task))

    def _sometime(self, start: datetime) -> datetime:
        return start + timedelta(minutes=10) + SCRIPT_LENGTH * self._chance.random()

    def _arrive(self, task: Task, _at: datetime) -> None:
        self._planned.remove(task)
        self.tasks[task.id] = task

    def _mint(self, at: datetime) -> Task:
        text, chance = next(self._tasks), self._chance
        shaped = self._shape(f"{text.title}\n{text.text}" if text.title else text.text)
        at = at.replace(microsecond=0)
        done = chance.random() < 0.4
        leads = list(self.leads)
        return Task(
            id=next(self._ids),
            text=shaped.wire,
            plain=shaped.plain,
            created=at,
            updated=at + timedelta(minutes=30) if done else at,
            creator=chance.choice(USERS).id,
            responsible=chance.choice(USERS[1:]).id,
            till=at + timedelta(days=1),
            entity=("leads", chance.choice(leads)) if leads and chance.random() < 0.7 else None,
            type=chance.choice((1, 1, 2, 2718)),
            done=done,
            result=chance.choice(RESULTS) if done and chance.random() < 0.7 else None,
            ref=text.ref,
            tone=text.tone,
        )

    def _shape(self, text: str) -> Shaped:
        if self._huge:
            self._huge -= 1
            return huge(text)
        return self._odd.shape(text) if self._chance.random() < self.options.odd else same(text)

    def _add_lead(self, at: datetime, number: int) -> None:
        text = next(self._cards)
        at = at.replace(microsecond=0)
        lead = Lead(
            next(self._ids), text.title or f"Сделка № {number}", at, at, self._chance.choice(list(STAGES)),
            self._chance.choice(USERS).id, self._chance.choice((0, 1500)), tags=["vip"] if number % 5 == 0 else [],
            ref=text.ref, tone=text.tone,
        )  # fmt: skip
        self.leads[lead.id] = lead
        for minutes in range(self._chance.choice((0, 1, 2))):
            said = {"text": self._chance.choice(RESULTS)}
            self.add_note("leads", lead.id, "common", said, at + timedelta(minutes=5 + minutes), USERS[1].id)

    def _add_contacts(self, at: datetime) -> None:
        rows = [
            ("Вера Климова", "+7 (912) 000-00-07", "vera@example.com"),
            ("Тимур Ахметов", "89120000008", "timur@example.com"),
            ("Ольга Дубль", "+79120000009", "olga@example.com"),
            ("Олег Дубль", "+79120000009", "oleg@example.com"),
        ]
        own: dict[str, dict[str | int, list[Any]]] = {
            "Вера Климова": {NO_CALLS: [False], LOYALTY: ["gold"]},
            "Тимур Ахметов": {NO_CALLS: [True], LOYALTY: ["silver"]},
        }
        for name, phone, email in rows:
            fields: dict[str | int, list[Any]] = {"PHONE": [phone], "EMAIL": [email], **own.get(name, {})}
            contact = Contact(next(self._ids), name, at, at, fields)
            self.contacts[contact.id] = contact

    # -- what happens -------------------------------------------------------------------------

    def finish(self, task: Task, at: datetime) -> None:
        task.done, task.result = True, task.result or self._chance.choice(RESULTS)
        self.touch(task, at)

    def postpone(self, task: Task, at: datetime) -> None:
        task.till += timedelta(days=1)
        self.touch(task, at)

    def delete(self, task: Task, _at: datetime) -> None:
        task.deleted = True

    def touch(self, row: Task | Lead | Contact | Note, at: datetime) -> None:
        row.updated = max(at.replace(microsecond=0), row.updated)

    def add_task(self, **fields: Any) -> Task:
        """A new task now, with *fields* in the place of the mint's."""
        task = self._mint(self.now())
        task.done, task.result, task.entity, task.updated = False, None, None, task.created
        for name, value in fields.items():
            setattr(task, name, value)
        self.tasks[task.id] = task
        return task

    def add_note(
        self, kind: str, entity: int, note_type: str, params: dict[str, Any], at: datetime, creator: int
    ) -> Note:
        """A note on a card."""
        at = at.replace(microsecond=0)
        note = Note(next(self._ids), kind, entity, note_type, params, at, at, creator)
        self.notes[note.id] = note
        return note

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

    def refresh(self, token: object) -> tuple[str, str] | None:
        """Spend a refresh token, which works once: return the access token and the next one; None: it is refused."""
        if token != self.refresh_token:
            return None
        number = int(self.refresh_token.rpartition("-")[2]) + 1
        self.spent.add(self.refresh_token)
        self.refresh_token = f"sandbox-amocrm-refresh-{number}"
        access = f"sandbox-amocrm-access-{number}"
        self.issued[access] = self.clock.now() + TOKEN_LIFE
        return access, self.refresh_token

    def caller(self, token: str) -> User | None:
        """Who has this token; None when it is not (or no longer) valid."""
        if token in self.revoked:
            return None
        until = self.issued.get(token)
        if until is not None:
            return USERS[0] if self.clock.now() < until else None
        return self.tokens.get(token)

    # -- the control API ----------------------------------------------------------------------

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such task.
        """
        now = self.now()
        of_task: dict[str, Callable[[Task], object]] = {
            "finish": lambda task: self._finished(task, now, what),
            "postpone": lambda task: self.postpone(task, now),
            "assign": lambda task: self._assigned(task, now, what),
            "edit": lambda task: self._edited(task, now, what),
            "delete": lambda task: self.delete(task, now),
        }
        others: dict[str, Callable[[], dict[str, Any]]] = {
            "add": lambda: self._added(what),
            "note": lambda: self._noted(what, now),
            "account": lambda: self._account(what),
            "revoke_key": lambda: self._revoked(what, revoke=True),
            "restore_key": lambda: self._revoked(what, revoke=False),
        }
        if action in others:
            return others[action]()
        if action not in of_task:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join([*of_task, *others])}")
        task = self.task(what.get("id"))
        of_task[action](task)
        return {"stream": "tasks", "source_id": str(task.id)}

    def _finished(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        task.result = str(what["text"]) if "text" in what else task.result
        self.finish(task, at)

    def _assigned(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        task.responsible = int(what["responsible"])
        self.touch(task, at)

    def _edited(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        task.text = task.plain = str(what["text"])
        self.touch(task, at)

    def _added(self, what: Mapping[str, Any]) -> dict[str, Any]:
        text = str(what.get("text", "Новая задача"))
        return {"stream": "tasks", "source_id": str(self.add_task(text=text, plain=text).id)}

    def _noted(self, what: Mapping[str, Any], at: datetime) -> dict[str, Any]:
        params = {"text": str(what["text"])}
        note = self.add_note(str(what.get("kind", "leads")), int(what["id"]), "common", params, at, USERS[1].id)
        return {"stream": "notes", "source_id": str(note.id)}

    def _account(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Switch what the account is: `unpaid`, `ordered` (the order by change is obeyed), `banned`."""
        self.unpaid = bool(what.get("unpaid", self.unpaid))
        self.ordered = bool(what.get("ordered", self.ordered))
        if "banned" in what:
            self.banned_until = self.clock.now() + BAN if what["banned"] else None
        return {"unpaid": self.unpaid, "ordered": self.ordered, "banned": self.banned}

    def _revoked(self, what: Mapping[str, Any], *, revoke: bool) -> dict[str, Any]:
        key = str(what.get("key") or TOKEN)
        (self.revoked.add if revoke else self.revoked.discard)(key)
        return {"revoked": len(self.revoked)}

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every task with its result, every lead and every note on one."""
        self.now()
        found = []
        for task in self.tasks.values():
            told = {"broken": task.broken is not None, "visible": not task.deleted, "ref": task.ref, "tone": task.tone}
            thread = f"task/{task.id}"
            more = {"status": "completed" if task.done else "open", "responsible": task.responsible}
            found.append(_entry("tasks", str(task.id), thread, task.plain, **told, **more))
            if task.result:
                found.append(_entry("tasks", f"{task.id}/result", thread, task.result, **told))
        for lead in self.leads.values():
            told = {"hidden": lead.deleted, "ref": lead.ref, "tone": lead.tone}
            found.append(_entry("leads", str(lead.id), f"lead/{lead.id}", "", **told))
        notes = [note for note in self.notes.values() if note.kind == "leads"]
        return found + [
            _entry("notes", str(note.id), f"lead/{note.entity}", str(note.params.get("text", ""))) for note in notes
        ]

    def tampered(self, record: Mapping[str, Any]) -> None:
        """No answer of this vendor is tampered with: its records lie too deep for the host's faults."""


def _entry(stream: str, source_id: str, conversation: str, plain: str, **told: Any) -> dict[str, Any]:
    return {
        "stream": stream,
        "source_id": source_id,
        "conversation": conversation,
        "same_as": None,
        "platform": "amocrm",
        "text": readable(plain) if "\x00" in plain else plain,
        "also": [],
        "rating": None,
        "hidden": False,
        "withheld": False,
        "broken": False,
        "visible": True,
        **told,
    }
