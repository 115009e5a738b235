"""What is counted of one ticket: when it came, was answered and ended, how long its clocks ran, where it was sent.

Pure: from the ticket's row, its messages, events and links to values. The clock of :mod:`hub.routing.clock` says what
counts as a question, an answer, a pause and a promise kept; a ticket that no policy holds for is measured around the
clock, and nothing is promised of it.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from math import floor
from typing import Any, NamedTuple, cast

import orjson

from hub.routing.calendar import Calendar
from hub.routing.clock import Deadline, Deadlines, Moment, deadlines
from hub.routing.policy import SlaPolicy, always
from hub.sdk.ticket import Direction, State
from hub.store.tables import instant, micros

OPEN, SOLVED, HIDDEN = 0, 1, 2
"""How a ticket stands, as ``outcome``."""

NOBODY, ANSWERED, WAITS = 0, 1, 2
"""Whether a customer asked, as ``asked``: never; and the last question was answered, or waits."""

FLAGS = ("open", "solved", "hidden", "escalated", "own", "helped", "asked", "waiting", "answered", "in_time", "broken",
         "timed", "solved_in_time", "solve_broken", "rated", "stars_1", "stars_2", "stars_3", "stars_4", "stars_5",
         "liked", "answer_timed")  # fmt: skip
"""What holds of a ticket or does not, whatever the time; their places are those of the bits of ``flags``."""

Clock = tuple[SlaPolicy, Calendar]
Clocks = Callable[[str, str], Clock | None]
"""Gives the policy of a name in a version of the rules, with its calendar; None where nobody knows it any more."""

_MOST = 2**31 - 1  # of what is counted of one ticket
_FAR = timedelta(days=366)  # stands for a promise that a policy does not make: only how long it took is asked then
_ENDS: Mapping[str, int] = {"solved": SOLVED, "closed": SOLVED, "hidden": HIDDEN}
_CLOSED = frozenset(_ENDS)
_CASE_EVENTS = ("case_changed", "case_read")


class Written(NamedTuple):
    """What is read of a message."""

    created_at: int
    ingested_at: int
    direction: str
    hidden: int
    content: str
    counters: str


class Happened(NamedTuple):
    """What is read of an event."""

    at: int
    kind: str
    data: str


class Linked(NamedTuple):
    """What is read of a link."""

    n: int
    role: str
    instance: str
    external_id: str
    state: str | None
    department: str | None
    assignee: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Span:
    """How a promise went: answered or ended *at*, after *seconds* on the clock, which stood still for *pause* more.

    ``due`` while it is to come and was promised; ``kept`` once it is done: 1, or 0 where the promise was broken.
    What was done before its clock started has no length of time, and is neither kept nor broken.
    """

    at: int | None = None
    seconds: int | None = None
    pause: int | None = None
    due: int | None = None
    kept: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The way to one public answer, and who wrote it."""

    span: Span
    by: str | None


class Rest(NamedTuple):
    """A stretch in which a ticket was solved, closed or hidden, before it was opened again."""

    ended_at: int
    again_at: int


@dataclass(frozen=True, slots=True)
class CaseFigures:
    """One case of a ticket at a destination."""

    link: Linked
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class TicketFigures:
    """What is counted of a ticket; the first of *answers* is the first answer, *ended_at* is since when it is ended
    now, after all *rests*."""

    ended_at: int | None
    rests: tuple[Rest, ...]
    outcome: int
    asked: int
    operator: str | None
    policy: str | None
    target: float | None
    tags: tuple[str, ...]
    rules: tuple[str, ...]
    likes: int | None
    lag_s: int | None
    answers: tuple[Answer, ...]
    solve: Span
    cases: tuple[CaseFigures, ...]

    @property
    def escalations(self) -> list[CaseFigures]:
        """The cases that the ticket waited for."""
        return [case for case in self.cases if case.link.role == "escalated"]

    def flags(self, rating: float | None) -> int:
        """Return the bits of :data:`FLAGS`; a rating counts as the nearest whole number of stars from 1 to 5."""
        solved, helped = self.outcome == SOLVED, bool(self.escalations)
        answer = self.answers[0].span if self.answers else Span()
        stars = 0 if rating is None else min(max(floor(rating + 0.5), 1), 5)
        holds = (
            self.outcome == OPEN, solved, self.outcome == HIDDEN, helped, solved and not helped, solved and helped,
            self.asked != NOBODY, self.asked == WAITS and self.outcome == OPEN, answer.at is not None,
            answer.kept == 1, answer.kept == 0, self.solve.seconds is not None, self.solve.kept == 1,
            self.solve.kept == 0, rating is not None, *(stars == number for number in range(1, 6)), bool(self.likes),
            answer.seconds is not None,
        )  # fmt: skip
        return sum(1 << place for place, held in enumerate(holds) if held)

    def named(self, field: str) -> tuple[str, ...]:
        """Return the departments or assignees of its escalations, sorted."""
        return tuple(sorted({value for case in self.escalations if (value := getattr(case.link, field))}))


