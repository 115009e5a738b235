"""What rules look at: one ticket as plain values, from the store, from a file of texts, or from a rule's own example.

None is "nobody knows", and no condition holds for it.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, get_args

from hub.routing.clock import Moment, Said
from hub.routing.policy import PROMISES, Promise
from hub.sdk.config import parse_duration
from hub.sdk.findings import shown
from hub.sdk.nearest import did_you_mean, listed
from hub.sdk.ticket import Kind, Message, Sentiment, State, Ticket

DECIDED = ("category", "priority", "score", "queue", "assignee", "state", "tags")
"""Fields of a ticket that rules decide, and that a person may have pinned."""

STANDINGS = ("warning", "breached")
"""How far a deadline that waits may have come."""

STARS = 5
"""Most stars that a rating has."""

ANY_SERIES = ("any", "")
"""Stands among the series that surge for those of whatever ticket: an example says no more."""

_OF_CUSTOMER = ("known", "first_contact", "in_week", "open_tickets", "tickets", "do_not_call", "loyalty")


class FactsError(ValueError):
    """A value that is no fact. ``key`` is where it stands; the message is for a person."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Customer:
    """What is known of who wrote, from all tickets of theirs and from a CRM.

    Attributes:
        known: whether it is known who this is; what an escalation asks of the known is only proposed for others.
        in_week: tickets in the last seven days, this one included.
        open_tickets: this one not counted.
        tickets: all of them, this one included.
        do_not_call: whether the customer wants no calls, as a CRM says.
        loyalty: levels of loyalty and segments, as CRMs say.
    """

    known: bool = False
    first_contact: bool | None = None
    in_week: int | None = None
    open_tickets: int | None = None
    tickets: int | None = None
    do_not_call: bool | None = None
    loyalty: tuple[str, ...] = ()


@dataclass(slots=True)
class Facts:
    """One ticket as rules see it.

    Attributes:
        texts: what the customer wrote, hidden messages left out, oldest first.
        place: the outlet's key and name.
        author: the customer's key, name and handle.
        engagement: likes, comments and the like, added up.
        customer_messages: how many the customer wrote.
        unanswered: how many of them came after our last public answer.
        waiting: since the oldest of those.
        messages: all of them, for the clock.
        states: since when the ticket stood in which state, for the clock.
        pinned: decided fields that a person set, with their values.
        deadline: how far deadlines have come, ``warning`` or ``breached``; None: as the clock says.
        surging: kind and name of every series (a platform, a queue, a tag) that more comes in of than usual.
    """

    connector: str | None = None
    instance: str | None = None
    platform: str | None = None
    kind: str | None = None
    title: str | None = None
    texts: tuple[str, ...] = ()
    url: str | None = None
    thread: str | None = None
    language: str | None = None
    rating: float | None = None
    sentiment: str | None = None
    place: tuple[str, ...] = ()
    city: str | None = None
    country: str | None = None
    source_tags: tuple[str, ...] | None = None
    state: str | None = None
    author: tuple[str, ...] = ()
    followers: int | None = None
    reach: int | None = None
    engagement: int | None = None
    attachments: int | None = None
    withheld: bool | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    customer_messages: int | None = None
    unanswered: int | None = None
    waiting: timedelta | None = None
    age: timedelta | None = None
    messages: tuple[Said, ...] = ()
    states: tuple[tuple[datetime, State], ...] = ()
    customer: Customer = field(default_factory=Customer)
    pinned: Mapping[str, Any] = field(default_factory=dict)
    deadline: Mapping[Promise, str] | None = None
    created_at: datetime | None = None
    now: datetime | None = None
    surging: frozenset[tuple[str, str]] | None = None


# --- from a ticket --------------------------------------------------------------------------------------------------


