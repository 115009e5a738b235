"""Tickets, comments and clients as the account writes them; ids are numbers or text at random (sheet, section 7)."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import Any

from .model import AGENTS, COMPANY, FIELDS, Client, Comment, Ticket


class Rows:
    """Renders; *chance* decides the form of each id."""

    def __init__(self, chance: random.Random) -> None:
        """Render for one account."""
        self._chance = chance

    def ident(self, number: int | None) -> int | str | None:
        """An id as a number or as text."""
        return number if number is None or self._chance.random() < 0.5 else str(number)

    def listed(self, ticket: Ticket, client: Client) -> dict[str, Any]:
        """A row of the list, which says `status`."""
        last = ticket.comments[-1].message if ticket.comments else ""
        return {
            "id": self.ident(ticket.id),
            "status": self.ident(ticket.status),
            "priority": ticket.priority,
            "type": ticket.kind,
            "subject": ticket.subject,
            "client_id": self.ident(client.id),
            "client_name": client.name,
            "assignee_id": self.ident(ticket.assignee),
            "group": self.ident(ticket.group),
            "channel_id": self.ident(ticket.channel),
            "channel_email": "",
            "created_at": stamp(ticket.created),
            "last_updated_at": stamp(ticket.updated),
            "last_comment": last[:200],
            "tags": [{"name": tag} for tag in ticket.tags],
            "ticket_fields": self.fields(ticket),
            "remind_at": None,
        }

    def whole(self, ticket: Ticket) -> dict[str, Any]:
        """A single ticket, which says `status_id`."""
        return {
            "ticket": self.ticket(ticket),
            "comments": [self.comment(ticket, one) for one in ticket.comments],
            "tags": [{"name": tag} for tag in ticket.tags],
            "changes": ticket.changes,
            "custom_fields": self.fields(ticket),
        }

    def ticket(self, ticket: Ticket) -> dict[str, Any]:
        """The ticket's own part, as webhooks have it too."""
        return {
            "id": self.ident(ticket.id),
            "status_id": self.ident(ticket.status),
            "subject": ticket.subject,
            "client_id": self.ident(ticket.client),
            "assignee_id": self.ident(ticket.assignee),
            "group": self.ident(ticket.group),
            "last_updated_at": stamp(ticket.updated),
            "published_at": stamp(ticket.created),
            "email": "",
            "company_id": self.ident(COMPANY),
            "channel_id": self.ident(ticket.channel),
            "additional_id": ticket.additional or None,
            "priority": ticket.priority,
            "type": ticket.kind,
        }

    def comment(self, ticket: Ticket, comment: Comment) -> dict[str, Any]:
        """A comment."""
        return {
            "id": self.ident(comment.id),
            "message": comment.message,
            "from": comment.side,
            "type": comment.kind,
            "user_id": self.ident(comment.user),
            "client_id": self.ident(comment.client),
            "ticket_id": self.ident(ticket.id),
            "is_first": self._chance.choice((1, True)) if comment.first else self._chance.choice((0, False)),
            "delivered": 1,
            "readed": 0,
            "published_at": stamp(comment.at),
            "files": [],
        }

    def fields(self, ticket: Ticket) -> list[dict[str, Any]]:
        """The account's own fields that hold something."""
        held = ticket.fields.items()
        return [{"id": self.ident(key), "name": FIELDS[key], "value": value} for key, value in held]

    def client(self, client: Client) -> dict[str, Any]:
        """A client."""
        return {
            "id": self.ident(client.id),
            "name": client.name,
            "tickets": [self.ident(one) for one in client.tickets],
            "phone": client.phone,
            "emails": [{"email": one} for one in client.emails],
        }

    def agents(self) -> list[dict[str, Any]]:
        """Everybody who works here."""
        return [
            {"id": self.ident(key), "name": name, "email": f"agent{key}@example.org"} for key, name in AGENTS.items()
        ]


def stamp(at: datetime) -> str:
    """UTC without saying so."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
