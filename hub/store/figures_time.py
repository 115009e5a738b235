"""Reports along the clock: what comes at which hour, what grows from week to week, what a period was like."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from math import ceil
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, func, literal_column

from hub.store.figures_clock import Label, bounded, time_label
from hub.store.figures_query import MOMENTS, SLOT, Counting, FigureFilter, Source
from hub.store.figures_reports import REPORTS, FigureTable, Group, ReportColumn, grouped, kind_of
from hub.store.tables import answer_figures, instant, ticket_figures

_t, _a = ticket_figures.c, answer_figures.c
_MOST_OPERATORS = 2**20
_ONE: ColumnElement[int] = literal_column("0")
_MOST_STEPS = 400
_TREND_STEPS = 8
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The columns of arrivals that count the tickets of a weekday, Monday first."""
_BUSY = 0.9  # share of days on which an hour is not busier
MOVES = ("came", "again", "ended")
SUMMARY = (
    *REPORTS["outcome"], "asked", "answered", "answer_median", "answer_p90", "lag_median", "in_time", "late",
    "in_time_share", "solve_median", "solve_p90", "solved_in_time", "solved_late", "solved_share", "rated",
    "rating_mean", "likes_sum", "next_answered", "next_median", "cases", "cases_done", "case_median",
)  # fmt: skip


class Period(NamedTuple):
    """A stretch of time within local days; *name* is that of its first day or month."""

    name: str
    since: datetime
    until: datetime


# --- steps of a period ------------------------------------------------------------------------------------------------


def steps(since: datetime, until: datetime, step: str, zone: tzinfo) -> list[Period]:
    """Return the days, weeks or months of ``[since, until)``, oldest first, at most the last 400; the first and the
    last are cut to the period."""
    found: list[Period] = []
    end = until
    while end > since and len(found) < _MOST_STEPS:
        inside = (end - timedelta(microseconds=1)).astimezone(zone)
        start = _begin(inside.date(), step)
        begun = datetime(start.year, start.month, start.day, tzinfo=zone).astimezone(UTC)
        found.append(Period(time_label(step, inside.date()), max(begun, since), end))
        end = begun
    return found[::-1]


def _begin(day: date, step: str) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def usual_step(since: datetime, until: datetime) -> str:
    """Return the step that gives a period a readable number of rows."""
    days = (until - since).days
    return "day" if days <= 31 else "week" if days <= 366 else "month"


def bounds(counting: Counting) -> tuple[datetime, datetime] | None:
    """Return the period of what is counted, its beginning that of the first ticket where it is open, its end not after
    now; None where nothing is in it."""
    wanted = counting.wanted
    since = wanted.since or counting.first_at()
    now = wanted.now + timedelta(microseconds=1)
    until = min(wanted.until, now) if wanted.until else now
    return (since, until) if since is not None and since < until else None


# --- arrivals by hour and weekday -------------------------------------------------------------------------------------


def arrivals(counting: Counting, minutes: float) -> FigureTable:
    """Return for each hour of the day what came on each weekday, and how many operators that takes.

    Args:
        minutes: of an operator's work that a ticket takes.
    """
    columns = (
        ReportColumn("hour", "label"),
        *(ReportColumn(day, "count") for day in WEEK),
        ReportColumn("tickets", "count"),
        ReportColumn("a_day", "number"),
        ReportColumn("busy", "count"),
        ReportColumn("needed", "count"),
        ReportColumn("answers", "count"),
        ReportColumn("operators", "number"),
    )
    period = bounds(counting)
    number = len(steps(*period, "day", counting.zone)) if period else 0
    by_hour = _by_hour(counting)
    answers, operators = _answered(counting)
    rows: list[tuple[Any, ...]] = []
    for hour in range(24):
        came = by_hour[hour]
        busy = _busy(Counter(came.values()), number)
        week: Counter[int] = Counter()
        for day, many in came.items():
            week[day.weekday()] += many
        total = sum(came.values())
        rows.append((
            hour, *(week[day] for day in range(7)), total, total / number if number else None, busy,
            ceil(busy * minutes / 60), answers[hour], operators[hour] / number if number else None,
        ))  # fmt: skip
    sums = [sum(row[column] for row in rows) for column in range(1, 9)]
    total_row = (None, *sums, sums[-1] / number if number else None, None, None, sum(answers.values()), None)
    return FigureTable("arrivals", ("hour",), columns, tuple(rows), total_row)