def facts_of(
    ticket: Ticket, *, now: datetime, customer: Customer | None = None, states: Sequence[tuple[datetime, State]] = ()
) -> Facts:
    """Return what rules see of *ticket* at *now*.

    Args:
        now: aware, UTC.
        customer: what the store knows of who wrote; by default that nobody knows.
        states: when the ticket's state changed, oldest first.
    """
    shown_messages = [message for message in ticket.messages if not message.hidden]
    said = [message for message in shown_messages if message.direction == "in"]
    waiting = _waiting(shown_messages)
    author = next((message.author for message in said if message.author), None)
    place = ticket.place
    return Facts(
        connector=ticket.connector,
        instance=ticket.instance,
        platform=ticket.platform,
        kind=ticket.kind,
        title=ticket.title,
        texts=tuple(message.body for message in said if message.body),
        url=ticket.url,
        thread=ticket.thread,
        language=ticket.language,
        rating=ticket.rating,
        sentiment=ticket.sentiment,
        place=_names(place.key, place.name) if place else (),
        city=place.city if place else None,
        country=place.country if place else None,
        source_tags=ticket.source_tags,
        state=ticket.state,
        author=_names(author.key, author.name, author.handle) if author else (),
        followers=largest(message.author.followers for message in said if message.author),
        reach=largest(message.reach for message in said),
        engagement=largest(sum(message.engagement.values()) for message in said if message.engagement is not None),
        attachments=sum(len(message.attachments) for message in said),
        withheld=any(message.withheld for message in said),
        extra=ticket.extra,
        customer_messages=len(said),
        unanswered=len(waiting),
        waiting=max(now - waiting[0].created_at, timedelta()) if waiting else None,
        age=max(now - ticket.created_at, timedelta()),
        messages=ticket.messages,
        states=tuple(states),
        customer=customer or Customer(),
        pinned={name: getattr(ticket, name) for name in ticket.set_by_hand if name in DECIDED},
        created_at=ticket.created_at,
        now=now,
    )


def _waiting(messages: Sequence[Message]) -> list[Message]:
    """The customer's messages since our last public answer, oldest first."""
    found: list[Message] = []
    for message in messages:
        if message.direction == "out":
            found = []
        elif message.direction == "in":
            found.append(message)
    return found


def _names(*names: str | None) -> tuple[str, ...]:
    return tuple(name for name in names if name)


def largest(values: Iterable[int | None]) -> int | None:
    """Return the largest of the *values* that are known; None where none is."""
    return max((value for value in values if value is not None), default=None)


# --- from a row or an example ---------------------------------------------------------------------------------------


def facts_from(
    row: Mapping[str, Any],
    *,
    strict: bool = False,
    now: datetime | None = None,
    kind: str | None = None,
    tell: Callable[[FactsError], object] | None = None,
) -> Facts:
    """Return the facts of a row of a file or of a rule's example.

    Args:
        row: ``text``, or ``title`` and ``body``, and any key of ``FACT_KEYS``. None and empty values are unknown;
            numbers, spans and booleans may be text, as a CSV has them.
        strict: for examples. Without it keys that are no facts are passed over, and values that cannot be read are
            unknown: a file of texts has columns of its own.
        now: what ``age`` and ``waiting`` are measured at where the row has ``created_at``; without it both are unknown
            unless the row has them.
        kind: of a row that says none.
        tell: is told of every value that cannot be read, unless *strict*.
    Raises:
        FactsError: *strict*, and a key is no fact or a value cannot be read.
    """
    values: dict[str, Any] = {}
    for key, raw in row.items():
        fact = _FACTS.get(key)
        if fact is None:
            if strict:
                raise FactsError(key, f"unknown key{did_you_mean(key, FACT_KEYS) or ';'} valid: {listed(FACT_KEYS)}")
        elif raw is not None and not (isinstance(raw, str) and not raw.strip()):
            try:
                values[fact.to] = (*values.get(fact.to, ()), *fact.read(raw)) if fact.to == "texts" else fact.read(raw)
            except (TypeError, ValueError, LookupError, OverflowError) as error:
                wrong = FactsError(key, f"is {shown(raw)}; {fact.wanted}")
                if strict:
                    raise wrong from error
                if tell:
                    tell(wrong)
    if kind:
        values.setdefault("kind", kind)
    return _assembled(values, now)


