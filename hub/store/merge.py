"""Drafts into tickets: the same drafts in any order, any number of times, give the same store.

What makes that so:

* a message belongs to the *first* of its sources by name; the others add only their tags and whether they hide it;
* a ticket's own content comes with its earliest message, whoever brings it first;
* the rest of a ticket (rating, sentiment, tags, hidden, times) is computed from all its messages;
* the source's word on the state is applied only when it changes, and never over what a person set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

import orjson

from hub.sdk.drafts import Change, MessageDraft, TicketDraft
from hub.sdk.identity import StreamIds
from hub.store import conversations as talks
from hub.store.changes import message_changes, ticket_changes
from hub.store.page import Checkpoint, Event, created
from hub.store.rows import (
    EMPTY,
    Case,
    MessageRow,
    TicketRow,
    customer_of,
    dumps,
    message_content,
    message_counters,
    start_of,
    ticket_content,
)
from hub.store.single import Single, Singles, single_rows
from hub.store.tables import USUAL, micros

_Source = list[Any]  # [stream, source_id, hidden, tags]
_CAUSE = "source"


class Merge:
    """One checkpoint's drafts on the way into rows. Load what exists, ``apply``, then read the results.

    Args:
        checkpoint: the page.
        next_ticket_n: row number for the first new ticket; likewise for messages.
        erased: digests of authors whose data was erased, or ids of messages whose author has no key: they do not
            come back.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, next_ticket_n: int, next_message_n: int, erased: frozenset[bytes] = frozenset()
    ) -> None:
        self._checkpoint = checkpoint
        self._now = micros(checkpoint.now)
        self._ticket_n = next_ticket_n
        self._message_n = next_message_n
        self._erased = erased
        self._cases: dict[int, Case] = {}
        self._by_id: dict[bytes, Case] = {}
        self._case_of: dict[bytes, Case] = {}
        self._singles: dict[bytes, Single] = {}
        self._single_of: dict[bytes, bytes] = {}
        self._ids: list[tuple[bytes, tuple[bytes, ...]]] = []
        self._followed_by: dict[int, Case] = {}
        self._talks = checkpoint.conversations or talks.Conversations()
        self.follows: list[tuple[int, int]] = []
        self.events: list[Event] = []
        self.seen: list[bytes] = []
        self._name_everything()

    def _name_everything(self) -> None:
        checkpoint = self._checkpoint
        names = self._names = StreamIds(checkpoint.connector, checkpoint.namespace, checkpoint.key.stream)
        for draft in checkpoint.drafts:
            if isinstance(draft, TicketDraft):
                ticket = names.ticket(draft.thread)
                ids = tuple([names.message(item.source_id, item.same_as) for item in draft.messages])
            else:
                ticket = b""
                ids = (names.message(draft.source_id, draft.same_as),)
            self._ids.append((ticket, ids))
            self.seen.extend(ids)

    def wanted(self) -> tuple[list[bytes], list[bytes]]:
        """Return the ids of the tickets and messages that must be loaded if they exist."""
        return [ticket for ticket, _ in self._ids if ticket], self.seen

    def load(self, tickets: Iterable[TicketRow], messages: Iterable[MessageRow]) -> None:
        """Take what exists: the tickets by id and by their messages, with *all* messages of each."""
        for row in tickets:
            case = Case(row=row, before=replace(row))
            self._cases[row.n] = self._by_id[row.id] = case
        for message in messages:
            case = self._cases[message.ticket_n]
            case.messages[message.id] = message
            case.before_messages[message.id] = replace(message)
            self._case_of[message.id] = case

    def ended(self) -> list[int]:
        """Return the row numbers of the tickets that have ended: what follows them must be loaded too."""
        return [n for n, case in self._cases.items() if case.row.own_state in talks.ENDED]

    def follow(self, pairs: Iterable[tuple[int, int]]) -> None:
        """Take which loaded ticket follows which: row numbers of the later and of the earlier one."""
        self._followed_by.update({earlier: self._cases[later] for later, earlier in pairs})

    # --- applying -----------------------------------------------------------------------------------------------

    def apply(self) -> None:
        """Merge every draft, in order, then bring the tickets in line with their messages."""
        for draft, (ticket, ids) in zip(self._checkpoint.drafts, self._ids, strict=True):
            if isinstance(draft, TicketDraft):
                self._put(draft, ticket, ids)
            else:
                self._change(draft, ids[0])
        for case in self._cases.values():
            if case.touched:
                self._settle(case)
            if case.touched and case.before is None:
                case.news = True
                history = not self._checkpoint.effects
                self.events.append(created(case.row.n, len(case.messages), history=history))

    def _put(self, draft: TicketDraft, ticket: bytes, ids: tuple[bytes, ...]) -> None:
        if self._is_single(ticket, ids):
            if self._is_kept(draft.messages[0], ids[0]):
                self._singles[ticket] = (ids[0], draft)
                self._single_of[ids[0]] = ticket
            return
        self._unfold(ticket, ids)
        pairs = list(zip(draft.messages, ids, strict=True))
        kept = [pair for pair in pairs if self._is_kept(*pair)]
        if not kept or (self._erased and self._is_erased(*min(pairs, key=_published))):
            return  # the case of a person who was erased goes as a whole: title and answers speak of the person too
        opening, opening_id = kept[0] if len(kept) == 1 else min(kept, key=_published)
        case = self._case_of.get(opening_id) or self._by_id.get(ticket)
        if case is None:
            case = self._open(draft, ticket, opening_id)
        if len(kept) > 1 and talks.has_ended(case):
            kept.sort(key=_published)  # who opens what follows must not hang on the order of a page
        for item, mid in kept:
            self._put_message(self._case_of.get(mid) or self._home(case, draft, item, mid), item, mid)
        case = self._case_of[opening_id]
        if self._owns(case, opening, opening_id):
            case.draft = draft
            case.row.opening = opening_id
            case.touched = True

    def _home(self, case: Case, draft: TicketDraft, item: MessageDraft, mid: bytes) -> Case:
        """Return the ticket that the new message *item* of the thread of *case* belongs to: *case* itself but where it
        has ended."""
        while (later := self._followed_by.get(case.row.n)) is not None and talks.goes_on(case, later, item):
            case = later
        if talks.has_ended(case) and talks.is_news(case, item):
            if not talks.opens_again(case, item, self._talks):
                return self._open_following(case, draft, mid)
            self._reopen(case, mid)
        elif talks.waits_for_customer(case) and talks.is_news(case, item):
            self._reopen(case, mid)
        return case

    def _reopen(self, case: Case, mid: bytes) -> None:
        was = case.row.own_state
        unpinned = talks.reopen(case)
        told: dict[str, object] = {"message": str(UUID(bytes=mid)), "was": was}
        self._note(case.row, "reopened", told | ({"unpinned": ["state"]} if unpinned else {}))
        case.touched = True

    def _open_following(self, case: Case, draft: TicketDraft, mid: bytes) -> Case:
        """Open the ticket that follows *case*. The source's word on the state was said of the whole thread before."""
        drafts = zip(self._checkpoint.drafts, self._ids, strict=True)
        mine = [(one, ids) for one, (_, ids) in drafts if isinstance(one, TicketDraft) and one.thread == draft.thread]
        unknown = ((item, one) for d, ids in mine for item, one in zip(d.messages, ids, strict=True))
        first = talks.first_of(case, (pair for pair in unknown if pair[1] not in self._case_of))
        thread = talks.following(draft.thread, first)
        new = self._open(draft.model_copy(update={"thread": thread}), self._names.ticket(thread), mid)
        new.row.source_state = draft.state
        new.draft = draft
        case.row.updated_at = self._now
        case.touched = True
        self._followed_by[case.row.n] = new
        self.follows.append((new.row.n, case.row.n))
        self._note(case.row, "followed_by", {"ticket": str(UUID(bytes=new.row.id))})
        self._note(new.row, "follows", {"ticket": str(UUID(bytes=case.row.id))})
        return new

    def _is_single(self, ticket: bytes, ids: tuple[bytes, ...]) -> bool:
        """Whether neither the ticket nor its one message is known, from the store or from this page; what is routed
        takes the long way."""
        if self._checkpoint.router is not None:
            return False
        if len(ids) != 1 or ids[0] in self._case_of or ids[0] in self._single_of:
            return False
        return ticket not in self._by_id and ticket not in self._singles

    def _unfold(self, ticket: bytes, ids: tuple[bytes, ...]) -> None:
        """Make cases of the singles that another draft of the page has to do with."""
        for one in {ticket, *(self._single_of[mid] for mid in ids if mid in self._single_of)} & self._singles.keys():
            mid, draft = self._singles.pop(one)
            del self._single_of[mid]
            case = self._open(draft, one, mid)
            self._add(case, draft.messages[0], mid)
            case.draft = draft

    def _is_kept(self, item: MessageDraft, mid: bytes) -> bool:
        """Neither the echo of our own write nor of an author whose data was erased."""
        return item.echo_of is None and not (self._erased and self._is_erased(item, mid))

    def _is_erased(self, item: MessageDraft, mid: bytes) -> bool:
        return mid in self._erased or author_digest_of(item) in self._erased

    def _open(self, draft: TicketDraft, ticket: bytes, opening: bytes) -> Case:
        checkpoint = self._checkpoint
        row = TicketRow(
            self._ticket_n,
            ticket,
            checkpoint.connector,
            checkpoint.namespace,
            checkpoint.key.instance,
            draft.platform,
            draft.kind,
            draft.thread,
            0,
            self._now,
            None,
            "new",
            "new",
            None,
            opening,
            None,
            None,
            None,
            None,
            USUAL["priority"],
            None,
            None,
            EMPTY,
            None,
            None,
            start_of(ticket),
        )
        self._ticket_n += 1
        case = Case(row)
        self._cases[row.n] = self._by_id[ticket] = case
        return case

    def _put_message(self, case: Case, draft: MessageDraft, mid: bytes) -> None:
        row = case.messages.get(mid)
        if row is None:
            self._add(case, draft, mid)
            return
        sources = orjson.loads(row.sources)
        mine = self._source(draft, _known_hidden(sources, self._checkpoint.key.stream, draft.source_id))
        owner = _with_source(sources, mine)
        row.sources = dumps(sources)
        row.hidden = _all_hidden(sources)
        if owner:
            row.created_at = micros(draft.created_at)
            row.direction = draft.direction
            row.body = draft.body
            row.content = message_content(draft)
            if not self._checkpoint.replay:  # they change without an original being kept
                row.counters = message_counters(draft)
        case.touched = True

    def _add(self, case: Case, draft: MessageDraft, mid: bytes) -> None:
        source = self._source(draft, hidden=False)
        case.messages[mid] = MessageRow(
            self._message_n,
            mid,
            case.row.n,
            micros(draft.created_at),
            self._now,
            draft.direction,
            int(source[2]),
            draft.body,
            dumps([source]),
            message_content(draft),
            message_counters(draft),
            start_of(mid),
        )
        self._message_n += 1
        self._case_of[mid] = case
        case.touched = True

    def _source(self, draft: MessageDraft, hidden: bool) -> _Source:
        known = hidden if draft.hidden is None else draft.hidden
        return [self._checkpoint.key.stream, draft.source_id, known, sorted(set(draft.tags))]

    def _owns(self, case: Case, opening: MessageDraft, opening_id: bytes) -> bool:
        """Whether the draft that *opening* came with speaks for the ticket itself."""
        row = case.messages[opening_id]
        first = orjson.loads(row.sources)[0] if "],[" in row.sources else None
        if first is not None and first[:2] != [self._checkpoint.key.stream, opening.source_id]:
            return False
        current = case.messages.get(case.row.opening)
        if current is None or opening_id == case.row.opening:
            return True
        return (row.created_at, opening_id) < (current.created_at, current.id)

    def _change(self, change: Change, mid: bytes) -> None:
        self._unfold(b"", (mid,))
        case = self._case_of.get(mid)
        if case is None:
            return
        row = case.messages[mid]
        sources = orjson.loads(row.sources)
        for source in sources:
            if source[:2] == [self._checkpoint.key.stream, change.source_id]:
                source[2] = change.hidden
                case.touched = True
        row.sources = dumps(sources)
        row.hidden = _all_hidden(sources)

    # --- bringing a ticket in line with its messages --------------------------------------------------------------

    def _settle(self, case: Case) -> None:
        row = case.row
        messages = list(case.messages.values())
        if len(messages) > 1:
            messages.sort(key=_order)
        row.created_at = messages[0].created_at
        row.rating, row.sentiment = _latest(messages)
        if case.draft is not None:
            self._take_content(case, case.draft, _tags(messages))
        elif case.before is not None:
            row.content = _retagged(row.content, _tags(messages))
        inbound = [message for message in messages if message.direction == "in"]
        if self._checkpoint.router is not None:
            row.customer = customer_of(row.platform, inbound)
        hidden = all(message.hidden for message in inbound or messages)
        row.state = "hidden" if hidden else row.own_state
        if case.before is not None:
            self._note_changes(case, messages)

    def _take_content(self, case: Case, draft: TicketDraft, tags: list[str]) -> None:
        row = case.row
        row.platform, row.kind = draft.platform, draft.kind
        row.title, row.language = draft.title, draft.language
        row.content = ticket_content(draft, tags)
        if draft.state is not None and draft.state != row.source_state:
            row.source_state = draft.state
            if "state" not in _set_by_hand(row):
                row.own_state = draft.state
                row.closed_at = self._now if draft.state in ("solved", "closed") else None

    def _note_changes(self, case: Case, messages: list[MessageRow]) -> None:
        row, before = case.row, case.before
        assert before is not None  # noqa: S101 - only called for tickets that were loaded
        for message in messages:
            old = case.before_messages.get(message.id)
            if old is None:
                self._note(
                    row, "message_added", {"message": str(UUID(bytes=message.id)), "direction": message.direction}
                )
                case.news = True
            elif fields := message_changes(old, message):
                self._note(row, "message_changed", {"message": str(UUID(bytes=message.id)), "fields": fields})
                case.news = True
        if fields := ticket_changes(before, row):
            self._note(row, "changed", {"fields": fields})
            case.news = True
        if case.news:
            row.updated_at = self._now

    def _note(self, row: TicketRow, kind: str, data: dict[str, object]) -> None:
        if self._checkpoint.replay:
            self.events.append(Event(row.n, kind, "replay", data))
            return
        self.events.append(Event(row.n, kind, _CAUSE, data if self._checkpoint.effects else data | {"history": True}))

    # --- results --------------------------------------------------------------------------------------------------

    @property
    def singles(self) -> Singles:
        """The rows of the tickets that have one message and were not known before, numbered after all others."""
        return single_rows(self._checkpoint, self._singles, self._ticket_n, self._message_n)

    @property
    def single_ids(self) -> list[bytes]:
        """The ids of the tickets of :attr:`singles`."""
        return list(self._singles)

    @property
    def cases(self) -> Iterator[Case]:
        """The tickets that were touched."""
        return (case for case in self._cases.values() if case.touched)


