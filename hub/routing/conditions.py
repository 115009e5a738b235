"""Conditions as compiled: each says whether it holds for a case. Pure and cheap; the text was read once, before.

A fact that nobody knows satisfies no condition, so that ``not`` of it holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from hub.routing.facts import ANY_SERIES, Facts
from hub.routing.features import Features
from hub.routing.matcher import Reading
from hub.routing.policy import PROMISES, Promise
from hub.routing.rule_models import NOWHERE, Scale

Scope = Literal["text", "title"]
Mode = Literal["any", "all", "none"]

# --- what conditions look at ----------------------------------------------------------------------------------------


class Case:
    """A ticket while rules are read: its facts, what was found in its text, and what the rules so far have made of it.

    Attributes:
        fields: those with one value, by name; pinned ones from the start.
        matched: rules that matched so far, by name.
        barred: whether rules that close are passed over.
        known: whether the customer is; may be assumed, to see what would be if it were.
    """

    __slots__ = (
        "_title",
        "_words",
        "aging",
        "barred",
        "ceiling",
        "facts",
        "fields",
        "floor",
        "has_text",
        "known",
        "matched",
        "points",
        "reading",
        "scale",
        "tags",
    )

    def __init__(self, facts: Facts, reading: Reading, scale: Scale, *, barred: bool = False) -> None:
        self.facts = facts
        self.reading = reading
        self.scale = scale
        self.fields: dict[str, Any] = dict(facts.pinned) if facts.pinned else {}
        self.tags: dict[str, None] = dict.fromkeys(self.fields.pop("tags", ()))
        self.matched: dict[str, Any] = {}
        self.barred = barred
        self.points = 0
        self.aging = 0
        self.floor: int | None = None
        self.ceiling: int | None = None
        self.known = facts.customer.known
        self.has_text = bool(facts.title) or any(facts.texts)
        self._words: dict[str, tuple[str, ...]] = {}
        self._title: Features | None = None

    @property
    def score(self) -> int:
        """The score within its floors and ceilings; ceilings win."""
        pinned = self.facts.pinned.get("score")
        if pinned is not None:
            return int(pinned)
        score = self.scale.base + self.points + self.aging
        if self.floor is not None and score < self.floor:
            score = self.floor
        return self.ceiling if self.ceiling is not None and score > self.ceiling else score

    @property
    def priority(self) -> str:
        """What the score means."""
        return self.facts.pinned.get("priority") or self.scale.priority(self.score)

    @property
    def state(self) -> str | None:
        """As a rule or a person set it, else as it came."""
        found: str | None = self.fields.get("state", self.facts.state)
        return found

    @property
    def deliver(self) -> tuple[str, ...]:
        """The instances that it goes to, or that it goes nowhere; empty where no rule says."""
        found: tuple[str, ...] | None = self.fields.get("deliver")
        return () if found is None else found or (NOWHERE,)

    def words(self, key: str) -> tuple[str, ...]:
        """Return the values of *key*, case folded; none where nobody knows."""
        found = self._words.get(key)
        if found is None:
            known = WORDS[key](self)
            found = tuple([word.casefold() for word in known if word]) if known else ()
            if key not in _CHANGING:
                self._words[key] = found
        return found

    def features(self, scope: Scope) -> Features:
        """Return what can be said of the text, or of the title alone."""
        if scope == "text":
            return self.reading.features
        if self._title is None:
            self._title = self.reading.matcher.read((self.facts.title or "",)).features
        return self._title


def _language(case: Case) -> tuple[str | None, ...]:
    known = case.facts.language
    if known:
        return known, known.partition("-")[0]
    return (case.reading.features.language,) if case.has_text else ()


def _standing(case: Case, promise: Promise) -> tuple[str | None, ...]:
    found = case.facts.deadline
    return (found.get(promise),) if found else ()


def _surges(case: Case) -> bool | None:
    """Whether the platform, the queue or a tag of the ticket, as the rules so far have it, is in a surge."""
    surging = case.facts.surging
    if not surging:
        return None if surging is None else False
    own = {ANY_SERIES, ("platform", case.facts.platform), ("queue", case.fields.get("queue"))}
    return not surging.isdisjoint(own) or any(("tag", tag) in surging for tag in case.tags)


_CHANGING = frozenset(("state", "category", "queue", "assignee", "deliver", "priority", "tags", "matched"))
"""Keys whose values rules change while they are read."""

WORDS: Mapping[str, Callable[[Case], Any]] = {
    "kind": lambda case: (case.facts.kind,),
    "platform": lambda case: (case.facts.platform,),
    "connector": lambda case: (case.facts.connector,),
    "instance": lambda case: (case.facts.instance,),
    "language": _language,
    "sentiment": lambda case: (case.facts.sentiment,),
    "city": lambda case: (case.facts.city,),
    "country": lambda case: (case.facts.country,),
    "place": lambda case: case.facts.place,
    "author": lambda case: case.facts.author,
    "url": lambda case: (case.facts.url,),
    "thread": lambda case: (case.facts.thread,),
    "source_tags": lambda case: case.facts.source_tags or (),
    "loyalty": lambda case: case.facts.customer.loyalty,
    "state": lambda case: (case.state,),
    "category": lambda case: (case.fields.get("category"),),
    "queue": lambda case: (case.fields.get("queue"),),
    "assignee": lambda case: (case.fields.get("assignee"),),
    "deliver": lambda case: case.deliver,
    "priority": lambda case: (case.priority,),
    "tags": lambda case: case.tags,
    "matched": lambda case: case.matched,
    "deadline.first_response": lambda case: _standing(case, "first_response"),
    "deadline.next_response": lambda case: _standing(case, "next_response"),
    "deadline.resolution": lambda case: _standing(case, "resolution"),
}
NUMBERS: Mapping[str, Callable[[Case], float | None]] = {
    "rating": lambda case: case.facts.rating,
    "followers": lambda case: case.facts.followers,
    "reach": lambda case: case.facts.reach,
    "engagement": lambda case: case.facts.engagement,
    "attachments": lambda case: case.facts.attachments,
    "messages": lambda case: case.facts.customer_messages,
    "unanswered": lambda case: case.facts.unanswered,
    "score": lambda case: case.score,
    "contacts_in_week": lambda case: case.facts.customer.in_week,
    "open_tickets": lambda case: case.facts.customer.open_tickets,
    "customer_tickets": lambda case: case.facts.customer.tickets,
}
SPANS: Mapping[str, Callable[[Case], timedelta | None]] = {
    "waiting": lambda case: case.facts.waiting,
    "age": lambda case: case.facts.age,
}
FLAGS: Mapping[str, Callable[[Case], bool | None]] = {
    "customer_known": lambda case: case.known,
    "first_contact": lambda case: case.facts.customer.first_contact,
    "do_not_call": lambda case: case.facts.customer.do_not_call,
    "withheld": lambda case: case.facts.withheld,
    "has_text": lambda case: case.has_text,
    "surge": lambda case: _surges(case),
}
DEADLINE: Mapping[str, Promise] = {f"deadline.{promise}": promise for promise in PROMISES}
"""Keys that ask how far a deadline has come, with its promise."""

HISTORY = frozenset(
    (
        *("customer_known", "first_contact", "contacts_in_week", "open_tickets"),
        *("customer_tickets", "do_not_call", "loyalty"),
    )
)
"""Keys that ask for the customer's other tickets, and for what CRMs say of the customer."""

