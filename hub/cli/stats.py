"""``hub stats``: the table of its commands."""

import click

from hub.cli.lazy import Entry, LazyGroup

_AT = "hub.cli.stats_reports"
COMMANDS = {
    "summary": Entry(_AT, "summary", "What a period was like, beside the one before."),
    "outcome": Entry(_AT, "outcome", "How many tickets came, are open, were solved and by whom."),
    "work": Entry(_AT, "work", "Who works how much and how fast."),
    "response": Entry(_AT, "response", "How fast customers were answered, and whether in time."),
    "resolution": Entry(_AT, "resolution", "How fast tickets were solved, and whether in time."),
    "ratings": Entry(_AT, "ratings", "Stars and likes."),
    "cases": Entry(_AT, "cases", "How many escalations the back office solves, and how fast."),
    "arrivals": Entry(_AT, "arrivals", "What comes at which hour, and how many operators that takes."),
    "trends": Entry(_AT, "trends", "Categories, tags or rules from week to week."),
    "growth": Entry(_AT, "growth", "What comes and ends, and what stays open."),
    "surges": Entry(_AT, "surges", "When more came in than usual, and how much."),
    "workbook": Entry(_AT, "workbook", "Write all of it as one spreadsheet."),
}


@click.group(cls=LazyGroup, entries=COMMANDS)
def stats() -> None:
    """Count tickets: how many, how fast, by whom.

    A report is about tickets published in a period, the last 30 days unless told. Tasks and issues that an instance
    reads are tickets too: --kind mention --kind review leaves what customers wrote. Every count of tickets can
    be opened: with --tickets and the column's key, which the help of each report names, a command prints the tickets
    that are counted, row by row.
    """
