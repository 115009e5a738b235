"""Texts of the corpora -> decisions of the built-in rules."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from hub.routing.decide import Decision
from hub.routing.facts import facts_from
from hub.routing.rules import RuleSet, load_rules
from tests import corpora

Half = Literal["all", "tuned", "held-out"]


@cache
def ruleset() -> RuleSet:
    """Return the built-in rules."""
    return load_rules(None)


@dataclass(frozen=True, slots=True)
class Read:
    """One text: its label in the corpus, and what the rules made of it."""

    id: str
    text: str
    label: str
    decision: Decision
    extra: dict[str, Any]

    @property
    def category(self) -> str | None:
        """What the rules say it is."""
        return self.decision.category


def is_tuned(id_: str) -> bool:
    """Tell whether the item belongs to the half on which the rules were tuned."""
    return hashlib.sha256(id_.encode()).digest()[-1] % 2 == 0


def rows(name: str, half: Half) -> list[dict[str, Any]]:
    """Return the items of a set, or one half of them."""
    return [row for row in corpora.rows(name) if half == "all" or is_tuned(row["id"]) is (half == "tuned")]


def decide(text: str, rating: float | None = None) -> Decision:
    """Return what the rules make of the words alone, or of the words and the stars."""
    return ruleset().decide(facts_from({"text": text, "rating": rating}))


def read(items: Iterable[dict[str, Any]], *, stars: bool = False) -> Sequence[Read]:
    """Return *items* as read by the rules."""
    return [
        Read(row["id"], row["text"], row["label"], decide(row["text"], row["rating"] if stars else None), row["extra"])
        for row in items
    ]