SURGES = frozenset(("surge",))
"""Keys that ask for how much comes in."""

# --- conditions -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Glob:
    """A value in which ``*`` stands for any letters, case folded; no such value takes long."""

    parts: tuple[str, ...]

    def fits(self, word: str) -> bool:
        """Whether the whole of *word* fits."""
        first, *middle, last = self.parts
        if not word.startswith(first) or not word.endswith(last) or len(word) < len(first) + len(last):
            return False
        at, end = len(first), len(word) - len(last)
        for part in middle:
            at = word.find(part, at, end)
            if at < 0:
                return False
            at += len(part)
        return True


@dataclass(frozen=True, slots=True)
class Values:
    """Plain values and globs; ``shown`` is how they are written."""

    exact: frozenset[str]
    globs: tuple[Glob, ...]
    shown: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterator[str] | tuple[str, ...]) -> "Values":
        """Return *values* ready to be compared."""
        shown = tuple(dict.fromkeys(values))
        folded = [value.casefold() for value in shown]
        return cls(
            frozenset(value for value in folded if "*" not in value),
            tuple(Glob(tuple(value.split("*"))) for value in folded if "*" in value),
            shown,
        )

    def has(self, word: str) -> bool:
        """Whether *word*, case folded, is one of them."""
        return word in self.exact or any(glob.fits(word) for glob in self.globs)


