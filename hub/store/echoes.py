"""Answers that come back from their source although the ticket has them: people gave them in the helpdesk."""

from collections import defaultdict
from dataclasses import replace

import sqlalchemy as sa

from hub.sdk.drafts import MessageDraft, TicketDraft
from hub.store.page import Checkpoint
from hub.store.replies import SAID, same_text
from hub.store.tables import replies, tickets


def without_echoes(connection: sa.Connection, checkpoint: Checkpoint) -> Checkpoint:
    """Return *checkpoint* with our own answers marked as echoes, where the ticket has them as the helpdesk's already.

    They keep their text: what the source makes of them is still told by it.
    """
    threads = {draft.thread for draft in checkpoint.drafts if isinstance(draft, TicketDraft) and has_answer(draft)}
    known = _passed_on(connection, checkpoint, threads) if threads else {}
    if not known:
        return checkpoint
    drafts = [
        _marked(draft, known[draft.thread]) if isinstance(draft, TicketDraft) and draft.thread in known else draft
        for draft in checkpoint.drafts
    ]
    return replace(checkpoint, drafts=drafts)


def has_answer(draft: TicketDraft) -> bool:
    """Whether *draft* holds an answer, ours or another's."""
    return any(message.direction == "out" for message in draft.messages)


def _passed_on(
    connection: sa.Connection, checkpoint: Checkpoint, threads: set[str]
) -> dict[str, list[tuple[str, str]]]:
    """Return by thread the texts, with their markers, that were taken over from the helpdesk."""
    here = (tickets.c.connector == checkpoint.connector) & (tickets.c.namespace == checkpoint.namespace)
    query = sa.select(tickets.c.thread, replies.c.final, replies.c.marker)
    query = query.join(tickets, tickets.c.n == replies.c.ticket_n)
    query = query.where(here, replies.c.origin.is_not(None), replies.c.state.in_(SAID))
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in connection.execute(query):
        if row.thread in threads:
            found[row.thread].append((row.final, row.marker))
    return found


def _marked(draft: TicketDraft, known: list[tuple[str, str]]) -> TicketDraft:
    def marked(message: MessageDraft) -> MessageDraft:
        ours = next((marker for text, marker in known if same_text(text, message.body)), None)
        is_ours = message.direction == "out" and ours is not None
        return message.model_copy(update={"echo_of": ours}) if is_ours else message

    return draft.model_copy(update={"messages": tuple(map(marked, draft.messages))})
