"""What the rules leave out: tickets that get no category or that no rule touches, what such tickets say, idle rules."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from hub.routing.conditions import Condition, HasFeature, HasPatterns, IsObscene, leaves
from hub.routing.facts import Facts
from hub.routing.folding import fold
from hub.routing.morphology import normal_form
from hub.routing.rule import Effects
from hub.routing.rules import RuleSet
from hub.routing.words import split

_MOVING = ("queue", "deliver", "assignee")  # fields that say where a ticket goes, not what it is
_APART = 3  # a phrase's second word stands at most so many words behind the first
_WORDS = 60  # of a text that are looked at
_LETTERS = 3  # of a word that counts
_ADDRESS = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")
_PAIRS = 300_000  # kept at most; then those that came once are forgotten


@dataclass(frozen=True, slots=True)
class Share:
    """Tickets of one platform: all, those that no rule touches, those without a category."""

    platform: str | None
    tickets: int
    untouched: int
    undecided: int


@dataclass(frozen=True, slots=True)
class Said:
    """Words that many tickets without a category have, as a pattern would say them; an example of such a ticket."""

    phrase: str
    tickets: int
    example: str


@dataclass(slots=True)
class Coverage:
    """What came of it.

    Attributes:
        fired: how many tickets each rule matched; all rules, in order.
        idle: rules that matched none.
    """

    ruleset: str
    tickets: int = 0
    shares: list[Share] = field(default_factory=list)
    phrases: list[Said] = field(default_factory=list)
    fired: dict[str, int] = field(default_factory=dict)

    @property
    def idle(self) -> list[str]:
        """Rules that matched none."""
        return [name for name, count in self.fired.items() if not count]


def touching(rules: RuleSet) -> frozenset[str]:
    """Return the names of the rules of *rules* that touch what they match: they look at what was written, or do more
    than route, tag and score."""
    return frozenset(rule.name for rule in rules.rules if _reads(rule.when) or not _only_moves(rule.then))


def _reads(condition: Condition) -> bool:
    return any(isinstance(leaf, HasPatterns | HasFeature | IsObscene) for leaf in leaves(condition))


def _only_moves(then: Effects) -> bool:
    fields = all(name in _MOVING for name, _ in then.fields)
    return fields and not (then.escalate or then.act or then.notify)


def coverage(cases: Iterable[Facts], rules: RuleSet, *, phrases: int = 20) -> Coverage:
    """Decide every one of *cases* and say what is left out.

    Args:
        phrases: how many of what uncovered tickets say most.
    """
    result = Coverage(rules.version, fired={rule.name: 0 for rule in rules.rules})
    platforms: dict[str | None, list[int]] = {}
    sayings = _Sayings()
    known = touching(rules)
    for facts in cases:
        decision = rules.decide(facts)
        result.tickets += 1
        for name in decision.rules:
            result.fired[name] += 1
        undecided = decision.category is None
        counts = platforms.setdefault(facts.platform, [0, 0, 0])
        for number, one in enumerate((True, known.isdisjoint(decision.rules), undecided)):
            counts[number] += one
        if undecided:
            sayings.add(facts)
    ordered = sorted(platforms.items(), key=lambda item: (-item[1][0], item[0] or ""))
    result.shares = [Share(platform, *counts) for platform, counts in ordered]
    result.phrases = sayings.most(phrases)
    return result


class _Sayings:
    """Pairs of words that stand near each other, and in how many tickets."""

    def __init__(self) -> None:
        self._tickets: Counter[tuple[str, str]] = Counter()
        self._example: dict[tuple[str, str], str] = {}
        self._known: dict[str, str | None] = {}

    def add(self, facts: Facts) -> None:
        text = "\n".join(filter(None, (facts.title, *facts.texts)))
        words = [self._word(raw) for raw in split(_ADDRESS.sub(" ", text))[:_WORDS]]
        pairs = {
            (first, second)
            for number, first in enumerate(words)
            if first
            for second in words[number + 1 : number + 1 + _APART]
            if second and second != first
        }
        for pair in pairs:
            self._tickets[pair] += 1
            self._example.setdefault(pair, text)
        if len(self._tickets) > _PAIRS:
            self._forget()

    def _forget(self) -> None:
        for pair in [pair for pair, count in self._tickets.items() if count == 1]:
            del self._tickets[pair], self._example[pair]

    def _word(self, raw: str) -> str | None:
        if raw not in self._known:
            word = fold(raw)
            self._known[raw] = normal_form(word) if len(word) >= _LETTERS and word.isalpha() else None
        return self._known[raw]

    def most(self, count: int) -> list[Said]:
        found = sorted(self._tickets.items(), key=lambda item: (-item[1], item[0]))
        return [Said(" ".join(pair), tickets, self._example[pair]) for pair, tickets in found[:count] if tickets > 1]
