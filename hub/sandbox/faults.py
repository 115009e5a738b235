"""Which request goes wrong, and how: seeded profiles, or exactly what the control API asks for."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

# What can happen to one request. `lost` is a reset after the vendor did what was asked.
KINDS = (
    "500", "502", "503", "reset", "lost", "truncated", "slow", "stall", "html", "malformed", "surrogate", "vanish",
    "revoked",
)  # fmt: skip
# These change the records of an answer, so they need an answer with records.
IN_RECORDS = frozenset({"malformed", "surrogate", "vanish"})
# A retry must be able to win, so no more than this many requests go wrong in a row.
IN_A_ROW = 3

MIXED = {
    "500": 3, "502": 1, "503": 3, "reset": 3, "lost": 1, "truncated": 2, "slow": 2, "html": 2, "malformed": 2,
    "surrogate": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Profile:
    """How often a request goes wrong, in which ways (kind to weight), and how many in a row at most."""

    probability: float
    weights: Mapping[str, float] = field(default_factory=dict)
    in_a_row: int = IN_A_ROW


PROFILES: Mapping[str, Profile] = {
    "none": Profile(0.0),
    "flaky": Profile(0.12, MIXED),
    "harsh": Profile(0.3, {**MIXED, "stall": 0.5}),
    **{kind: Profile(0.3, {kind: 1}) for kind in KINDS if kind != "revoked"},
    "revoked": Profile(1.0, {"revoked": 1}, in_a_row=2**31),
}


class FaultPlan:
    """Decides request by request; the n-th decision depends on the seed, the profile and n alone."""

    def __init__(self, profile: str = "none", seed: int = 1) -> None:
        """Follow *profile*.

        Raises:
            ValueError: no such profile.
        """
        self._next: deque[str] = deque()
        self.follow(profile, seed)

    def follow(self, profile: str, seed: int) -> None:
        """Follow another profile from its first decision on; what was asked for explicitly is dropped.

        Raises:
            ValueError: no such profile.
        """
        if profile not in PROFILES:
            raise ValueError(f"fault profile {profile!r} is unknown; choose one of {', '.join(PROFILES)}")
        self.profile, self._seed = profile, seed
        self._drawn = self._run = 0
        self._next.clear()

    def ask(self, kinds: Iterable[str]) -> None:
        """Let exactly these happen to the next requests, in order, before the profile goes on; what was asked for
        before is dropped.

        Raises:
            ValueError: no such kind; then what was asked for before stays.
        """
        asked = list(kinds)
        unknown = [kind for kind in asked if kind not in KINDS and kind != "none"]
        if unknown:
            raise ValueError(f"fault {unknown[0]!r} is unknown; choose among none, {', '.join(KINDS)}")
        self._next = deque(asked)

    def draw(self, *, records: bool) -> str | None:
        """Return the fault of this request, or None.

        Args:
            records: whether the answer will hold records. An explicit fault that needs them waits for
                such a request; one of a profile is left out.
        """
        if self._next:
            if self._next[0] in IN_RECORDS and not records:
                return None
            kind = self._next.popleft()
            return None if kind == "none" else kind
        kind_or_none = self._from_profile()
        if kind_or_none in IN_RECORDS and not records:
            return None
        return kind_or_none

    def _from_profile(self) -> str | None:
        profile = PROFILES[self.profile]
        chance = random.Random(f"fault:{self._seed}:{self._drawn}")
        self._drawn += 1
        if chance.random() >= profile.probability or self._run >= profile.in_a_row:
            self._run = 0
            return None
        self._run += 1
        return chance.choices(list(profile.weights), list(profile.weights.values()))[0]
