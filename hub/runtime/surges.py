"""The watch over how much comes in: counting, looking, and telling people of what began."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

from hub.runtime.aside import aside
from hub.runtime.config import Settings
from hub.runtime.reports import DeliveryReport, SyncReport
from hub.runtime.surge_texts import ended, notice, sentence
from hub.sdk import HubError
from hub.store import Store
from hub.store.notices import PREFIX
from hub.store.surges import Said, Surge, Wanted

TELL_WITHIN = timedelta(hours=2)
"""What nobody took for so long is no news any more."""

_log = logging.getLogger(__name__)


async def watch_surges(settings: Settings, store: Store, report: SyncReport, lang: str | None = None) -> None:
    """Count what came in, write down and log which surges began and which are over, and tell people of the former.

    Args:
        lang: ``ru`` or ``en``; that of the settings unless given, else English.
    """
    wanted = settings.surges
    if not wanted.enabled:
        await store.run(store.end_surges)
        return
    speaks = lang or settings.lang or "en"
    while await store.run(store.count_arrivals):
        pass
    await store.run(store.learn_levels, settings.timezone)
    kinds = Wanted(settings.timezone, wanted.alarms_in_30d, frozenset(wanted.series), tell=bool(wanted.notify))
    looked = await store.run(store.look_for_surges, kinds)
    for one in looked.began:
        _note(report, "surge began", sentence(await _described(store, one), speaks))
    for one in looked.ended:
        _note(report, "surge ended", ended(one, speaks))
    if wanted.notify:
        await _tell(settings, store, report, speaks)


def _note(report: SyncReport, event: str, text: str) -> None:
    report.surges.append(text)
    _log.warning(event, extra={"surge": text})


async def _described(store: Store, surge: Surge) -> Surge:
    """Return *surge* with what its tickets have in common."""
    during, before, queue = await store.run(store.said_in_surge, surge)
    words = await asyncio.to_thread(_words, during, before)
    return await store.run(store.surge_described, surge.n, words, queue)


def _words(during: Sequence[Said], before: Sequence[Said]) -> tuple[str, ...]:
    from hub.routing.common_words import common_words  # it loads the dictionary, which a quiet day never needs

    texts, others = ([(one.text, one.author) for one in said] for said in (during, before))
    return common_words(texts, others)


async def _tell(settings: Settings, store: Store, report: SyncReport, lang: str) -> None:
    """Tell the recipients of what they do not know yet, in one message; what they do not take is told again at the
    next look."""
    if not await store.run(store.untold_surges, TELL_WITHIN):
        return
    held = store.lock("surges")
    if held is None:  # another process tells just now
        return
    with held:
        waiting = await store.run(store.untold_surges, TELL_WITHIN)
        if waiting:
            report.deliveries.append(await _told(settings, store, waiting, lang))


async def _told(settings: Settings, store: Store, waiting: Sequence[Surge], lang: str) -> DeliveryReport:
    from hub.runtime.notify import send  # it brings apprise's neighbours, which most hubs never need

    names = settings.surges.notify
    key = PREFIX + ",".join(names)
    addresses = [address for name in names for address in settings.notify.get(name, ())]
    if not addresses:  # they are wrong, which is told with the settings
        return DeliveryReport(key, waiting=len(waiting), error="none of the addresses can be used")
    try:
        problems = await aside(send, addresses, *notice(waiting, lang))
    except HubError as error:
        return DeliveryReport(key, failed=len(waiting), waiting=len(waiting), error=str(error))
    await store.run(store.surges_told, [one.n for one in waiting])
    return DeliveryReport(key, sent=len(waiting), problems=tuple(problems))
