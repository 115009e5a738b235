"""What a sandbox is asked to be: one frozen value that every vendor reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

BOUNDS = ("inclusive", "exclusive")


@dataclass(frozen=True)
class SandboxOptions:
    """The wishes of whoever starts a sandbox. The same options give the same data, ids and faults.

    Attributes:
        seed: of the data and, unless told otherwise, of the faults.
        items: records that each vendor serves at the start.
        corpus: JSON Lines, plain or gzip, instead of the texts written for the demo.
        faults: a profile of `hub.sandbox.faults.PROFILES`.
        strict: refuse what breaks a limit; otherwise only count it (YouScan "might" refuse).
        limits: per vendor `"10/10s"`, `"10/10s delay"` or `"off"` in place of the documented limit.
        start: the sandbox's present, aware; None is the real present.
        history_days: how far back the collected past reaches.
        future: records, edits and deletions still to come in the next three days, as a share of *items*.
        odd: share of records that carry one of the oddities of the vendor's sheet.
        huge: how many texts have 100,000 characters.
        churn: chance that a request for a list of records makes a new record appear first.
        bounds: whether Pointer's date filters include their bounds; one witness says they do not.
        rating_only: share of Pointer's reviews that have no text.
        pace: seconds of virtual time in one real second.
        slow_s: how long a slow answer drips.
        stall_s: how long a stalled answer hangs before the connection is cut.
    """

    seed: int = 1
    items: int = 300
    corpus: Path | None = None
    faults: str = "none"
    strict: bool = True
    limits: Mapping[str, str] = field(default_factory=dict)
    start: datetime | None = None
    history_days: int = 30
    future: float = 0.1
    odd: float = 0.1
    huge: int = 1
    churn: float = 0.0
    bounds: str = "exclusive"
    rating_only: float = 0.3
    pace: float = 1.0
    slow_s: float = 0.5
    stall_s: float = 3.0

    def __post_init__(self) -> None:
        """Refuse what would only fail later.

        Raises:
            ValueError: a value that no sandbox can follow, with the valid ones.
        """
        if self.items < 1:
            raise ValueError(f"items is {self.items}; a sandbox holds at least 1")
        if self.bounds not in BOUNDS:
            raise ValueError(f"bounds is {self.bounds!r}; choose one of {', '.join(BOUNDS)}")
        if self.start is not None and self.start.tzinfo is None:
            raise ValueError("start has no time zone; give it one")
        if self.pace <= 0:
            raise ValueError(f"pace is {self.pace}; time in a sandbox only goes forward")
