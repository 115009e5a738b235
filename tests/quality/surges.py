"""How often the watch over arrivals cries wolf, and how soon it sees a wolf: `make quality`.

Run as ``python -m tests.quality.surges [SEEDS]``. Exits with 1 when an aim is missed. The floor of the same run is an
alarm whenever an hour has twice the mean of its hour of the week.
"""

import random
import sys
from collections.abc import Sequence
from statistics import fmean, median

from tests.quality.stream import Stream, false_alarms, found_after, risen_after, twice_the_mean

_SEEDS = 8
_FLASHES = 5  # flashmobs a seed
_BASES = (10.0, 40.0)  # arrivals an hour
_MOST_FALSE = 2.6  # in 30 days
_MOST_OF_FLOOR = 0.25
_FOUND_MIN, _FOUND_SHARE = 45.0, 0.95
_RISEN_H = 36.0  # it takes 24 to rise
_FLASH, _RISE = 6.0, 1.6


def main(seeds: int) -> int:
    """Measure, print, and return the exit status."""
    missed = [name for base in _BASES for name in _measured(base, range(seeds))]
    print("every aim is met" if not missed else "missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


def _measured(base: float, seeds: Sequence[int]) -> list[str]:
    """Print the figures of streams of *base* arrivals an hour; return the aims that are missed."""
    streams = [Stream(seed, base) for seed in seeds]
    false = fmean(len(false_alarms(stream)) for stream in streams)
    floor = fmean(twice_the_mean(stream) for stream in streams)
    found = [_found(seed * _FLASHES + one, base) for seed in seeds for one in range(_FLASHES)]
    seen = [delay for delay in found if delay is not None]
    rises = [delay for seed in seeds if (delay := risen_after(Stream(seed, base, days=1), 1, _RISE)) is not None]
    named = f"{base:.0f} an hour"
    figures = [
        (f"{named}: false alarms in 30 days (twice the mean: {floor:.1f})", false, false <= _MOST_FALSE),
        (f"{named}: of the false alarms of twice the mean", false / max(floor, 1), false <= _MOST_OF_FLOOR * floor),
        (
            f"{named}: minutes until a flashmob is found, median",
            median(seen or [999]),
            median(seen or [999]) <= _FOUND_MIN,
        ),
        (f"{named}: flashmobs found at all", len(seen) / len(found), len(seen) >= _FOUND_SHARE * len(found)),
        (
            f"{named}: hours until a slow rise is found, median",
            median(rises or [999]),
            median(rises or [999]) <= _RISEN_H,
        ),
    ]
    for name, value, met in figures:
        print(f"  {name}: {value:.2f}{'' if met else '  MISSED'}")
    return [name for name, _, met in figures if not met]


def _found(seed: int, base: float) -> float | None:
    """Return after how long a flashmob at any hour of a week is found."""
    chance = random.Random(seed)
    return found_after(Stream(seed, base, days=1), chance.randrange(7), chance.randrange(24), _FLASH)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else _SEEDS))
