"""What a page's decisions ask of sources: acts of rules, drafts, and answers that a person lets a rule give by itself.

Also what the page tells of answers given before: that they are published or rejected, or that a draft came too late.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa

from hub.sdk.drafts import TicketDraft
from hub.store import acts, replies
from hub.store.acts import Target, target_of, tell
from hub.store.echoes import has_answer
from hub.store.overtaken import MOVES, take_back
from hub.store.page import Act, Answer, Answering, Checkpoint, Decided, Event, Text, ToWrite
from hub.store.rows import Case, MessageRow, TicketRow, dumps
from hub.store.tables import instant, micros, ticket_events

RULE = "rule"
NO_COMPLAINT = "a complaint is never answered without a person"
DAY = timedelta(days=1)
REMEMBERED = 5
"""So many answers at one place are looked back at, so that the next does not read like one of them."""


def answer(
    connection: sa.Connection,
    checkpoint: Checkpoint,
    acting: Iterable[tuple[Case, Decided]],
    events: Sequence[Event],
) -> set[int]:
    """Ask for what was decided in *checkpoint*, and settle what its records tell of earlier answers; return the row
    numbers of the tickets whose answer turned out to be none."""
    again = _settle(connection, checkpoint)
    answered = {
        event.ticket_n for event in events if event.kind == "message_added" and event.data["direction"] == "out"
    }
    replies.drop_answered(connection, answered, "source", micros(checkpoint.now))
    take_back(connection, {event.ticket_n for event in events if event.kind in MOVES}, micros(checkpoint.now))
    if checkpoint.answering is not None:
        carry_out(connection, checkpoint.now, checkpoint.answering, acting)
    return again


def carry_out(
    connection: sa.Connection, now: datetime, answering: Answering, acting: Iterable[tuple[Case, Decided]]
) -> None:
    """Ask for what rules do with the records of tickets, and for their answers."""
    for case, decided in acting:
        messages = sorted(case.messages.values(), key=lambda message: (message.created_at, message.id))
        target = target_of(case.row, messages)
        if target is not None:
            _act(connection, now, answering, case, target, decided)
            if decided.answer is not None:
                _Draft(connection, now, answering, case, messages, target).write(decided)


def _settle(connection: sa.Connection, checkpoint: Checkpoint) -> set[int]:
    again: set[int] = set()
    spoken = [draft for draft in checkpoint.drafts if isinstance(draft, TicketDraft) and has_answer(draft)]
    if not spoken:
        return again
    waiting = replies.waiting_for(connection, checkpoint.connector, checkpoint.namespace)
    for draft in spoken if waiting else ():
        for row in waiting.get(draft.thread, ()):
            said = [one for one in draft.messages if one.direction == "out" and replies.same_text(one.body, row.final)]
            for message in said[-1:]:
                told = (message.publication, checkpoint.key.instance, micros(checkpoint.now))
                again |= replies.seen(connection, row, *told)
    return again


def _act(
    connection: sa.Connection,
    now: datetime,
    answering: Answering,
    case: Case,
    target: Target,
    decided: Decided,
) -> None:
    if now - instant(target.at) > answering.act_within:
        return
    can = answering.can.get(case.row.instance, frozenset())
    for act in decided.acts:
        if act.name in acts.ANSWERS and (why := _why_not(answering, case, act)):
            _tell_once(connection, case.row.n, micros(now), "reply_refused", {"reason": why})
        else:
            acts.ask_act(connection, case.row, target, act, RULE, micros(now), can)


def _why_not(answering: Answering, case: Case, act: Act) -> str | None:
    return NO_COMPLAINT if case.row.category == "complaint" else answering.refuse(act.text)


def _tell_once(connection: sa.Connection, ticket_n: int, at: int, kind: str, data: dict[str, Any]) -> None:
    """Tell what every decision says anew, unless it was told."""
    mine = (ticket_events.c.ticket_n == ticket_n) & (ticket_events.c.kind == kind) & (ticket_events.c.cause == RULE)
    if dumps(data) not in connection.execute(sa.select(ticket_events.c.data).where(mine)).scalars().all():
        tell(connection, ticket_n, at, kind, RULE, data)


class _Draft:
    """One ticket's answer on the way: a draft, or at once what is to be said."""

    def __init__(
        self,
        connection: sa.Connection,
        now: datetime,
        answering: Answering,
        case: Case,
        messages: Sequence[MessageRow],
        target: Target,
    ) -> None:
        self._connection = connection
        self._now = now
        self._at = micros(now)
        self._answering = answering
        self._case = case
        self._messages = messages
        self._target = target

    def write(self, decided: Decided) -> None:
        """Make what *decided* wants, at most once for a ticket, and only while it is fresh and has no answer."""
        row, wanted = self._case.row, decided.answer
        if wanted is None or "reply" not in self._can or row.state == "hidden" or self._is_late():
            return
        if replies.is_known(self._connection, row.n):
            return
        text = self._answering.write(to_write(self._connection, wanted.template, row, self._messages))
        if text is None:
            return
        why = self._answering.refuse(text.text)
        if why is not None:
            n = self._put("refused", text, wanted, why)
            tell(self._connection, row.n, self._at, "reply_refused", RULE, {"reason": why, "reply": n})
            return
        held = self._held(wanted, text, decided) if wanted.auto else None
        n = self._put("draft", text, wanted, held)
        told = {"template": wanted.template, "rule": wanted.rule, "reply": n}
        if wanted.auto and held is None:
            tell(self._connection, row.n, self._at, "reply_automatic", RULE, told)
            replies.let_go(self._connection, n, row, self._target, text.text, RULE, self._at, self._can)
        else:
            tell(self._connection, row.n, self._at, "reply_drafted", RULE, told)

    @property
    def _can(self) -> frozenset[str]:
        return frozenset(self._answering.can.get(self._case.row.instance, frozenset()))

    def _is_late(self) -> bool:
        """Whether what is answered is old, or there is an answer."""
        answered = any(message.direction == "out" and not message.hidden for message in self._messages)
        return answered or self._now - instant(self._target.at) > self._answering.fresh

    def _put(self, state: replies.ReplyState, text: Text, wanted: Answer, reason: str | None) -> int:
        about = {"answer": wanted, "text": text, "reason": reason}
        target = self._target.message
        return replies.put(
            self._connection,
            self._case.row.n,
            target,
            state,
            RULE,
            text.text,
            self._at,
            **about,  # type: ignore[arg-type]  # by name
        )

    def _held(self, wanted: Answer, text: Text, decided: Decided) -> str | None:
        """Return why a person has to look first; None: the rule may answer by itself."""
        answering, customer = self._answering, self._case.row.customer
        category = self._case.row.category or decided.category
        if wanted.rule not in answering.auto:
            return f'[replies] auto in hub.toml does not name the rule "{wanted.rule}"'
        if category == "complaint":
            return NO_COMPLAINT
        if not text.own_language:
            return "there is no text in the customer's language"
        if replies.automatic_since(self._connection, self._now - DAY) >= answering.per_day:
            return f"{answering.per_day} answers were given by rules in 24 hours"
        if customer is None:
            return "nobody knows who the customer is"
        if replies.automatic_since(self._connection, self._now - DAY, customer) >= answering.per_author:
            return "the customer had an answer by a rule within 24 hours"
        return None


def to_write(connection: sa.Connection, template: str, row: TicketRow, messages: Sequence[MessageRow]) -> ToWrite:
    """Return what a text for the ticket of *row* is made of."""
    place = orjson.loads(row.content).get("place") or {}
    said = [message for message in messages if message.direction == "in" and not message.hidden]
    authors = (orjson.loads(message.content).get("author") or {} for message in said)
    return ToWrite(
        template=template,
        ticket=str(UUID(bytes=row.id)),
        language=row.language,
        texts=tuple(message.body for message in said),
        author=next((author.get("name") for author in authors if author.get("name")), None),
        platform=row.platform,
        place=place.get("name"),
        city=place.get("city"),
        used=replies.last_variants(connection, template, row.platform, place.get("key"), REMEMBERED),
    )