def figures_of(
    row: Any, written: Sequence[Written], happened: Sequence[Happened], linked: Sequence[Linked], clocks: Clocks
) -> TicketFigures:
    """Return what is counted of a ticket.

    Args:
        row: of ``tickets``: state, created_at, closed_at, content and decided at least.
        written: all its messages, oldest first.
        happened: its events, oldest first.
    """
    decided = orjson.loads(row.decided) if row.decided else {}
    tags = {*decided.get("tags", ()), *(orjson.loads(row.content).get("source_tags", ()) if row.content else ())}
    begun = min((message.ingested_at for message in written), default=row.created_at)
    states, born = _states(row, happened, begun)
    policy, calendar = _clock(decided, clocks)
    running = _running(policy, calendar, written, states)
    writers = _writers(written)
    answers = tuple(_answers(policy, running, writers))
    outcome = _ENDS.get(row.state, OPEN)
    rests, ended_at = _ends(row, states, begun)
    return TicketFigures(
        ended_at=ended_at if outcome else None,
        rests=rests,
        outcome=outcome,
        asked=_asked(running),
        operator=decided.get("assignee") or (writers[max(writers)] if writers else None),
        policy=decided.get("sla", {}).get("policy"),
        target=policy.target if policy.name else None,
        tags=tuple(sorted(tags)),
        rules=tuple(decided.get("decision", {}).get("rules", ())),
        likes=_likes(written),
        lag_s=min(round(running.intake.lag_s), _MOST) if running.intake else None,
        answers=answers,
        solve=Span() if born else _span(running.resolution, promised=policy.resolution is not None),
        cases=tuple(CaseFigures(link, _case_ended_at(link, happened)) for link in linked),
    )


# --- the clock --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _nothing_promised() -> SlaPolicy:
    return SlaPolicy.model_construct(name="", target=None)


def _clock(decided: Mapping[str, Any], clocks: Clocks) -> Clock:
    name = decided.get("sla", {}).get("policy")
    found = clocks(decided.get("decision", {}).get("ruleset", ""), name) if name else None
    return found or (_nothing_promised(), always())


def _running(
    policy: SlaPolicy, calendar: Calendar, written: Sequence[Written], states: Sequence[tuple[datetime, State]]
) -> Deadlines:
    if all(message.direction != "in" for message in written):
        return Deadlines(policy.name)
    return deadlines(_whole(policy), calendar, map(_moment, written), states)


@lru_cache(maxsize=256)
def _whole(policy: SlaPolicy) -> SlaPolicy:
    """Return *policy* with a far deadline where it promises nothing, so that its clock runs there as well; without a
    first response of its own each answer is a next one."""
    first = policy.first_response or policy.next_response
    made = {"first_response": first, "next_response": policy.next_response, "resolution": policy.resolution}
    return policy.model_copy(update={name: value or _FAR for name, value in made.items()} | {"warn": ()})


def _moment(message: Written) -> Moment:
    collected = orjson.loads(message.content).get("collected_at") if '"collected_at"' in message.content else None
    return Moment(
        cast(Direction, message.direction),
        instant(message.created_at),
        None if collected is None else instant(collected),
        instant(message.ingested_at),
        bool(message.hidden),
    )