@dataclass(frozen=True, slots=True)
class IsOneOf:
    """One of the ticket's values of *key* is one of *values*."""

    key: str
    values: Values

    def holds(self, case: Case) -> bool:
        values = self.values
        for word in case.words(self.key):  # noqa: SIM110 - half the time of any(), and this is the inner loop
            if word in values.exact or (values.globs and values.has(word)):
                return True
        return False


@dataclass(frozen=True, slots=True)
class ExtraIsOneOf:
    """The connector's own field *name* has one of *values*."""

    name: str
    values: Values

    def holds(self, case: Case) -> bool:
        found = case.facts.extra.get(self.name)
        items = found if isinstance(found, list | tuple) else (found,)
        return any(self.values.has(_plain(item)) for item in items if item is not None)


def _plain(value: Any) -> str:
    return str(value).casefold()  # true for True, as YAML writes it


@dataclass(frozen=True, slots=True)
class Bounds:
    """One of *values*, or from *at_least* to *at_most*."""

    values: tuple[float, ...] = ()
    at_least: float | None = None
    at_most: float | None = None

    def has(self, number: float) -> bool:
        """Whether *number* is within."""
        if self.values:
            return number in self.values
        return (self.at_least is None or number >= self.at_least) and (self.at_most is None or number <= self.at_most)


@dataclass(frozen=True, slots=True)
class IsNumber:
    """The number *key* is within *bounds*."""

    key: str
    bounds: Bounds

    def holds(self, case: Case) -> bool:
        number = NUMBERS[self.key](case)
        return number is not None and self.bounds.has(number)


@dataclass(frozen=True, slots=True)
class IsSpan:
    """The time *key* is within *bounds*, in seconds."""

    key: str
    bounds: Bounds

    def holds(self, case: Case) -> bool:
        span = SPANS[self.key](case)
        return span is not None and self.bounds.has(span.total_seconds())


@dataclass(frozen=True, slots=True)
class IsFlag:
    """The fact *key* is *wanted*."""

    key: str
    wanted: bool

    def holds(self, case: Case) -> bool:
        return FLAGS[self.key](case) is self.wanted


@dataclass(frozen=True, slots=True)
class HasPatterns:
    """Any, all, or none of *patterns* (their numbers in the rule set) are in the text, or in the title."""

    scope: Scope
    mode: Mode
    patterns: frozenset[int]

    def holds(self, case: Case) -> bool:
        hits, patterns = case.reading.hits, self.patterns
        if self.mode == "any" and self.scope == "text":
            if len(patterns) > len(hits):
                return not patterns.isdisjoint(hits)
            for index in patterns:  # noqa: SIM110 - as above
                if index in hits:
                    return True
            return False
        if self.mode == "none" and self.scope == "text":
            return case.has_text and patterns.isdisjoint(hits)
        if not (case.facts.title if self.scope == "title" else case.has_text):
            return False
        found = [index for index in patterns if index in hits]
        if self.scope == "title":
            found = list(filter(case.reading.title_has, found))
        return bool(found) if self.mode == "any" else len(found) == (len(patterns) if self.mode == "all" else 0)


