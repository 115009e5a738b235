"""The part of the store's door that answers and acts at sources go through."""

from collections.abc import Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from hub.sdk.errors import StoreError
from hub.store import acts, queries, replies
from hub.store.acts import Target, target_of
from hub.store.answering import to_write
from hub.store.deliveries import Deliveries
from hub.store.outbox import Asked, Outgoing
from hub.store.page import Act, Answer, Answering
from hub.store.replies import ReplyRow, Score
from hub.store.rows import MessageRow, TicketRow
from hub.store.tables import micros

PERSON = "person"


class Replying(Deliveries):
    """What is said and done at sources."""

    # --- asked by people ----------------------------------------------------------------------------------------------

    def ask_act(self, ticket: str, act: Act, answering: Answering, message: int | None = None) -> Asked:
        """Ask for something to be done with a ticket's record at its source, as a person.

        Args:
            ticket: its id, or how that begins.
            message: the place of the message that is meant, counted from 1; None: the customer's newest.
        Raises:
            StoreError: no ticket has such an id, several do, or the source has no such message.
        """
        with self._write() as connection:
            row, messages = self._case(connection, ticket)
            target = _target(row, messages, message)
            can = answering.can.get(row.instance, frozenset())
            return acts.ask_act(connection, row, target, act, PERSON, micros(self._now()), can, again=True)

    def say(
        self, ticket: str, text: str, answering: Answering, *, message: int | None = None, edit: bool = False
    ) -> tuple[ReplyRow, Asked]:
        """Ask for *text* to be said at a ticket's source, as a person; *edit*: in place of the answer that is there.
        Drafts of the ticket are dropped: it is answered. Raises as :meth:`ask_act`."""
        with self._write() as connection:
            row, messages = self._case(connection, ticket)
            target, at = _target(row, messages, message), micros(self._now())
            can = answering.can.get(row.instance, frozenset())
            earlier = replies.of_ticket(connection, row.n)
            edit = edit or _was_rejected(row, earlier, can)
            _check_room(row, messages, earlier, can, text, edit)
            n = _waiting(earlier, text) or replies.put(connection, row.n, target.message, "approved", PERSON, text, at)
            asked = replies.let_go(connection, n, row, target, text, PERSON, at, can, edit=edit)
            replies.drop_answered(connection, [row.n], PERSON, at)
            return replies.one(connection, n), asked

    def draft(self, ticket: str, text: str, *, message: int | None = None) -> ReplyRow:
        """Keep *text* as a person's draft. Raises as :meth:`ask_act`."""
        with self._write() as connection:
            row, messages = self._case(connection, ticket)
            target = _target(row, messages, message)
            n = replies.put(connection, row.n, target.message, "draft", PERSON, text, micros(self._now()))
            return replies.one(connection, n)

    def draft_by(self, ticket: str, template: str, answering: Answering, *, message: int | None = None) -> ReplyRow:
        """Make a draft of a template, as a person. Raises as :meth:`ask_act`, or where no text comes of it."""
        with self._write() as connection:
            row, messages = self._case(connection, ticket)
            target = _target(row, messages, message)
            text = answering.write(to_write(connection, template, row, messages))
            if text is None:
                raise StoreError(
                    f'the template "{template}" has no text for this ticket: each needs what is not known of it;'
                    " add one that needs less"
                )
            at, answer = micros(self._now()), Answer(template, rule="")
            n = replies.put(connection, row.n, target.message, "draft", PERSON, text.text, at, answer=answer, text=text)
            return replies.one(connection, n)

    def approve(self, n: int, answering: Answering, text: str | None = None) -> tuple[ReplyRow, Asked]:
        """Let a draft be said to the message that it was made for, with other words where *text* has them.

        Raises:
            StoreError: it is no draft (any more), or its message was erased.
        """
        with self._write() as connection:
            found = replies.one(connection, n)
            if found.state != "draft":
                raise StoreError(f'reply {n} is no draft, it is {found.state}; "hub replies list" shows the drafts')
            row, messages = self._case(connection, found.ticket)
            answers = replies.row_of(connection, n).message
            target = _target(row, messages, next((i for i, one in enumerate(messages, 1) if one.id == answers), None))
            can, at = answering.can.get(row.instance, frozenset()), micros(self._now())
            final = found.final if text is None else text
            edit = _was_rejected(row, replies.of_ticket(connection, row.n), can)
            asked = replies.let_go(connection, n, row, target, final, PERSON, at, can, edit=edit)
            replies.drop_answered(connection, [row.n], PERSON, at)
            return replies.one(connection, n), asked

    def drop_replies(self, numbers: Sequence[int]) -> int:
        """Drop drafts, and stop waiting for what was sent; return how many there were."""
        with self._write() as connection:
            return replies.drop(connection, numbers, micros(self._now()))

    # --- looked at ----------------------------------------------------------------------------------------------------

    def replies(self, states: Collection[str], limit: int = 100) -> list[ReplyRow]:
        """Return the answers in one of *states*, oldest first."""
        with self._read() as connection:
            return replies.listed(connection, states, limit)

    def reply(self, n: int) -> ReplyRow:
        """Return one answer; StoreError when there is none."""
        with self._read() as connection:
            return replies.one(connection, n)

    def reply_scores(self) -> list[Score]:
        """Return what people changed in drafts, by template and by rule."""
        with self._read() as connection:
            return replies.scores(connection)

    def unpublished(self, before: datetime) -> list[ReplyRow]:
        """Return the answers that were sent before a moment and are still not published."""
        with self._read() as connection:
            return replies.unpublished(connection, before)

    def unsaid(self) -> list[ReplyRow]:
        """Return the answers that the customer cannot read, refused or rejected, and that nobody followed with
        another."""
        with self._read() as connection:
            return replies.unsaid(connection)

    # --- worked off ---------------------------------------------------------------------------------------------------

    def acts_due(self, instance: str, *, forced: bool = False) -> list[Outgoing]:
        """Return the acts that may be sent to an instance now; *forced*: also what waits after failures."""
        with self._read() as connection:
            return acts.due(connection, instance, self._now(), forced)

    def acts_waiting(self, numbers: Sequence[int]) -> set[int]:
        """Return those of *numbers* that still wait to be sent."""
        with self._read() as connection:
            return acts.still_waiting(connection, numbers)

    def act_done(self, n: int, state: Literal["done", "sent"], detail: str) -> None:
        """Note that the source has taken an act."""
        with self._write_durably() as connection:
            acts.done(connection, n, state, detail, self._now())

    def act_failed(self, n: int, error: str, *, sure: bool, aside: bool = False, own: bool = True) -> None:
        """Note how a try of an act failed; see :func:`hub.store.outbox.failed`."""
        with self._write() as connection:
            acts.failed(connection, n, error, self._now(), sure=sure, aside=aside, own=own)

    def _case(self, connection: sa.Connection, ticket: str) -> tuple[TicketRow, list[MessageRow]]:
        [case] = queries.cases_of(connection, [queries.number_of(connection, ticket)])
        return case