def _span(deadline: Deadline | None, *, promised: bool) -> Span:
    if deadline is None:
        return Span()
    done = deadline.done_at
    if done is None:
        return Span(due=micros(deadline.due) if promised and deadline.due else None)
    if done < deadline.start:  # such as an answer that the hub first read together with its question
        return Span(micros(done))
    seconds = deadline.elapsed_s(done)
    pause = deadline.calendar.elapsed(deadline.start, done) - seconds if deadline.stops else 0
    kept = int(deadline.status(done) == "met") if promised else None
    return Span(micros(done), min(round(seconds), _MOST), min(round(pause), _MOST), None, kept)


def _answers(policy: SlaPolicy, running: Deadlines, writers: Mapping[int, str | None]) -> Iterator[Answer]:
    first = policy.first_response is not None or policy.next_response is not None
    for number, deadline in enumerate((running.first_response, *running.next_responses)):
        if deadline is not None:
            span = _span(deadline, promised=first if number == 0 else policy.next_response is not None)
            yield Answer(span, None if span.at is None else writers.get(span.at))


def _asked(running: Deadlines) -> int:
    if not running.exchanges:
        return NOBODY
    return ANSWERED if running.exchanges[-1].answered_at is not None else WAITS


# --- states -----------------------------------------------------------------------------------------------------------


def _states(row: Any, happened: Iterable[Happened], begun: int) -> tuple[list[tuple[datetime, State]], bool]:
    """Return since when the ticket stood in which state, and whether it had ended when it came: then nobody knows how
    long that took."""
    changes = [(one.at, *change) for one in happened if '"state"' in one.data and (change := _state_change(one))]
    first = changes[0][1] if changes else row.state
    known = [(begun, first)] if first != "new" else []
    states = [(instant(at), state) for at, state in (*known, *((at, new) for at, _, new in changes))]
    return states, first in _CLOSED


def _state_change(event: Happened) -> tuple[State, State] | None:
    data = orjson.loads(event.data)
    change = None if "external_id" in data else data.get("fields", {}).get("state")
    return (change[0] or "new", change[1]) if change else None


def _ends(row: Any, states: Iterable[tuple[datetime, State]], begun: int) -> tuple[tuple[Rest, ...], int]:
    """Return when the ticket was ended and then open again, and since when it is ended, if it is. Nothing of this is
    before it was published, nor before what happened to it earlier, whatever a clock that was set back says."""
    rests: list[Rest] = []
    earliest: int = row.created_at
    since: int | None = None
    for when, state in states:
        at = max(micros(when), earliest)
        if state in _CLOSED:
            since = at if since is None else since
        elif since is not None:
            if at > since:
                rests.append(Rest(since, at))
                earliest = at
            since = None
    return tuple(rests), since if since is not None else max(row.closed_at or begun, earliest)


def _case_ended_at(link: Linked, happened: Iterable[Happened]) -> int | None:
    """Return when the case was done; None while it is open."""
    if link.state not in _CLOSED:
        return None
    ended: int | None = None
    for event in happened:
        if event.kind in _CASE_EVENTS and (state := _case_state(event, link)):
            ended = (ended or event.at) if state in _CLOSED else None
    return max(ended or link.updated_at, link.created_at)


def _case_state(event: Happened, link: Linked) -> str | None:
    data = orjson.loads(event.data)
    if (data.get("instance"), data.get("external_id")) != (link.instance, link.external_id):
        return None
    change = data.get("fields", {}).get("state")
    told = change[1] if change else data.get("facts", {}).get("state")
    return cast("str | None", told)


# --- messages ---------------------------------------------------------------------------------------------------------


def _writers(written: Iterable[Written]) -> dict[int, str | None]:
    """Return who wrote our public answers, by the moment of each."""
    return {message.created_at: _author(message.content) for message in written if message.direction == "out"}


def _author(content: str) -> str | None:
    author = orjson.loads(content).get("author") or {}
    return author.get("name") or author.get("handle") or author.get("key") or None


def _likes(written: Iterable[Written]) -> int | None:
    found = [
        likes
        for message in written
        if message.direction == "in" and '"likes"' in message.counters
        if (likes := orjson.loads(message.counters).get("engagement", {}).get("likes")) is not None
    ]
    return min(max(sum(found), 0), _MOST) if found else None