@dataclass(frozen=True, slots=True)
class HasFeature:
    """The number *key* of the text's features is within *bounds*."""

    scope: Scope
    key: str
    bounds: Bounds

    def holds(self, case: Case) -> bool:
        if not (case.facts.title if self.scope == "title" else case.has_text):
            return False
        return self.bounds.has(getattr(case.features(self.scope), self.key))


@dataclass(frozen=True, slots=True)
class IsObscene:
    """The text swears, or does not."""

    scope: Scope
    wanted: bool

    def holds(self, case: Case) -> bool:
        if not (case.facts.title if self.scope == "title" else case.has_text):
            return False
        return case.features(self.scope).obscene is self.wanted


@dataclass(frozen=True, slots=True)
class All:
    """Each of *conditions* holds; so it does where there are none."""

    conditions: "tuple[Condition, ...]"

    def holds(self, case: Case) -> bool:
        for condition in self.conditions:  # noqa: SIM110 - as above
            if not condition.holds(case):
                return False
        return True


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of *conditions* holds."""

    conditions: "tuple[Condition, ...]"

    def holds(self, case: Case) -> bool:
        return any(condition.holds(case) for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Not:
    """*condition* does not hold."""

    condition: "Condition"

    def holds(self, case: Case) -> bool:
        return not self.condition.holds(case)


Leaf = IsOneOf | ExtraIsOneOf | IsNumber | IsSpan | IsFlag | HasPatterns | HasFeature | IsObscene
Condition = Leaf | All | AnyOf | Not


def leaves(condition: Condition) -> Iterator[Leaf]:
    """Yield every condition that holds no others, in the order in which they are looked at."""
    if isinstance(condition, All | AnyOf):
        for one in condition.conditions:
            yield from leaves(one)
    elif isinstance(condition, Not):
        yield from leaves(condition.condition)
    else:
        yield condition


def asked_promises(condition: Condition) -> frozenset[Promise]:
    """Return the promises whose deadlines *condition* asks for."""
    keys = (getattr(leaf, "key", "") for leaf in leaves(condition))
    return frozenset(DEADLINE[key] for key in keys if key in DEADLINE)


def failures(condition: Condition, case: Case) -> tuple[Condition, ...]:
    """Return what keeps *condition* from holding: the innermost conditions that fail, or :class:`Not` of what holds."""
    if condition.holds(case):
        return ()
    if isinstance(condition, All | AnyOf):
        return tuple(failed for one in condition.conditions for failed in failures(one, case)) or (condition,)
    return (condition,)


def needed_patterns(condition: Condition) -> frozenset[int] | None:
    """Return patterns of which one must hit for *condition* to hold; None where it may hold without any."""
    if isinstance(condition, HasPatterns):
        if condition.mode == "any":
            return condition.patterns
        return frozenset(sorted(condition.patterns)[:1]) if condition.mode == "all" and condition.patterns else None
    if isinstance(condition, All):
        found = [needed for one in condition.conditions if (needed := needed_patterns(one)) is not None]
        return min(found, key=len, default=None)
    if isinstance(condition, AnyOf):
        each = [needed_patterns(one) for one in condition.conditions]
        return None if None in each else frozenset().union(*(one for one in each if one is not None))
    return None


def needed_values(condition: Condition, key: str) -> frozenset[str] | None:
    """Return values, case folded, of which the ticket's *key* must have one; None where any value may do."""
    if isinstance(condition, IsOneOf):
        return condition.values.exact if condition.key == key and not condition.values.globs else None
    if isinstance(condition, All):
        found = [needed for one in condition.conditions if (needed := needed_values(one, key)) is not None]
        return min(found, key=len, default=None)
    if isinstance(condition, AnyOf):
        each = [needed_values(one, key) for one in condition.conditions]
        return None if None in each else frozenset().union(*(one for one in each if one is not None))
    return None
