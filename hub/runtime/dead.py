"""``hub dead retry``: records set aside, through today's normaliser."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal, cast

from hub.pipeline.normalize import Said, normalize, record_of, sort_out
from hub.pipeline.source import utc_now
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.rules import router_in_force
from hub.runtime.sources import knowing, offline_source
from hub.sdk import Change, Connector, MessageDraft, Read, message_id
from hub.sdk.messages import Mode
from hub.store import Checkpoint, DeadLetter, Router, Store, StreamKey

Outcome = Literal["stored", "overtaken", "says nothing", "failed", "kept"]
_HIDING = frozenset({"hidden", "state"})  # what a message's being hidden changes: that it was read is not said by it


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of a record set aside. Its letter is dropped but where it *failed* again or is *kept*: the source
    has hidden the message since, so that neither the stored one nor the letter is surely the newer."""

    n: int
    outcome: Outcome
    message: str

    @property
    def ok(self) -> bool:
        """Whether the letter needs nobody any more."""
        return self.outcome not in ("failed", "kept")


def retry_dead(settings: Settings, store: Store, numbers: Sequence[int]) -> list[Retried]:
    """Normalise records set aside again; those that can be read now are stored and their letters dropped.

    A record that was read well after it was set aside is not stored over what came then.
    """
    results: list[Retried] = []
    decides = router_in_force(settings, store)
    for number in numbers:
        letter = store.dead_letter(number)
        instance = settings.instances.get(letter.instance)
        if instance is None:
            seen = f'the instance "{letter.instance}" is switched off or no longer configured'
            results.append(Retried(number, "failed", seen))
            continue
        results.append(Retried(number, *_retry(settings, store, instance, letter, decides)))
    return results


def _retry(
    settings: Settings, store: Store, instance: InstanceSettings, letter: DeadLetter, decides: Router | None
) -> tuple[Outcome, str]:
    source = knowing(offline_source(settings, instance), store)
    now = utc_now()
    mode = cast(Mode, letter.mode)
    read = Read(stream=letter.stream, mode=mode, now=now, name=letter.name, reference=source.reference)
    drafts, rejected = normalize(source, [record_of(letter.body)], read, unclean=True, strict=True)
    if rejected:
        return "failed", rejected[0].reason
    key = StreamKey(letter.instance, letter.stream, mode, letter.name)
    connector = source.connector
    said = sort_out(drafts)
    later = store.said_since(_messages(connector, letter.stream, said), letter.seen_at)
    if later and later <= _HIDING:
        return "kept", f'the source has hidden the message since; to leave it so, run "hub dead drop {letter.n}"'
    if not later:
        named = (key, connector.name, connector.namespace())
        known = Checkpoint(*named, said.content, now, decides, said.follow_ups, keep_raw=timedelta())
        talks, to = settings.conversations.values(), settings.deliver if settings.deliver.to else None
        store.checkpoint(replace(known, conversations=talks, destinations=to))
    store.drop_dead_letters([letter.n])
    if later:
        return "overtaken", "overtaken: the record was read well since; dropped"
    return ("stored", "stored") if drafts else ("says nothing", "says nothing to us; dropped")


def _messages(connector: Connector[Any], stream: str, said: Said) -> list[bytes]:
    """Return the ids of the messages that the drafts speak of."""
    items: list[MessageDraft | Change] = []
    for draft in said.content:
        items.extend([draft] if isinstance(draft, Change) else draft.messages)
    for follow_up in said.follow_ups:
        items.extend(follow_up.otherwise.messages if follow_up.otherwise else follow_up.messages)
    named = (connector.name, connector.namespace(), stream)
    return [message_id(*named, item.source_id, item.same_as) for item in items]
