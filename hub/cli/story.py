"""One ticket in full, told for a person."""

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from hub.cli import story_answers
from hub.cli.output import console, counted, local, one_line, printable, width

if TYPE_CHECKING:
    from hub.sdk import Message, Ticket
    from hub.store import TicketEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTH = 100
_VALUE = 60  # characters of an old or new value
_DIRECTIONS = {"in": "customer", "out": "our answer", "note": "note"}

Line = tuple[str, str]
"""A line and its style."""


def print_story(ticket: "Ticket", events: "Sequence[TicketEvent]", zone: tzinfo) -> None:
    """Print *ticket* with its messages and events; times in *zone*."""
    lines = [*_head(ticket, zone), *_links(ticket), *_messages(ticket, zone), *_events(ticket, events, zone)]
    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(text for text, _ in lines) + "\n")
        return
    out = console()
    for text, style in lines:
        out.print(text, style=style or None, soft_wrap=True)


def _head(ticket: "Ticket", zone: tzinfo) -> Iterator[Line]:
    score = "" if ticket.score is None else f" (score {ticket.score})"
    yield f"Ticket {ticket.id}", "bold"
    yield f"{ticket.kind} on {one_line(ticket.platform)}, {ticket.state}, priority {ticket.priority}{score}", ""
    if ticket.title:
        yield one_line(ticket.title), "bold"
    for name, value in _facts(ticket, zone):
        yield f"{name}: {one_line(value)}", ""


def _facts(ticket: "Ticket", zone: tzinfo) -> Iterator[tuple[str, str]]:
    place = ticket.place
    facts: list[tuple[str, object]] = [
        ("rating", None if ticket.rating is None else f"{ticket.rating:g} of 5"),
        ("sentiment", ticket.sentiment),
        ("place", ", ".join(filter(None, (place.name, place.address, place.city))) if place else None),
        ("language", ticket.language),
        ("category", ticket.category),
        ("queue", ticket.queue),
        ("assignee", ticket.assignee),
        ("tags", ", ".join(ticket.tags)),
        ("due", _due(ticket, zone)),
        ("decided by", _decided(ticket)),
        ("tags at the source", ", ".join(ticket.source_tags)),
        ("read by", f"{ticket.instance} ({ticket.connector})"),
        ("link", ticket.url),
    ]
    yield from ((name, str(value)) for name, value in facts if value)


def _due(ticket: "Ticket", zone: tzinfo) -> str:
    sla = ticket.sla
    if sla is None:
        return ""
    dues = (
        ("first response", sla.first_response_due),
        ("next response", sla.next_response_due),
        ("resolution", sla.resolution_due),
    )
    told = ", ".join(f"{name} {local(at, zone)}" for name, at in dues if at)
    return f"{told or 'nothing'} (policy {sla.policy})"


def _decided(ticket: "Ticket") -> str:
    if ticket.decision is None:
        return ""
    return f"{', '.join(ticket.decision.rules) or 'no rule'} (rules {ticket.decision.ruleset})"


def _links(ticket: "Ticket") -> Iterator[Line]:
    for link in ticket.links:
        facts = [link.state, link.department, link.assignee, link.url]
        told = ", ".join(one_line(fact) for fact in facts if fact)
        yield f"{link.role} to {link.instance}: {one_line(link.external_id)}" + (f" ({told})" if told else ""), ""


def _messages(ticket: "Ticket", zone: tzinfo) -> Iterator[Line]:
    for message in ticket.messages:
        yield "", ""
        yield _speaker(message, zone), "bold"
        if message.author and message.author.key:
            yield f"  key {one_line(message.author.key)}", "dim"
        yield from ((f"  {line}", "") for line in _body(message))


def _speaker(message: "Message", zone: tzinfo) -> str:
    author = message.author
    who = one_line((author.name or author.handle or author.key) if author else "") or "unknown"
    marks = [_DIRECTIONS[message.direction]]
    marks += [f"★ {message.rating:g}"] if message.rating is not None else []
    marks += [message.sentiment] if message.sentiment else []
    marks += ["hidden at the source"] if message.hidden else []
    return f"{local(message.created_at, zone)}  {who} ({', '.join(marks)})"


