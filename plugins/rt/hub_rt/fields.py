"""What a ticket of RT is to be, as fields of its own, and what of that it is not yet. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hub.sdk import Delivery
from hub_rt.config import RtConfig, Target
from hub_rt.tickets import NOBODY, queue_name
from hub_rt.values import custom, mapping, ref, text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Values of a ticket: plain fields by RT's name, custom fields by theirs."""

    plain: Mapping[str, Any] = field(default_factory=dict)
    custom: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """Return them as RT takes them; a field of one value as text."""
        fields = {name: values[0] if len(values) == 1 else list(values) for name, values in self.custom.items()}
        return {**self.plain, **({"CustomFields": fields} if fields else {})}

    def names(self) -> list[str]:
        return [*self.plain, *self.custom]

    def is_empty(self) -> bool:
        return not self.plain and not self.custom

    def unless_changed(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> "Wanted":
        """Return these without what somebody changed between two readings of the ticket."""
        return Wanted(
            {name: value for name, value in self.plain.items() if _plain(before, name) == _plain(after, name)},
            {name: value for name, value in self.custom.items() if custom(before, name) == custom(after, name)},
        )


def initial(delivery: Delivery, config: RtConfig, owner: str | None) -> Wanted:
    """Return what a new ticket gets beside its text and place."""
    ticket, names = delivery.ticket, config.fields
    values: dict[str | None, Sequence[str]] = {
        names.ticket: [str(ticket.id)],
        names.platform: [ticket.platform],
        names.link: [ticket.url] if ticket.url else [],
        names.stars: [f"{ticket.rating:g}"] if ticket.rating is not None else [],
        names.tags: list(ticket.tags),
        names.category: [config.categories.get(ticket.category, ticket.category)] if ticket.category else [],
        names.id: [delivery.marker],
    }
    return Wanted(
        {"Priority": config.numbers[ticket.priority], **({"Owner": owner} if owner else {})},
        {name: given for name, given in values.items() if name is not None and given},
    )


def changed(delivery: Delivery, config: RtConfig, ticket: Mapping[str, Any], target: Target | None) -> Wanted:
    """Return what a change asks for. Tags are added: those that people gave in RT stay."""
    changes, names = delivery.changes, config.fields
    plain: dict[str, Any] = {}
    if target is not None:
        plain["Queue"] = target.queue
        plain |= {"Owner": target.owner} if target.owner else {}
    if changes.get("priority") is not None:
        plain["Priority"] = config.numbers[changes["priority"]]
    if "assignee" in changes:
        plain["Owner"] = changes["assignee"] or NOBODY
    status = _status(changes, config, ticket)
    plain |= {"Status": status} if status else {}
    fields: dict[str, Sequence[str]] = {}
    if names.tags is not None and changes.get("tags") is not None:
        there = custom(ticket, names.tags)
        fields[names.tags] = [*there, *(tag for tag in changes["tags"] if tag not in there)]
    if names.category is not None and changes.get("category") is not None:
        fields[names.category] = [config.categories.get(changes["category"], changes["category"])]
    return Wanted(plain, fields)


def differing(wanted: Wanted, ticket: Mapping[str, Any]) -> Wanted:
    """Return what of *wanted* the ticket does not have."""
    return Wanted(
        {name: value for name, value in wanted.plain.items() if text(value).casefold() not in _plain(ticket, name)},
        {name: given for name, given in wanted.custom.items() if not _has(custom(ticket, name), given)},
    )


def dropped(wanted: Wanted, ticket: Mapping[str, Any]) -> Wanted:
    """Return what of *wanted* RT dropped when the ticket was made: what has no value at all. Another value is what
    people, or rules of the site, set since."""
    nobody = NOBODY.casefold() in _plain(ticket, "Owner")
    return Wanted(
        {name: value for name, value in wanted.plain.items() if name == "Owner" and nobody},
        {name: given for name, given in wanted.custom.items() if not custom(ticket, name)},
    )


def _status(changes: Mapping[str, Any], config: RtConfig, ticket: Mapping[str, Any]) -> str | None:
    """Return the status for the state that is asked for; None where the ticket's own status means that already."""
    state = changes.get("state")
    if state is None or config.state_of(text(ticket.get("Status"))) == state:
        return None
    if state == "closed" and changes.get("category") == "spam" and "closed" not in config.statuses:
        return "rejected"
    return config.status_of(state)


def _plain(ticket: Mapping[str, Any], name: str) -> set[str]:
    """Return the ways in which the ticket says the value of a plain field."""
    value = ticket.get(name)
    said = {queue_name(ticket), ref(value)} if name == "Queue" else {ref(value), text(mapping(value).get("Name"))}
    return {one.casefold() for one in said if one}


def _has(there: Sequence[str], given: Sequence[str]) -> bool:
    """Return whether all of *given* is among the values; RT strips spaces and compares without regard to case."""
    known = {value.strip().casefold() for value in there}
    return all(value.strip().casefold() in known for value in given)
