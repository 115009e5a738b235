"""The account's methods: all POST, errors with HTTP 200, a hundred rows a page (sheet, sections 2, 4 and 5)."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hub.sandbox import Traffic, dump

from .model import (
    AGENTS,
    CHANNELS,
    DELETED,
    FIELDS,
    GROUPS,
    KEY,
    NEW,
    OPEN,
    PRIORITIES,
    SIDES,
    STATUSES,
    TYPES,
    Client,
    Ticket,
)
from .world import UsedeskWorld

PAGE = 100
SUBJECT_CHARS, MESSAGE_BYTES, ADDITIONAL_CHARS = 255, 65_536, 255
NOT_DELIVERED = 0.1  # share of creates whose mail does not go out

Given = Mapping[str, Any]
Method = Callable[[Given], Any]


class Refusal(Exception):  # noqa: N818 - no fault of ours: an answer
    """A call that the account refuses, with HTTP 200."""

    def __init__(self, text: str, code: int) -> None:
        """Refuse."""
        super().__init__(text)
        self.text, self.code = text, code


class Api:
    """Handlers of one account."""

    def __init__(self, world: UsedeskWorld, traffic: Traffic) -> None:
        """Serve *world*; writes go to the ledger of *traffic*."""
        self._world, self._traffic = world, traffic

    def app(self) -> ASGIApp:
        """The account as an application."""
        methods: dict[str, Method] = {
            "/create/ticket": self.create_ticket,
            "/update/ticket": self.update_ticket,
            "/create/comment": self.create_comment,
            "/tickets": self.tickets,
            "/ticket": self.ticket,
            "/clients": self.clients,
            "/client": self.client,
            "/create/client": self.create_client,
            "/channels": lambda _: self._channels(),
            "/ticket/fields": lambda _: self._fields(),
            "/users": lambda _: self._world.rows.agents(),
            "/groups": lambda _: [{"id": self._world.rows.ident(key), "name": name} for key, name in GROUPS.items()],
        }
        return Starlette(
            routes=[Route(path, self._answer(path, call), methods=["POST"]) for path, call in methods.items()]
        )

    def _answer(self, path: str, call: Method) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            world = self._world
            if world.burst:
                world.burst -= 1
                return too_many()
            given = {**dict(request.query_params), **await body_of(request)}
            try:
                self._admit(path, given)
                return Response(dump(call(given)), media_type="application/json")
            except Refusal as refusal:
                return refused(refusal.text, refusal.code)

        return answered

    def _admit(self, path: str, given: Given) -> None:
        if given.get("api_token") != KEY or KEY in self._world.revoked:
            raise Refusal("Неверный api_token", 1)
        for planned in self._world.refusals:
            if planned[0] == path:
                self._world.refusals.remove(planned)
                raise Refusal(planned[1], planned[2])

    # --- tickets ----------------------------------------------------------------------------------

    def create_ticket(self, given: Given) -> dict[str, Any]:
        """A new ticket with its first comment; that its mail did not go out changes nothing."""
        world = self._world
        subject, message = _text(given, "subject", SUBJECT_CHARS), _text(given, "message", MESSAGE_BYTES)
        _one_of(given, "from", SIDES, "user")
        wanted, fields = self._values(given), self._own_fields(given)
        additional = str(given.get("additional_id") or "")
        if len(additional) > ADDITIONAL_CHARS:
            raise Refusal("additional_id is too long", 3)
        ticket = world.add_ticket(subject, message, self._client_of(given))
        for name, value in {"status": NEW, **wanted}.items():
            setattr(ticket, name, value)
        ticket.tags, ticket.fields, ticket.additional, ticket.by_client = _tags(given), fields, additional, True
        undelivered = world.undelivered or world.chance.random() < NOT_DELIVERED
        self._traffic.wrote("create/ticket", id=ticket.id, tags=ticket.tags, additional_id=additional)
        world.hooks.tell("ticket", {"ticket": world.rows.ticket(ticket)})
        told = "not delivered" if undelivered else "delivered"
        return {"status": "success", "ticket_id": world.rows.ident(ticket.id), "message_status": told}

    def update_ticket(self, given: Given) -> dict[str, Any]:
        """Other values; `tag` is the whole set. Unless told to be silent, a new ticket opens by itself."""
        ticket = self._ticket(given)
        values: dict[str, Any] = dict(self._values(given))
        if "tag" in given:
            values["tags"] = _tags(given)
        if own := self._own_fields(given):
            values["fields"] = {**ticket.fields, **own}
        if ticket.status == NEW and "status" not in values and not _true(given.get("silent")):
            values["status"] = OPEN
        names = {"status": "status_id", "assignee": "assignee_id", "kind": "type"}
        self._world.set_fields(ticket, None, **{names.get(name, name): value for name, value in values.items()})
        self._traffic.wrote("update/ticket", id=ticket.id, fields=sorted(values), silent=_true(given.get("silent")))
        return {"status": "success"}

    def create_comment(self, given: Given) -> dict[str, Any]:
        """A new comment; private unless told otherwise."""
        ticket, message = self._ticket(given), _text(given, "message", MESSAGE_BYTES)
        kind = _one_of(given, "type", ("public", "private"), "private")
        side = _one_of(given, "from", SIDES, "user")
        user = int(given.get("user_id") or next(iter(AGENTS))) if side == "user" else None
        comment = self._world.add_comment(ticket, message, side, kind, user)
        self._traffic.wrote("create/comment", id=comment.id, ticket=ticket.id, side=side, kind=kind)
        return {"status": "success", "comment_id": self._world.rows.ident(comment.id)}

    def ticket(self, given: Given) -> dict[str, Any]:
        """One ticket with all that belongs to it."""
        return self._world.rows.whole(self._ticket(given))

    def tickets(self, given: Given) -> list[Any]:
        """The list, a hundred rows. Deleted ones are in it only when they are asked for, the newest not yet."""
        world = self._world
        world.churn()
        found = [one for one in world.tickets.values() if self._is_wanted(one, given)]
        sort = _one_of(given, "sort", ("id", "status_id", "client_id", "assignee_id", "last_updated_at"), "id")
        keys = {"last_updated_at": "updated", "status_id": "status", "client_id": "client", "assignee_id": "assignee"}
        name = keys.get(sort, "id")
        backwards = _one_of(given, "order", ("asc", "desc"), "desc") == "desc"
        found.sort(key=lambda one: (getattr(one, name) or 0, one.id) if name != "updated" else (one.updated, one.id))
        ordered = found[::-1] if backwards else found
        offset = _number(given, "offset", 0)
        rows, clients = world.rows, world.clients
        return [rows.listed(one, clients[one.client]) for one in ordered[offset : offset + PAGE]]

    def _is_wanted(self, ticket: Ticket, given: Given) -> bool:
        chosen = {int(one) for one in str(given.get("fstatus") or "").split(",") if one.strip().isdigit()}
        if ticket.gone or ticket.shown_at > time.monotonic() or (ticket.status == DELETED and DELETED not in chosen):
            return False
        bounds = (
            (ticket.created, _minute(given, "created_after"), _minute(given, "created_before")),
            (ticket.updated, _minute(given, "updated_after"), _minute(given, "updated_before")),
        )
        return (
            (not chosen or ticket.status in chosen)
            and (not given.get("tag") or str(given["tag"]) in ticket.tags)
            and (not given.get("client_id") or str(given["client_id"]) == str(ticket.client))
            and (not given.get("fgroup") or str(ticket.group) in str(given["fgroup"]).split(","))
            and all((low is None or at >= low) and (high is None or at < high + MINUTE) for at, low, high in bounds)
        )

    def _ticket(self, given: Given) -> Ticket:
        try:
            return self._world.ticket(given.get("ticket_id"))
        except LookupError:
            raise Refusal("Ticket not found", 4) from None

    def _values(self, given: Given) -> dict[str, Any]:
        """The fields that are given, checked."""
        found: dict[str, Any] = {}
        if given.get("priority"):
            found["priority"] = _one_of(given, "priority", PRIORITIES, "medium")
        if given.get("type"):
            found["kind"] = _one_of(given, "type", TYPES, "question")
        for key, name, known in (
            ("status", "status", STATUSES),
            ("group_id", "group", GROUPS),
            ("channel_id", "channel", CHANNELS),
        ):
            if given.get(key) is not None:
                found[name] = _known(given, key, known)
        if given.get("assignee_id") is not None:
            cleared = given["assignee_id"] == "null"
            found["assignee"] = None if cleared else _known(given, "assignee_id", AGENTS)
        return found

    def _own_fields(self, given: Given) -> dict[int, str]:
        if not given.get("field_id"):
            return {}
        ids, values = str(given["field_id"]).split(";"), str(given.get("field_value", "")).split(";")
        if len(ids) != len(values):
            raise Refusal("field_id and field_value differ in length", 3)
        return {_known({"field_id": one}, "field_id", FIELDS): value for one, value in zip(ids, values, strict=True)}

    # --- clients and the rest -----------------------------------------------------------------------

    def _client_of(self, given: Given) -> Client:
        if given.get("client_id") == "new_client":
            return self._world.add_client(_text(given, "client_name", SUBJECT_CHARS))
        try:
            return self._world.clients[int(str(given.get("client_id")))]
        except (ValueError, KeyError):
            raise Refusal("Client not found", 4) from None

    def create_client(self, given: Given) -> dict[str, Any]:
        """A new client."""
        client = self._world.add_client(_text(given, "name", SUBJECT_CHARS), phone=str(given.get("phone") or ""))
        return {"status": "success", "client_id": self._world.rows.ident(client.id)}

    def clients(self, given: Given) -> list[Any]:
        """Clients whose name is, or holds, what is asked for."""
        query, offset = str(given.get("query") or ""), _number(given, "offset", 0)
        full = _one_of(given, "search_type", ("partial_match", "full_match"), "partial_match") == "full_match"
        found = [one for one in self._world.clients.values() if (one.name == query if full else query in one.name)]
        return [self._world.rows.client(one) for one in found[offset : offset + PAGE]]

    def client(self, given: Given) -> list[Any]:
        """An array with one client."""
        one = self._world.clients.get(_number(given, "client_id", 0))
        if one is None:
            raise Refusal("Client not found", 4)
        return [self._world.rows.client(one)]

    def _channels(self) -> list[Any]:
        ident = self._world.rows.ident
        return [
            {"channel_id": ident(key), "channel_name": name, "channel_type": kind}
            for key, (name, kind) in CHANNELS.items()
        ]

    def _fields(self) -> list[Any]:
        ident = self._world.rows.ident
        return [
            {"custom_field": {"id": ident(key), "name": name, "ticket_field_type_id": 1}, "field_options": []}
            for key, name in FIELDS.items()
        ]


MINUTE = timedelta(minutes=1)


async def body_of(request: Request) -> dict[str, Any]:
    """What was sent, as JSON or as a form."""
    raw = await request.body()
    if "json" in request.headers.get("content-type", ""):
        try:
            found = json.loads(raw or b"{}")
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


def refused(text: str, code: int) -> Response:
    """An error, with HTTP 200."""
    return Response(dump({"error": text, "code": code}), media_type="application/json")


def wrong_key() -> Response:
    """A key that is not (or no longer) valid."""
    return refused("Неверный api_token", 1)


def too_many() -> Response:
    """Too many calls; nothing says for how long."""
    return Response(dump({"error": "Too Many Requests"}), 429, media_type="application/json")


def _text(given: Given, name: str, most_bytes: int) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(f"{name} is required", 2)
    if len(value) > most_bytes or (name == "message" and len(value.encode()) > most_bytes):
        raise Refusal(f"{name} is too long", 3)
    return value


def _one_of(given: Given, name: str, known: Sequence[str], usual: str) -> str:
    value = str(given.get(name) or usual)
    if value not in known:
        raise Refusal(f"{name} is invalid", 3)
    return value


def _known(given: Given, name: str, known: Any) -> int:
    number = _number(given, name, 0)
    if number not in known:
        raise Refusal(f"{name} is invalid", 3)
    return number


def _number(given: Given, name: str, usual: int) -> int:
    text = str(given.get(name, usual))
    if not text.isdigit():
        raise Refusal(f"{name} is invalid", 3)
    return int(text)


def _tags(given: Given) -> list[str]:
    named = (one.strip() for one in str(given.get("tag") or "").split(","))
    return list(dict.fromkeys(one for one in named if one))


def _minute(given: Given, name: str) -> datetime | None:
    """A bound as filters take it: UTC, to the minute."""
    if not given.get(name):
        return None
    try:
        return datetime.strptime(str(given[name]), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    except ValueError:
        raise Refusal(f"{name} is invalid", 3) from None


def _true(value: Any) -> bool:
    return value in (True, 1, "1", "true")