def _by_hour(counting: Counting) -> "defaultdict[int, Counter[date]]":
    found: defaultdict[int, Counter[date]] = defaultdict(Counter)
    for _, slot, many in counting.counted("tickets", (), bounded(_t.created_at) // SLOT):
        at = instant(slot * SLOT).astimezone(counting.zone)
        found[at.hour][at.date()] += many
    return found


def _busy(days: Counter[int], number: int) -> int:
    """Return how many come on the busiest day in ten, days without any included."""
    days[0] += max(number - sum(days.values()), 0)
    seen, rank = 0, ceil(_BUSY * sum(days.values()))
    for many in sorted(days):
        seen += days[many]
        if seen >= rank:
            return many
    return 0


def _answered(counting: Counting) -> tuple[Counter[int], Counter[int]]:
    """Return by hour how many answers were given in the period, and how many operators gave any, summed over days."""
    answers: Counter[int] = Counter()
    seen: defaultdict[datetime, set[int]] = defaultdict(set)
    hours: dict[int, datetime] = {}
    given: dict[Source, Any] = {"tickets": _t, "answers": _a}
    for source, columns in given.items():
        at, by = columns.answered_at, columns.answered_by
        packed = (bounded(at) // SLOT) * _MOST_OPERATORS + func.coalesce(by, 0) % _MOST_OPERATORS
        most = _MOST_OPERATORS * 2**23
        for _, value, many in counting.counted(source, (), packed, at.is_not(None), most=most, at=at):
            slot, who = divmod(value, _MOST_OPERATORS)
            when = hours.get(slot)
            if when is None:
                local = instant(slot * SLOT).astimezone(counting.zone)
                when = hours[slot] = local.replace(minute=0, second=0, microsecond=0)
            answers[when.hour] += many
            seen[when].add(who)
    operators: Counter[int] = Counter()
    for when, those in seen.items():
        operators[when.hour] += len(those)
    return answers, operators


# --- from week to week ------------------------------------------------------------------------------------------------


def trend_steps(counting: Counting, step: str) -> list[Period]:
    """Return the steps of the period that trends show: the last ones."""
    period = bounds(counting)
    return steps(*period, step, counting.zone)[-_TREND_STEPS:] if period else []


def trends(counting: Counting, by: Sequence[str], step: str, limit: int) -> FigureTable:
    """Return how many tickets each group had in the last steps of the period; most in the last whole one first."""
    parts = trend_steps(counting, step)
    counts = [_counts(counting.within(part.since, part.until), by, "came") for part in parts]
    groups = {labels for count, _ in counts for labels in count}
    columns = (
        *(ReportColumn(name, "label") for name in by),
        *(ReportColumn(f"step_{number}", "count", part.name) for number, part in enumerate(parts)),
        ReportColumn("change", "count"),
        ReportColumn("tickets", "count"),
    )
    rows: list[tuple[Any, ...]] = [(*one, *_series([count[one] for count, _ in counts])) for one in groups]
    rows.sort(key=lambda row: (-row[-3] if parts else 0, -row[-1], str(row)))
    total = (*(None for _ in by), *_series([every for _, every in counts]))
    return FigureTable("trends", tuple(by), columns, tuple(rows[:limit]), total)


def _counts(counting: Counting, by: Sequence[str], happened: str) -> tuple[Counter[tuple[Label, ...]], int]:
    """Return how often one of :data:`MOMENTS` was in the period, by group and each once."""
    found: Counter[tuple[Label, ...]] = Counter()
    every = 0
    for source, at in MOMENTS[happened]:
        conditions = (at.is_not(None),) if at.nullable else ()
        for row, _, many in counting.counted(source, by, _ONE, *conditions, most=1, at=at):
            every += many
            for labels in counting.labels(source, by, row):
                found[labels] += many
    return found, every


def _series(values: Sequence[int]) -> tuple[int | None, ...]:
    return (*values, values[-1] - values[-2] if len(values) > 1 else None, sum(values))


def growth(counting: Counting, by: Sequence[str], step: str | None) -> FigureTable:
    """Return for each step what came, what was opened again, what ended, and what was open at its end."""
    period = bounds(counting)
    step = step or (usual_step(*period) if period else "day")
    columns = (
        ReportColumn(step, "label"),
        *(ReportColumn(name, "label") for name in by),
        *(ReportColumn(key, "count") for key in (*MOVES, "change", "left")),
    )
    name = ("growth", (step, *by), columns)
    if period is None:
        return FigureTable(*name, ())
    parts = steps(*period, step, counting.zone)
    before = counting.within(None, parts[0].since)
    groups, every = _moves(before, by)
    left = Counter({labels: _balance(numbers) for labels, numbers in groups.items()})
    open_then = _balance(every)
    rows: list[tuple[Any, ...]] = []
    sums = [0] * len(MOVES)
    for part in parts:
        groups, every = _moves(counting.within(part.since, part.until), by)
        sums = [one + more for one, more in zip(sums, every, strict=True)]
        for labels in sorted({*groups, *left}, key=str):
            numbers = groups.get(labels, (0,) * len(MOVES))
            left[labels] += _balance(numbers)
            rows.append((part.name, *labels, *numbers, _balance(numbers), left[labels]))
    total = (None, *(None for _ in by), *sums, _balance(sums), open_then + _balance(sums))
    return FigureTable(*name, tuple(rows), total)


def _moves(counting: Counting, by: Sequence[str]) -> tuple[dict[tuple[Label, ...], tuple[int, ...]], tuple[int, ...]]:
    """Return how many tickets came, were opened again and ended in the period, by group and in all."""
    counts = [_counts(counting, by, happened) for happened in MOVES]
    groups = {labels for count, _ in counts for labels in count}
    return {labels: tuple(count[labels] for count, _ in counts) for labels in groups}, tuple(n for _, n in counts)


def _balance(numbers: Sequence[int]) -> int:
    """Return how many more are open after so many :data:`MOVES`."""
    came, again, ended = numbers
    return came + again - ended


# --- a period and the one before --------------------------------------------------------------------------------------


def summary(counting: Counting) -> FigureTable:
    """Return the figures of the period, those of as long a period before it, and the change."""
    wanted = counting.wanted
    now = grouped(counting, (), SUMMARY)[1]
    before = _before(counting, wanted)
    rows = tuple((key, now.cell(key), before.cell(key) if before else None, _change(key, now, before))
                 for key in SUMMARY)  # fmt: skip
    kinds = (ReportColumn("figure", "label"), ReportColumn("value", "number"), ReportColumn("before", "number"),
             ReportColumn("change", "number"))  # fmt: skip
    return FigureTable("summary", ("figure",), kinds, rows)


def _before(counting: Counting, wanted: FigureFilter) -> Group | None:
    if wanted.since is None:
        return None
    length = (wanted.until or wanted.now) - wanted.since
    return grouped(counting.within(wanted.since - length, wanted.since), (), SUMMARY)[1]


def _change(key: str, now: Group, before: Group | None) -> Any:
    if before is None or kind_of(key) == "yes":
        return None
    one, other = now.cell(key), before.cell(key)
    return None if one is None or other is None else one - other