def _body(message: "Message") -> Iterator[str]:
    if message.withheld and not message.body:
        yield "[the vendor holds the text back]"
    elif not message.body:
        yield "[no text]"
    for paragraph in printable(message.body).splitlines():
        yield from wrap(paragraph, min(width(), _WIDTH) - 2) or [""]


def _events(ticket: "Ticket", events: "Sequence[TicketEvent]", zone: tzinfo) -> Iterator[Line]:
    if not events:
        return
    yield "", ""
    yield "What happened", "bold"
    numbers = {str(message.id): number for number, message in enumerate(ticket.messages, 1)}
    for event in events:
        for number, text in enumerate(told(event, numbers, zone)):
            yield f"{local(event.at, zone) if number == 0 else ' ' * 16}  {text}", ""


def told(event: "TicketEvent", numbers: dict[str, int], zone: tzinfo) -> Iterator[str]:
    """Yield *event* in words: what happened, then each changed field with its old and new value.

    Args:
        numbers: which message of the ticket an id is, counted from 1.
    """
    which = numbers.get(str(event.data.get("message", "")))
    message = f"message {which}" if which else "a message"
    match event.kind:
        case "created":
            number = int(event.data.get("messages", 1))
            yield f"read for the first time, with {counted(number, 'message', 'messages')} ({event.cause})"
        case "message_added":
            yield f"{message} came ({event.cause})"
        case "message_changed":
            yield f"{message} changed ({event.cause})"
        case "changed":
            yield f"the ticket changed ({event.cause})"
        case "escalation_proposed":
            to, department = one_line(str(event.data["to"])), event.data["department"]
            option = f" --department {one_line(department)}" if department else ""
            yield f'proposed for {to} ({event.cause}); "hub tickets escalate ID --to {to}{option}" opens a case there'
        case "set" | "handed_back" as kind:
            names = ", ".join(event.data.get("pinned", ()))
            yield f"{names}: {'set by a person' if kind == 'set' else 'left to rules again by a person'}"
        case _ if event.kind in story_answers.KINDS:
            yield from story_answers.told(event)
        case _ if event.cause == "destination":
            yield from _elsewhere(event)
        case kind:
            yield f"{kind.replace('_', ' ')} ({event.cause})"
    for name, values in event.data.get("fields", {}).items():
        yield f"  {name.replace('_', ' ')}: {_value(name, values[0], zone)} → {_value(name, values[1], zone)}"


def _elsewhere(event: "TicketEvent") -> Iterator[str]:
    """Yield what happened to the ticket's case at a destination."""
    where = event.data.get("instance", "")
    case = one_line(str(event.data.get("external_id", "")))
    match event.kind:
        case "escalated" | "delivered" as role:
            department = event.data.get("department")
            yield f"{role} to {where}" + (f", {one_line(department)}" if department else "") + f": {case} exists there"
        case "duplicate_case":
            yield f"{where} has a second case of it: {case}; close one of them there"
        case "case_read":
            facts = event.data.get("facts", {})
            known = (facts.get("status") or facts.get("state"), facts.get("department"), facts.get("assignee"))
            told = ", ".join(one_line(str(fact)) for fact in known if fact)
            yield f"{case} is followed ({where})" + (f": {told}" if told else "")
        case "case_changed":
            yield f"{case} changed ({where})"
        case "comment_sent":
            number = len(event.data.get("messages", ()))
            yield f"{counted(number, 'message was', 'messages were')} told to {where}"
        case "change_sent":
            changes = "; ".join(
                f"{name}: {_value(name, new, UTC)}" for name, new in event.data.get("changes", {}).items()
            )
            yield f"{where} was told of changes: {changes}"
        case "set_aside":
            yield f"the {event.data.get('effect')} for {where} was set aside: {one_line(str(event.data.get('reason')))}"
        case "dropped":
            yield f"the {event.data.get('effect')} for {where} was dropped by a person"
        case kind:
            yield f"{kind.replace('_', ' ')} ({where})"


def _value(name: str, value: Any, zone: tzinfo) -> str:
    if value is None or value == []:
        return "nothing"
    if name.endswith("_at") and isinstance(value, int):
        return local(_EPOCH + timedelta(microseconds=value), zone)
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    text = one_line(str(value))
    return text if len(text) <= _VALUE else text[:_VALUE] + "…"
