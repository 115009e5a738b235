"""``hub replay``: kept originals through today's connectors and rules.

The last original that speaks of a message says what its source said of it last, so originals are read from the last
one backwards, and what a later one has said an earlier one does not say again. What only a live read knows stays as it
is: counters, what is hidden, cases elsewhere, cursors. What people set stays theirs.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, cast

from hub.pipeline.normalize import normalize, reason_of, sort_out
from hub.pipeline.originals import restore
from hub.pipeline.source import Source, utc_now
from hub.runtime.answers import Answers
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.rules import router_in_force
from hub.runtime.sources import knowing, offline_source
from hub.sdk import Change, Connector, Draft, FollowUp, MessageDraft, Read, TicketDraft, message_id
from hub.sdk.messages import Mode
from hub.store import Checkpoint, Moved, Original, Router, Store, StreamKey

_EXAMPLES = 100  # kept, whatever is printed of them

_GROUPS: Mapping[str, str] = {"message_changed": "message", "changed": "ticket", "decided": "decided"}


@dataclass(frozen=True, slots=True)
class Example:
    """One field of one ticket that changes. ``field``: such as ``message.body`` or ``decided.queue``."""

    ticket: str
    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class Replayed:
    """What a replay changes, or has changed.

    Args:
        originals: how many were read.
        unknown: how many cannot be read anew, as it was not noted how they were asked for.
        records: how many they held.
        created: ids of tickets that are new.
        messages: how many messages are new in known tickets.
        tickets: ids of known tickets that change.
        fields: how many messages, or tickets, each field changes in.
        examples: some of the changes.
        unread: why originals, or records in them, cannot be read today, and how many.
        set_aside: the records that are dead letters and still cannot be read.
    """

    applied: bool
    originals: int = 0
    unknown: int = 0
    records: int = 0
    created: set[str] = field(default_factory=set)
    messages: int = 0
    tickets: set[str] = field(default_factory=set)
    fields: Counter[str] = field(default_factory=Counter)
    examples: list[Example] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)
    set_aside: set[bytes] = field(default_factory=set)
    _noted: set[tuple[str, str]] = field(default_factory=set)

    def note(self, moved: Iterable[Moved]) -> None:
        """Count what storing an original moved."""
        for one in moved:
            if one.kind == "created":
                self.created.add(one.ticket)
            elif one.ticket not in self.created:
                self.tickets.add(one.ticket)
                self.messages += one.kind == "message_added"
                self._note_fields(one)

    def _note_fields(self, moved: Moved) -> None:
        for name, (before, after) in moved.fields.items():
            label = f"{_GROUPS.get(moved.kind, moved.kind)}.{name}"
            # What is only looked at is taken back, so that another original of the ticket says it again.
            if moved.kind != "message_changed" and (moved.ticket, label) in self._noted:
                continue
            self._noted.add((moved.ticket, label))
            self.fields[label] += 1
            if len(self.examples) < _EXAMPLES:
                self.examples.append(Example(moved.ticket, label, before, after))


def replay(
    settings: Settings,
    store: Store,
    names: Sequence[str] = (),
    since: datetime | None = None,
    *,
    apply: bool = False,
    effects: bool = False,
    on_step: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Read the kept originals of the instances *names* (all: empty) anew, and say or store what that changes.

    Args:
        since: only those that were read from then on.
        apply: store it; else nothing is changed.
        effects: what is new is also delivered, escalated and told.
        on_step: told after each original which it is, and of how many.
    Raises:
        ConfigError: there is no such instance.
        StoreError: the store cannot be read or written; what was committed stays.
    """
    instances = [one for one in settings.pick(names) if "pull" in one.abilities]
    work = _Replay(settings, store, instances, apply=apply, effects=effects)
    numbers = store.original_numbers(list(work.sources), since)
    work.known = numbers[0] if numbers else 0
    for done, number in enumerate(numbers, 1):
        work.one(number)
        if on_step is not None:
            on_step(done, len(numbers))
    if apply:
        while store.index_batch():
            pass
    return work.result


