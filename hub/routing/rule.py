"""Rules and policies as compiled, and what they do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from hub.routing.conditions import Condition
from hub.routing.facts import Facts
from hub.routing.policy import SlaPolicy
from hub.routing.rule_models import NOWHERE
from hub.sdk.actions import ActionName


@dataclass(frozen=True, slots=True)
class Escalation:
    """A task or an issue to open. Only *proposed* to a person where its ``when`` asks for a known customer and nobody
    knows who it is."""

    to: str
    department: str | None = None
    proposed: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to the customer; a draft waits for a person. ``rule`` is the name of the rule that asks for it."""

    template: str
    mode: Literal["draft", "auto"] = "draft"
    rule: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Act:
    """Something to do with the record at its source."""

    name: ActionName
    values: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Escalate:
    """An escalation that a rule asks for, if *when* holds after all rules."""

    to: str
    department: str | None
    when: Condition


@dataclass(frozen=True, slots=True)
class Effects:
    """What a rule does where it matches.

    Attributes:
        fields: what it sets of the fields with one value: category, queue, state, assignee, deliver, reply.
        closes, complains: whether it closes tickets, and whether it says that one is a complaint.
    """

    fields: tuple[tuple[str, Any], ...] = ()
    points: int = 0
    at_least: int | None = None
    at_most: int | None = None
    tags: tuple[str, ...] = ()
    escalate: tuple[Escalate, ...] = ()
    act: tuple[Act, ...] = ()
    notify: tuple[str, ...] = ()
    stop: bool = False
    closes: bool = field(init=False)
    complains: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "closes", ("state", "closed") in self.fields)
        object.__setattr__(self, "complains", ("category", "complaint") in self.fields)

    def shown(self) -> Iterator[tuple[str, str]]:
        """Yield what conditions of later rules see of it: keys and values."""
        for name, value in self.fields:
            if name == "deliver":
                yield from ((name, one) for one in value or (NOWHERE,))
            elif name != "reply":
                yield name, value
        yield from (("tags", tag) for tag in self.tags)


@dataclass(frozen=True, slots=True)
class Example:
    """A text that a rule is for, or not for."""

    facts: Facts
    matches: bool
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        file: as people know it; the built-in pack's begin with ``built-in/``.
        asks_kind: whether it says for which kinds it is; if not, it is for mentions and reviews.
        promises: whose deadlines it asks for.
    """

    name: str
    when: Condition
    then: Effects
    file: str
    line: int
    builtin: bool = False
    asks_kind: bool = False
    promises: frozenset[str] = frozenset()
    examples: tuple[Example, ...] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Deadlines and for whom."""

    sla: SlaPolicy
    when: Condition
    file: str
    line: int
    builtin: bool = False
    asks_kind: bool = False

    @property
    def name(self) -> str:
        """As it stands in ``sla``."""
        return self.sla.name