def _target(row: TicketRow, messages: Sequence[MessageRow], number: int | None) -> Target:
    target = target_of(row, messages, number)
    if target is None:
        which = "no message of the customer" if number is None else f"no message {number}"
        raise StoreError(f'the ticket has {which} that {row.instance} read; "hub tickets show" numbers them')
    return target


def _was_rejected(row: TicketRow, earlier: Sequence[Any], can: AbstractSet[str]) -> bool:
    """Whether the last answer was rejected and keeps its place, so that the next has to change it. A person says so by
    hand where an answer can be read."""
    said = [one for one in earlier if one.state in replies.SAID][-1:]
    return any(one.state == "rejected" for one in said) and replies.takes_the_place(row, (), said, can)


def _check_room(
    row: TicketRow, messages: Sequence[MessageRow], earlier: Sequence[Any], can: AbstractSet[str], text: str, edit: bool
) -> None:
    """A review has room for one answer.

    Raises:
        StoreError: it is taken; or *edit* where there is nothing to be changed.
    """
    if row.kind != "review" or "edit_reply" not in can or _waiting(earlier, text) is not None:
        return
    waits = next((int(one.n) for one in reversed(earlier) if one.state == "approved"), None)
    if not edit and waits is not None:
        raise StoreError(
            f"a review has room for one answer, and reply {waits} waits to be sent; with --edit yours takes its place,"
            f' or "hub replies drop {waits}" first'
        )
    is_there = replies.takes_the_place(row, messages, earlier, can)
    if edit and not is_there:
        raise StoreError("the review has no answer yet that could be changed; leave --edit out")
    if not edit and is_there:
        raise StoreError("the review has an answer already, and room for one; with --edit yours takes its place")


def _waiting(earlier: Sequence[Any], text: str) -> int | None:
    """Return the answer with the same words that waits to be sent already."""
    for one in reversed(earlier):
        if one.state == "approved" and replies.same_text(one.final, text):
            return int(one.n)
    return None
