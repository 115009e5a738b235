"""Which profiles are one customer, given the links that are active. Pure: the same links, the same customers, in
whatever order they came.

A link ties a profile to a phone, an e-mail, a card or another profile. What a person linked is joined first; then what
is certain, then what is probable, each unless it would undo what stands before it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

MOST_SHARED = 3
"""A phone or e-mail that more profiles name is a hotline or an office, and nobody's own."""

Held = Literal["shared", "apart", "conflict"]
"""Why a link joins nothing: too many share it; a person keeps these profiles apart; two cards of one CRM would meet."""

_Node = tuple[str, str]


@dataclass(frozen=True, slots=True, order=True)
class Tie:
    """An active link. ``rank``: 0 by hand, 1 certain, 2 probable; ``value``: of a profile its digest, of a card
    connector, namespace and id, a line each."""

    rank: int
    kind: str
    value: str
    profile: int


@dataclass(frozen=True, slots=True)
class Grouping:
    """Profiles and cards of each customer, and the ties that join nothing, with the reason."""

    groups: tuple[tuple[frozenset[int], frozenset[str]], ...]
    held: Mapping[Tie, Held]


@dataclass(slots=True)
class _Group:
    profiles: set[int] = field(default_factory=set)
    cards: set[str] = field(default_factory=set)
    nodes: set[_Node] = field(default_factory=set)


def grouped(
    profiles: Iterable[int], ties: Iterable[Tie], apart: Collection[frozenset[int]] = (), shared: Collection[str] = ()
) -> Grouping:
    """Return the customers among *profiles*.

    Args:
        ties: active links of these profiles.
        apart: pairs that a person keeps apart.
        shared: phones and e-mails that too many profiles name, those beyond *profiles* counted.
    """
    groups: dict[_Node, _Group] = {}
    for profile in profiles:
        node = ("profile", str(profile))
        groups[node] = _Group({profile}, set(), {node})
    held: dict[Tie, Held] = {}
    for tie in sorted(ties):
        mine = groups[("profile", str(tie.profile))]
        other = groups.setdefault((tie.kind, tie.value), _of(tie))
        reason = _obstacle(tie, mine, other, apart, shared)
        if reason:
            held[tie] = reason
        elif mine is not other:
            _join(groups, mine, other)
    found = {id(group): group for group in groups.values() if group.profiles}
    return Grouping(
        tuple((frozenset(one.profiles), frozenset(one.cards)) for one in found.values()),
        held,
    )


def _of(tie: Tie) -> _Group:
    cards = {tie.value} if tie.kind == "card" else set()
    return _Group(set(), cards, {(tie.kind, tie.value)})


def crm_of(card: str) -> str:
    """Return the CRM of a card: connector and namespace."""
    return card.rpartition("\n")[0]


def _obstacle(
    tie: Tie, mine: _Group, other: _Group, apart: Collection[frozenset[int]], shared: Collection[str]
) -> Held | None:
    if tie.kind in ("phone", "email") and tie.value in shared:
        return "shared"
    if mine is other or tie.rank == 0:
        return None
    together = mine.profiles | other.profiles
    if any(pair <= together and not (pair <= mine.profiles or pair <= other.profiles) for pair in apart):
        return "apart"
    if not other.profiles:  # a card of its own: a CRM may have two of one person, whom a person then linked
        return None
    return "conflict" if set(map(crm_of, mine.cards)) & set(map(crm_of, other.cards)) else None


def _join(groups: dict[_Node, _Group], mine: _Group, other: _Group) -> None:
    into, gone = (mine, other) if len(mine.nodes) >= len(other.nodes) else (other, mine)
    into.profiles |= gone.profiles
    into.nodes |= gone.nodes
    into.cards |= gone.cards
    for node in gone.nodes:
        groups[node] = into
