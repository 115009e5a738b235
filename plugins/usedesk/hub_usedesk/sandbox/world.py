"""The account's side of the story: tickets that come in, agents who work on them, time."""

from __future__ import annotations

import html
import itertools
import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from hub.sandbox import SandboxOptions, VirtualClock, endless, load, readable

from .hooks import Hooks
from .model import (
    AGENTS,
    CLOSED,
    COMPANY,
    DELETED,
    FIELDS,
    GROUPS,
    KEY,
    MERGED,
    NEW,
    OPEN,
    PRIORITIES,
    SOLVED,
    STATUSES,
    Client,
    Comment,
    Ticket,
)
from .rows import Rows, stamp

NEWS_AFTER_S = 1.0
"""A new ticket is not in lists for so long."""

_FIRST_AGENT = 41


class UsedeskWorld:
    """Tickets, clients, time. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Fill the past with what came by mail and chat."""
        self.options = options
        self.clock = VirtualClock(options.start, options.pace)
        self.chance = random.Random(f"usedesk:{options.seed}")
        self.rows = Rows(random.Random(f"usedesk-ids:{options.seed}"))
        self.hooks = Hooks(options.seed)
        self.tickets: dict[int, Ticket] = {}
        self.clients: dict[int, Client] = {}
        self.revoked: set[str] = set()
        self.burst = 0
        """So many of the next requests are answered 429."""
        self.refusals: list[tuple[str, str, int]] = []
        """Path, text and code of errors that the next requests get."""
        self.undelivered = False
        self.lag_s = NEWS_AFTER_S
        self._ids = itertools.count(2_261_907)
        self._others = itertools.count(242_630)
        self._fill()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The virtual present."""
        return self.clock.now().replace(microsecond=0)

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)

    def churn(self) -> None:
        """Before a list is read: perhaps something in a ticket changes."""
        if self.tickets and self.chance.random() < self.options.churn:
            self.touch(self.chance.choice(list(self.tickets.values())))

    # -- what is there ------------------------------------------------------------------------

    def _fill(self) -> None:
        span = timedelta(days=self.options.history_days)
        moments = sorted(self.clock.start - span * self.chance.random() for _ in range(self.options.items))
        texts = endless(load(self.options.corpus), "task", self.options.seed)
        for at, text in zip(moments, texts, strict=False):
            ticket = self.add_ticket(
                text.title or text.text[:60], html.escape(text.text), self.add_client("Клиент"), at
            )
            ticket.channel = 8
            ticket.status = self.chance.choice((NEW, OPEN, SOLVED, CLOSED))
            ticket.shown_at = 0.0

    def add_client(self, name: str, **more: Any) -> Client:
        """A new client."""
        client = Client(next(self._others), name, **more)
        self.clients[client.id] = client
        return client

    def add_ticket(self, subject: str, message: str, client: Client, at: datetime | None = None) -> Ticket:
        """A new ticket with its first comment."""
        at = (at or self.now()).replace(microsecond=0)
        ticket = Ticket(next(self._ids), subject, client.id, at, at, shown_at=time.monotonic() + self.lag_s)
        self.tickets[ticket.id] = ticket
        client.tickets.append(ticket.id)
        first = Comment(next(self._others), message, "client", "public", at, client=client.id, first=True)
        ticket.comments.append(first)
        return ticket

    def add_comment(self, ticket: Ticket, message: str, side: str, kind: str, user: int | None) -> Comment:
        """A new comment; what a client says opens the ticket again."""
        client = ticket.client if side == "client" else None
        comment = Comment(next(self._others), message, side, kind, self.now(), user=user, client=client)
        ticket.comments.append(comment)
        if side == "client" and ticket.status in (SOLVED, CLOSED):
            self.set_fields(ticket, None, status_id=OPEN)
        self.touch(ticket)
        self.hooks.tell("comment", {"comment": self.rows.comment(ticket, comment)})
        return comment

    def set_fields(self, ticket: Ticket, user: int | None, **values: Any) -> None:
        """Set what is called `status_id`, `assignee_id`, `group`, `priority`, `tags`, …; note it and tell of it."""
        names = {"status_id": "status", "assignee_id": "assignee", "type": "kind"}
        data, old_status = [], ticket.status
        for target, value in values.items():
            name = names.get(target, target)
            old = getattr(ticket, name)
            if old != value:
                setattr(ticket, name, value)
                data += _differences(target, old, value)
        if data:
            self._note(ticket, user, data, old_status)

    def _note(self, ticket: Ticket, user: int | None, data: list[dict[str, Any]], old_status: int) -> None:
        self.touch(ticket)
        change = {
            "id": self.rows.ident(next(self._others)),
            "trigger_id": None,
            "user_id": self.rows.ident(user),
            "ticket_id": self.rows.ident(ticket.id),
            "data": data,
            "changed_at": stamp(ticket.updated),
            "old_status": self.rows.ident(old_status),
            "new_status": self.rows.ident(ticket.status),
            "company_id": self.rows.ident(COMPANY),
        }
        ticket.changes.append(change)
        self.hooks.tell("change", {"trigger": change})

    def touch(self, ticket: Ticket) -> None:
        """The ticket changed now."""
        ticket.updated = max(self.now(), ticket.updated)

    def ticket(self, number: object) -> Ticket:
        """The ticket with this id.

        Raises:
            LookupError: there is none (any more).
        """
        text = str(number)
        ticket = self.tickets.get(int(text)) if text.isdigit() else None
        if ticket is None or ticket.gone:
            raise LookupError(f"no ticket {number!r}")
        return ticket

    # -- the control API ----------------------------------------------------------------------

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks: mostly what an agent does.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such ticket.
        """
        of_ticket: dict[str, Callable[[Ticket, Mapping[str, Any]], object]] = {
            "answer": self._answered,
            "note": self._noted,
            "auto_answer": self._answered_itself,
            "write": self._written,
            "status": self._stated,
            "assign": self._assigned,
            "priority": self._ranked,
            "tag": self._tagged,
            "untag": self._untagged,
            "field": self._filled,
            "rate": self._rated,
            "merge": self._merged,
            "delete": lambda ticket, _: self.set_fields(ticket, _FIRST_AGENT, status_id=DELETED),
            "purge": self._purged,
        }
        others: dict[str, Callable[[Mapping[str, Any]], object]] = {
            "bulk_touch": self._touched,
            "burst": self._bursting,
            "refuse": self._refusing,
            "account": self._account,
            "add_webhook": lambda what: self.hooks.set(str(what["url"]), as_json=bool(what.get("json", True))),
            "remove_webhook": lambda what: self.hooks.remove(str(what["url"])),
            "webhook_log": lambda _: None,
            "revoke_key": lambda _: self.revoked.add(KEY),
            "restore_key": lambda _: self.revoked.discard(KEY),
        }
        if action in others:
            others[action](what)
            return {"log": self.hooks.log}
        if action not in of_ticket:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join([*of_ticket, *others])}")
        ticket = self.ticket(what.get("id"))
        of_ticket[action](ticket, what)
        return {"stream": "tickets", "source_id": str(ticket.id)}

    def _answered(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.add_comment(ticket, f"<p>{what['text']}</p>", "user", "public", int(what.get("user", _FIRST_AGENT)))

    def _noted(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.add_comment(ticket, f"<p>{what['text']}</p>", "user", "private", int(what.get("user", _FIRST_AGENT)))

    def _answered_itself(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.add_comment(ticket, f"<p>{what['text']}</p>", "trigger", "public", None)

    def _written(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.add_comment(ticket, str(what["text"]), "client", "public", None)

    def _stated(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.set_fields(ticket, _FIRST_AGENT, status_id=_among(int(what["status"]), STATUSES, "status"))

    def _assigned(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        user, group = int(what.get("user", 0)), int(what.get("group", ticket.group))
        chosen = _among(user, AGENTS, "user") if user else ticket.assignee
        self.set_fields(ticket, _FIRST_AGENT, assignee_id=chosen, group=_among(group, (0, *GROUPS), "group"))

    def _ranked(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.set_fields(ticket, _FIRST_AGENT, priority=_among(str(what["priority"]), PRIORITIES, "priority"))

    def _tagged(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.set_fields(ticket, _FIRST_AGENT, tags=list(dict.fromkeys([*ticket.tags, *map(str, what["tags"])])))

    def _untagged(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        self.set_fields(ticket, _FIRST_AGENT, tags=[tag for tag in ticket.tags if tag not in what["tags"]])

    def _filled(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        field = _among(int(what["field"]), FIELDS, "field")
        self.set_fields(ticket, _FIRST_AGENT, fields={**ticket.fields, field: str(what["value"])})

    def _rated(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        """The client's opinion of the answer goes out with a webhook and stands nowhere else."""
        ticket.score = int(what["score"])
        self.hooks.tell("csi", {"csi": {"ticket_id": self.rows.ident(ticket.id), "rating": ticket.score}}, sure=True)

    def _merged(self, ticket: Ticket, what: Mapping[str, Any]) -> None:
        into, before = self.ticket(what["into"]), ticket.status
        ticket.status = MERGED
        data = [{"target": "status_id", "value": str(MERGED), "old_value": str(before)}]
        if what.get("told", True):
            data.append({"target": "merged_to", "value": str(into.id), "old_value": ""})
        self._note(ticket, _FIRST_AGENT, data, before)

    def _purged(self, ticket: Ticket, _what: Mapping[str, Any]) -> None:
        ticket.gone = True

    def _touched(self, what: Mapping[str, Any]) -> None:
        for ticket in list(self.tickets.values())[: int(what.get("count", 0)) or None]:
            self.touch(ticket)

    def _bursting(self, what: Mapping[str, Any]) -> None:
        self.burst = int(what.get("times", 1))

    def _refusing(self, what: Mapping[str, Any]) -> None:
        told = (str(what["path"]), str(what["text"]), int(what.get("code", 5)))
        self.refusals += [told] * int(what.get("times", 1))

    def _account(self, what: Mapping[str, Any]) -> None:
        """Set `undelivered` (every mail fails), `lag` (seconds until lists have a new ticket)."""
        self.undelivered = bool(what.get("undelivered", self.undelivered))
        self.lag_s = float(what.get("lag", self.lag_s))

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every ticket, and every comment after the first."""
        found = []
        for ticket in self.tickets.values():
            told = {
                "status": ticket.status,
                "priority": ticket.priority,
                "type": ticket.kind,
                "group": ticket.group,
                "assignee": ticket.assignee,
                "channel": ticket.channel,
                "client": self.clients[ticket.client].name,
                "tags": ticket.tags,
                "fields": {str(key): value for key, value in ticket.fields.items()},
                "additional_id": ticket.additional,
                "subject": ticket.subject,
                "score": ticket.score,
                "by_client": ticket.by_client,
                "visible": not ticket.gone,
            }
            for comment in ticket.comments:
                source_id = str(ticket.id) if comment.first else f"{ticket.id}/comment/{comment.id}"
                said = {"from": comment.side, "public": comment.kind == "public", "markup": comment.message}
                found.append(_entry(source_id, ticket, comment, **told, **said))
        return found

    def tampered(self, record: Mapping[str, Any]) -> None:
        """No answer of this vendor is tampered with: its lists are bare arrays."""


def _entry(source_id: str, ticket: Ticket, comment: Comment, **told: Any) -> dict[str, Any]:
    return {
        "stream": "tickets",
        "source_id": source_id,
        "conversation": str(ticket.id),
        "same_as": None,
        "platform": "usedesk",
        "text": readable(comment.message),
        "also": [],
        "rating": None,
        "hidden": False,
        "withheld": False,
        "broken": False,
        "published_at": comment.at.isoformat(),
        **told,
    }


def _differences(target: str, old: Any, new: Any) -> list[dict[str, str]]:
    """Return a change in the vendor's words for it."""
    if target == "tags":
        sides = (("new_tags", new, old), ("removed_tags", old, new))
        found = [(name, ", ".join(tag for tag in some if tag not in other), "") for name, some, other in sides]
        return [{"target": name, "value": tags, "old_value": before} for name, tags, before in found if tags]
    if target == "fields":
        pairs = ((str(value), str(old.get(key, ""))) for key, value in new.items() if old.get(key) != value)
        return [{"target": "ticket_field", "value": value, "old_value": before} for value, before in pairs]
    return [{"target": target, "value": str(new or ""), "old_value": str(old or "")}]


def _among(value: Any, known: Any, what: str) -> Any:
    if value not in known:
        raise ValueError(f"{what} {value!r} is unknown; there are {', '.join(map(str, known))}")
    return value