class _Replay:
    """A replay under way. ``known``: number of the last original that was looked at."""

    def __init__(
        self, settings: Settings, store: Store, instances: Iterable[InstanceSettings], *, apply: bool, effects: bool
    ) -> None:
        self._store = store
        self._apply = apply
        self._effects = effects
        self._talks = settings.conversations.values()
        self._destinations = settings.deliver if effects and settings.deliver.to else None
        self._answering = Answers(settings).of_pages if effects else None
        self._router: Router | None = router_in_force(settings, store)
        self._seen: set[bytes] = set()
        self._hidden: dict[bytes, bool] = {}
        self.sources = {one.name: knowing(offline_source(settings, one), store) for one in instances}
        self.result = Replayed(apply)
        self.known = 0

    def one(self, number: int) -> None:
        """Read one original anew, and first those that came since the last look: they are newer."""
        original = self._store.original(number)
        if original is None:
            return
        source = self.sources[original.instance]
        drafts = self._drafts(source, original)
        names = _Names.of(source.connector, original.stream)
        while (moved := self._put(source, original, self._fresh(names, drafts))) is None:
            newer = self._store.original_numbers(list(self.sources), after=self.known)
            self.known = newer[0]
            for one in newer:
                self.one(one)
        self._seen.update(key for draft in drafts for key in names.keys(draft))
        self.result.note(moved)

    def _put(self, source: Source, original: Original, drafts: Sequence[Draft]) -> list[Moved] | None:
        if not drafts:
            return []
        said = sort_out(drafts)
        checkpoint = Checkpoint(
            key=StreamKey(original.instance, original.stream, cast(Mode, original.mode), original.name),
            connector=source.connector.name,
            namespace=source.connector.namespace(),
            drafts=said.content,
            follow_ups=said.follow_ups,
            now=utc_now(),
            router=self._router,
            keep_raw=timedelta(),
            conversations=self._talks,
            destinations=self._destinations,
            answering=self._answering,
            effects=self._effects,
            replay=True,
        )
        return self._store.replay(checkpoint, list(self.sources), self.known, apply=self._apply)

    # --- what an original says --------------------------------------------------------------------------------------

    def _drafts(self, source: Source, original: Original) -> list[Draft]:
        self.result.originals += 1
        if original.request is None or type(source.connector).pages is not Connector.pages:
            self.result.unknown += 1
            return []
        asked = restore(original.request, original.body)
        read = Read(
            original.stream,
            cast(Mode, original.mode),
            original.read_at,
            name=original.name,
            since=asked.since,
            until=asked.until,
            reference=source.reference,
        )
        try:
            records = source.hooks.parse(response=asked.response, read=read).records
        except Exception as error:  # told as what cannot be read today; the others are read
            self.result.unread[reason_of(error)] += 1
            return []
        self.result.records += len(records)
        drafts, rejected = normalize(source, records, read, unclean=asked.response.unclean, strict=True)
        for item in rejected:
            if self._store.is_set_aside(original.instance, original.stream, item.body):
                self.result.set_aside.add(item.body)
            else:
                self.result.unread[item.reason] += 1
        return drafts

    def _fresh(self, names: "_Names", drafts: Sequence[Draft]) -> list[Draft]:
        """Return what of *drafts* no later original has said."""
        ids = {names.message(item): item for draft in drafts for item in _messages(draft)}
        new = self._store.missing(ids)
        return [one for draft in drafts if (one := self._without_said(names, draft, new)) is not None]

    def _without_said(self, names: "_Names", draft: Draft, new: set[bytes]) -> Draft | None:
        match draft:
            case TicketDraft():
                return self._ticket(names, draft, new)
            case FollowUp():
                own = self._ticket(names, draft.otherwise, new) if draft.otherwise else None
                return draft.model_copy(update={"otherwise": own}) if own else None
            case Change():
                self._hidden.setdefault(names.key(draft.source_id), draft.hidden)
        return None

    def _ticket(self, names: "_Names", draft: TicketDraft, new: set[bytes]) -> TicketDraft | None:
        left = [item for item in draft.messages if names.key(item.source_id) not in self._seen]
        if not left:
            return None
        kept = [item.model_copy(update={"hidden": self._hides(names, item, new)}) for item in left]
        return draft.model_copy(update={"messages": tuple(kept)})

    def _hides(self, names: "_Names", item: MessageDraft, new: set[bytes]) -> bool | None:
        """Return whether a message is hidden, None to leave it as it is."""
        if names.message(item) not in new:
            return None
        return self._hidden.get(names.key(item.source_id), item.hidden)


@dataclass(frozen=True, slots=True)
class _Names:
    """Names things of one stream."""

    connector: str
    namespace: str
    stream: str

    @classmethod
    def of(cls, connector: Connector[Any], stream: str) -> "_Names":
        return cls(connector.name, connector.namespace(), stream)

    def message(self, item: MessageDraft) -> bytes:
        """Return the id of the message that *item* is."""
        return message_id(self.connector, self.namespace, self.stream, item.source_id, item.same_as)

    def key(self, source_id: str) -> bytes:
        """Return what stands for a record of this very stream."""
        return message_id(self.connector, self.namespace, self.stream, source_id, None)

    def keys(self, draft: Draft) -> Iterator[bytes]:
        """Yield what stands for all that *draft* speaks of."""
        return (self.key(item.source_id) for item in _messages(draft))


def _messages(draft: Draft) -> Sequence[MessageDraft]:
    if isinstance(draft, TicketDraft):
        return draft.messages
    return draft.otherwise.messages if isinstance(draft, FollowUp) and draft.otherwise else ()