def author_digest(key: str) -> bytes:
    """Return what stands for an erased author in the store, instead of the key itself."""
    return blake2b(key.encode(), digest_size=16).digest()


def author_digest_of(draft: MessageDraft) -> bytes | None:
    """Return the digest of the draft's author, None when unknown."""
    return author_digest(draft.author.key) if draft.author is not None and draft.author.key else None


def _published(pair: tuple[MessageDraft, bytes]) -> tuple[datetime, bytes]:
    return pair[0].created_at, pair[1]


def _order(message: MessageRow) -> tuple[int, bytes]:
    return message.created_at, message.id


def _known_hidden(sources: list[_Source], stream: str, source_id: str) -> bool:
    return any(source[2] for source in sources if source[0] == stream and source[1] == source_id)


def _with_source(sources: list[_Source], mine: _Source) -> bool:
    """Put *mine* into *sources*, kept sorted; return whether it is the first, which owns the content."""
    for at, source in enumerate(sources):
        if source[:2] == mine[:2]:
            sources[at] = mine
            return at == 0
    sources.append(mine)
    sources.sort(key=lambda source: source[:2])
    return sources[0] is mine


def _all_hidden(sources: list[_Source]) -> int:
    return int(all(source[2] for source in sources))


def _tags(messages: Sequence[MessageRow]) -> list[str]:
    tags: set[str] = set()
    for message in messages:
        if not message.sources.endswith(",[]]]") or "],[" in message.sources:
            tags.update(tag for source in orjson.loads(message.sources) for tag in source[3])
    return sorted(tags)


def _latest(messages: Sequence[MessageRow]) -> tuple[float | None, str | None]:
    """Return rating and sentiment of the latest message of the customer that has one."""
    rating: float | None = None
    sentiment: str | None = None
    for message in messages:
        if message.direction == "in" and ('"rating"' in message.content or '"sentiment"' in message.content):
            facts = orjson.loads(message.content)
            rating = facts.get("rating", rating)
            sentiment = facts.get("sentiment", sentiment)
    return rating, sentiment


def _retagged(content: str, tags: list[str]) -> str:
    facts = orjson.loads(content)
    if facts.get("source_tags", []) == tags:
        return content
    ordered = {key: facts[key] for key in ("url", "place") if key in facts}
    if tags:
        ordered["source_tags"] = tags
    if "extra" in facts:
        ordered["extra"] = facts["extra"]
    return dumps(ordered)


def _set_by_hand(row: TicketRow) -> Sequence[str]:
    return orjson.loads(row.decided).get("set_by_hand", ()) if row.decided else ()
