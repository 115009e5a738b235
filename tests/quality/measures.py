"""Counts of what was said against what is true, and figures with their aims."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

NOTHING = "—"
"""How a text that no rule decided is shown."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number, and what it should be; without an aim it is only told."""

    name: str
    value: float | None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def missed(self) -> bool:
        """Whether there is an aim and the number is not there; a number of nothing misses no aim."""
        if self.value is None:
            return False
        low = self.at_least is not None and self.value < self.at_least
        return low or (self.at_most is not None and self.value > self.at_most)

    def __str__(self) -> str:
        value = "no texts" if self.value is None else f"{self.value:.3f}"
        aim = f"  aim ≥ {self.at_least}" if self.at_least is not None else ""
        aim += f"  aim ≤ {self.at_most}" if self.at_most is not None else ""
        verdict = "" if not aim else "  MISSED" if self.missed else "  ok"
        return f"{self.name:<58}{value:>9}{aim}{verdict}"


class Confusion:
    """How often a text that is *true* was taken for *said*."""

    def __init__(self, pairs: Iterable[tuple[str, str | None]]) -> None:
        self.counts = Counter((true, said or NOTHING) for true, said in pairs)

    def _sum(self, true: str | None = None, said: str | None = None) -> int:
        return sum(count for (is_, was), count in self.counts.items() if true in (None, is_) and said in (None, was))

    def precision(self, label: str) -> float | None:
        """Return the share of texts taken for *label* that are; None if none was."""
        return _share(self._sum(label, label), self._sum(said=label))

    def recall(self, label: str) -> float | None:
        """Return the share of texts that are *label* and were taken for it."""
        return _share(self._sum(label, label), self._sum(true=label))

    def f1(self, label: str) -> float | None:
        """Return the harmonic mean of precision and recall."""
        precision, recall = self.precision(label), self.recall(label)
        if precision is None or recall is None or not precision + recall:
            return None if recall is None else 0.0
        return 2 * precision * recall / (precision + recall)

    def taken_for(self, label: str, *said: str) -> float | None:
        """Return the share of texts that are *label* and were taken for one of *said*."""
        return _share(sum(self._sum(label, other) for other in said), self._sum(true=label))

    def lines(self) -> Sequence[str]:
        """Return the table: a row per true label, a column per answer."""
        trues = sorted({true for true, _ in self.counts})
        saids = sorted({said for _, said in self.counts})
        head = f"{'':<16}" + "".join(f"{said:>14}" for said in saids)
        rows = [f"{true:<16}" + "".join(f"{self.counts[true, said]:>14}" for said in saids) for true in trues]
        return [head, *rows]


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