def _assembled(values: dict[str, Any], now: datetime | None) -> Facts:
    customer = Customer(**{name: values.pop(name) for name in _OF_CUSTOMER if name in values})
    created_at = values.get("created_at")
    if now and created_at:
        values.setdefault("age", max(now - created_at, timedelta()))
        values.setdefault("waiting", values["age"])
        values["messages"] = (Moment("in", created_at),)
    values.setdefault("customer_messages", len(values.get("texts", ())) or None)
    values.setdefault("unanswered", values["customer_messages"])
    return Facts(**values, customer=customer, now=now)


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError
    return str(value)


def _word(value: Any) -> str:
    return _text(value).strip()


def _word_of(known: Sequence[str]) -> Callable[[Any], str]:
    """Return what reads one of *known* words, in whatever capitals."""

    def read(value: Any) -> str:
        word = _word(value).casefold()
        if word not in known:
            raise ValueError
        return word

    return read


def _stars(value: Any) -> float:
    stars = _number(value)
    if not 0 <= stars <= STARS:
        raise ValueError
    return stars


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, value)) if isinstance(value, list | tuple) else (_text(value),)


def _words(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    return tuple(word for word in map(_word, value) if word)


def _one(value: Any) -> tuple[str, ...]:
    return tuple(map(_word, value)) if isinstance(value, list | tuple) else (_word(value),)


def _number(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError
    number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    if not math.isfinite(number):
        raise ValueError
    return number


def _count(value: Any) -> int:
    if isinstance(value, Mapping):  # engagement, as a message has it
        return sum(map(_count, value.values()))
    if isinstance(value, list | tuple):  # attachments
        return len(value)
    return int(_number(value))


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    return _FLAGS[str(value).strip().lower()]


def _surging(value: Any) -> frozenset[tuple[str, str]]:
    return frozenset((ANY_SERIES,)) if _flag(value) else frozenset()


def _instant(value: Any) -> datetime:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def _standings(value: Any) -> Mapping[str, str]:
    return {_word_of(PROMISES)(promise): _word_of(STANDINGS)(standing) for promise, standing in _table(value).items()}


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise TypeError
    return value


_FLAGS = {
    **dict.fromkeys(("true", "yes", "1", "да"), True),
    **dict.fromkeys(("false", "no", "0", "нет"), False),
}


class _Fact(NamedTuple):
    to: str
    read: Callable[[Any], Any]
    wanted: str


def _facts(wanted: str, read: Callable[[Any], Any], keys: str, **renamed: str) -> dict[str, _Fact]:
    return {key: _Fact(to, read, wanted) for key, to in {**{key: key for key in keys.split()}, **renamed}.items()}


def _choice(key: str, known: Sequence[str]) -> dict[str, _Fact]:
    return _facts(f"valid: {listed(known)}", _word_of(known), key)


_FACTS: dict[str, _Fact] = {
    **_facts("write text", _texts, "", text="texts", body="texts"),
    **_facts("write text", _text, "title url thread"),
    **_facts("write a word", _word, "platform connector instance language city country"),
    **_choice("kind", get_args(Kind)),
    **_choice("sentiment", get_args(Sentiment)),
    **_choice("state", get_args(State)),
    **_facts("write a name, or a list of names", _one, "place author"),
    **_facts("write a list of words", _words, "source_tags"),
    **_facts("write a number from 0 to 5", _stars, "rating"),
    **_facts("write a whole number", _count, "followers reach engagement attachments unanswered"),
    **_facts("write a whole number", _count, "open_tickets", messages="customer_messages", contacts_in_week="in_week"),
    **_facts("write a whole number", _count, "", customer_tickets="tickets"),
    **_facts("write true or false", _flag, "first_contact withheld do_not_call", customer_known="known"),
    **_facts("write a list of words", _words, "loyalty"),
    **_facts("write true or false", _surging, "", surge="surging"),
    **_facts('write a span of time such as "30m"', parse_duration, "waiting age"),
    **_facts("write a time such as 2026-11-25T10:00:00Z", _instant, "created_at"),
    **_facts("write a table such as {first_response: breached}", _standings, "deadline"),
    **_facts("write a table", _table, "extra"),
}
FACT_KEYS = tuple(sorted(_FACTS))
"""Keys of a row or an example that are facts."""
