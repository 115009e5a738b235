"""Public answers that people give in the helpdesk, on their way to the source."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.store import replies
from hub.store.acts import lacking, target_of, tell
from hub.store.notes import Noted
from hub.store.page import Answering, Checkpoint
from hub.store.queries import cases_of
from hub.store.rows import MessageRow
from hub.store.tables import micros
from hub.store.unsaid import set_unsaid

CAUSE = "destination"


def pass_on(connection: sa.Connection, checkpoint: Checkpoint, noted: Noted) -> None:
    """Ask for the answers in *noted* to be said where the customer wrote, and for later words in place of earlier
    ones."""
    if not noted.answers:
        return
    at = micros(checkpoint.now)
    replies.drop_answered(connection, {message.ticket_n for _, message in noted.answers}, CAUSE, at)
    if checkpoint.answering is None or not checkpoint.answering.from_helpdesk:
        return
    for old, message in noted.answers:
        _Pass(connection, checkpoint, checkpoint.answering, message).on(edited=old is not None)


class _Pass:
    """One answer of the helpdesk."""

    def __init__(
        self, connection: sa.Connection, checkpoint: Checkpoint, answering: Answering, message: MessageRow
    ) -> None:
        self._connection = connection
        self._at = micros(checkpoint.now)
        self._desk = checkpoint.key.instance
        self._answering = answering
        self._message = message
        [(self._row, self._messages)] = cases_of(connection, [message.ticket_n])

    def on(self, *, edited: bool) -> None:
        """Ask for it, unless it is said already or cannot be."""
        row, text = self._row, self._message.body
        earlier = [one for one in replies.of_ticket(self._connection, row.n) if one.state in replies.SAID]
        if not text.strip() or self._is_said(earlier):
            return
        can = self._answering.can.get(row.instance, frozenset())
        before = [one for one in earlier if one.origin == self._message.id]
        edit = (edited and bool(before)) or replies.takes_the_place(row, self._messages, earlier, can)
        target = target_of(row, self._messages)
        action = "edit_reply" if edit else "reply"
        if action not in can or target is None:
            why = lacking(row.instance, can, action) if target else "the source has no message that can be answered"
            self._tell("reply_stays", why)
            return
        why_not = self._answering.refuse(text)
        state: replies.ReplyState = "refused" if why_not else "draft"
        put = (self._connection, row.n, target.message, state, CAUSE, text, self._at)
        n = replies.put(*put, reason=why_not, origin=self._message.id)
        if why_not:
            self._tell("reply_refused", why_not)
            set_unsaid(self._connection, [replies.row_of(self._connection, n)])
        else:
            replies.let_go(self._connection, n, row, target, text, CAUSE, self._at, can, edit=edit)

    def _is_said(self, earlier: Sequence[Any]) -> bool:
        """Whether the customer can read the same words already, or will: ours that came back, or the source's own."""
        others = [one.body for one in self._messages if one.direction == "out" and one.id != self._message.id]
        ours = [one.final for one in earlier]
        return any(replies.same_text(text, self._message.body) for text in (*others, *ours))

    def _tell(self, kind: str, reason: str) -> None:
        tell(self._connection, self._row.n, self._at, kind, CAUSE, {"instance": self._desk, "reason": reason})
