"""Measures the built-in rules on real texts: figures, confusion, worst errors. Exit 1 when an aim is missed.

Ids and snippets go to the terminal only; no text of the corpora belongs into the project.
"""

import argparse
import sys
from typing import get_args

from tests import corpora
from tests.quality.reading import Half, Read
from tests.quality.sets import SETS, Report

_SNIPPET = 140  # characters


def main() -> int:
    """Print what is asked for; return the exit status."""
    options = _options()
    if corpora.FOLDER is None:
        print(corpora.ABSENT)
        return 0
    missed: list[str] = []
    for name in options.set or SETS:
        report = SETS[name](options.half)
        _show(report, options.worst)
        missed += [f"{report.title}: {figure.name}" for figure in report.figures if figure.missed]
    print("every aim is met" if not missed else "missed:\n  " + "\n  ".join(missed))
    return 1 if missed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.quality", description=__doc__)
    parser.add_argument("--set", action="append", choices=sorted(SETS), help="only this one; may be repeated")
    parser.add_argument("--half", choices=get_args(Half), default="all", help="rules were tuned on one half only")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="show so many errors of each set")
    return parser.parse_args()


def _show(report: Report, worst: int) -> None:
    print(f"\n{report.title}")
    for figure in report.figures:
        print(f"  {figure}")
    if report.confusion:
        print(*(f"    {line}" for line in report.confusion.lines()), sep="\n")
    for one in report.errors[:worst]:
        print(f"    {_error(one)}")


def _error(one: Read) -> str:
    snippet = " ".join(one.text.split())[:_SNIPPET]
    return f"{one.id} {one.label} -> {one.category or 'undecided'} ({', '.join(one.decision.rules)}): {snippet}"


if __name__ == "__main__":
    sys.exit(main())
