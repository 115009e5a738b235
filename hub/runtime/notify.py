"""Telling people of tickets: what rules put into the outbox for them. The one home of apprise.

Apprise says no more than whether it went well; its reason stands in its log, which is caught while it works. What it
logs may repeat an address, so that every part of one is taken out. It blocks, and its log is one for the process:
everything here runs in a thread, one message after the other.

A message is sent at least once: a process that dies between the recipient and our commit tells them again.
"""

import logging
import re
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from hub.pipeline.deliver import MAX_TRIES
from hub.runtime.aside import aside
from hub.runtime.config import Settings
from hub.runtime.hops import redact
from hub.runtime.notify_texts import News, told
from hub.runtime.outbox_run import OUTBOX
from hub.runtime.reports import DeliveryReport, SyncReport
from hub.runtime.side_run import side_key, side_lock
from hub.sdk import ConfigError, DeliveryError
from hub.store import Outgoing, Parcel, Store
from hub.store.notices import PREFIX

SINGLY = 5
"""So many tickets are told of one by one; more at once come in one message, or a storm of them would."""

MOST = 25
"""Tickets in one message."""

_DUE = 500  # rows looked up at once
_SECRET = 6  # characters; a shorter part of an address is an ordinary word
_LIBRARY = threading.Lock()  # its log is one for the process

_log = logging.getLogger(__name__)
# They log addresses at DEBUG.
logging.getLogger("urllib3").setLevel(logging.WARNING)


async def notify(settings: Settings, store: Store, report: SyncReport, lang: str | None = None) -> None:
    """Tell everybody of what waits for them and is due.

    Args:
        lang: ``ru`` or ``en``; that of the settings unless given, else English.
    """
    waiting = await store.run(store.outbox_counts)
    for key in sorted(key for key, (number, _) in waiting.items() if key.startswith(PREFIX) and number):
        name = key.removeprefix(PREFIX)
        if name not in settings.notify:
            lost = f'[notify] has no "{name}": add it, or drop what "hub outbox --instance {key}" lists'
            report.deliveries.append(DeliveryReport(key, waiting=waiting[key][0], error=lost))
        elif settings.notify[name]:  # else its address is wrong, which is told with the settings
            await _Run(settings, store, key, lang or settings.lang or "en").finish(report)


class _Run:
    """One run over what one recipient is to be told."""

    def __init__(self, settings: Settings, store: Store, key: str, lang: str) -> None:
        self._addresses = settings.notify[key.removeprefix(PREFIX)]
        self._zone = settings.timezone
        self._store, self._key, self._lang = store, key, lang
        self._numbers = {"sent": 0, "failed": 0, "set_aside": 0}
        self._problems: list[str] = []
        self._error: str | None = None

    async def finish(self, report: SyncReport) -> None:
        """Tell what is due. After a message that was not taken the rest waits for the next run."""
        held = side_lock(self._store, self._key, OUTBOX)
        if held is None:
            report.deliveries.append(DeliveryReport(self._key, skipped="another run of this outbox is under way"))
            return
        with held:
            while self._error is None and (rows := await self._store.run(self._store.outbox_due, self._key, _DUE)):
                for batch in _batches(rows):
                    if self._error is None:
                        await self._tell(batch)
        await self._store.run(self._store.stream_finished, side_key(self._key, OUTBOX), self._error)
        waiting, aside = (await self._store.run(self._store.outbox_counts)).get(self._key, (0, 0))
        _log.info("people told", extra={"recipient": self._key, **self._numbers, "error": self._error})
        facts: dict[str, Any] = {**self._numbers, "error": self._error, "problems": tuple(self._problems)}
        report.deliveries.append(DeliveryReport(self._key, waiting=waiting, aside=aside, **facts))

    async def _tell(self, batch: Sequence[Outgoing]) -> None:
        found = [await self._store.run(self._store.outbox_parcel, row.n) for row in batch]
        parcels = [one for one in found if one is not None]
        if not parcels:
            return
        title, body = told([_news(one) for one in parcels], self._lang, self._zone)
        try:
            self._problems += await aside(send, self._addresses, title, body)
        except ConfigError as error:
            self._error = str(error)
        except DeliveryError as error:
            self._error = str(error)
            await self._failed(parcels, str(error))
        else:
            for one in parcels:
                await self._store.run(self._store.outbox_finished, one.outgoing.n)
            self._numbers["sent"] += len(parcels)

    async def _failed(self, parcels: Sequence[Parcel], error: str) -> None:
        for one in parcels:
            aside = one.outgoing.attempts + 1 >= MAX_TRIES
            await self._store.run(self._store.outbox_failed, one.outgoing.n, error, sure=True, aside=aside)
            self._numbers["set_aside" if aside else "failed"] += 1


def preview(settings: Settings, store: Store, n: int, lang: str) -> tuple[str, str]:
    """Return title and body of what row *n* tells when it goes alone; both empty where its ticket was erased."""
    parcel = store.outbox_parcel(n)
    return told([_news(parcel)], lang, settings.timezone) if parcel is not None else ("", "")


def _news(parcel: Parcel) -> News:
    return News(parcel.ticket, parcel.outgoing.occasion)


def _batches(rows: Sequence[Outgoing]) -> list[Sequence[Outgoing]]:
    size = 1 if len(rows) <= SINGLY else MOST
    return [rows[start : start + size] for start in range(0, len(rows), size)]


# --- apprise ----------------------------------------------------------------------------------------------------------


def send(addresses: Sequence[SecretStr], title: str, body: str) -> list[str]:
    """Send a message to every one of *addresses*; one that takes it is enough. Blocks.

    Returns:
        Why the others did not take it.
    Raises:
        ConfigError: apprise is not installed, or an address is none.
        DeliveryError: none took it; with the reasons.
    """
    with _LIBRARY, _caught(addresses) as reasons:
        failures = []
        for address in addresses:
            reasons.clear()
            service = _service(address, reasons)
            if not _is_sent(service, title, body, reasons):
                failures.append("; ".join(dict.fromkeys(reasons)) or "it was not sent, and nobody says why")
    if len(failures) == len(addresses):
        raise DeliveryError("; ".join(dict.fromkeys(failures)))
    return failures


def _is_sent(service: Any, title: str, body: str, reasons: list[str]) -> bool:
    try:
        return bool(service.notify(title=title, body=body, body_format="text"))
    except Exception as error:  # a fault of the library's; its text may hold the address
        reasons.append(f"apprise failed with {type(error).__name__}")
        return False


def fault_of(addresses: Sequence[SecretStr]) -> str | None:
    """Return why *addresses* cannot be used here; None: they can. Nothing is sent. Blocks."""
    try:
        with _LIBRARY, _caught(addresses) as reasons:
            for address in addresses:
                reasons.clear()
                _service(address, reasons)
    except ConfigError as error:
        return str(error)
    return None


def _service(address: SecretStr, reasons: Sequence[str]) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of modules that it tries to import
            import apprise

            # Its own pool of threads, taken for its timeout too, would be waited for at the end of the process.
            asset = apprise.AppriseAsset(
                app_id="helpdesk-hub", app_desc="helpdesk-hub", async_mode=False, service_timeout=0
            )
            service = apprise.Apprise(asset=asset)
            known = service.add(address.get_secret_value())
    except ImportError as error:
        raise ConfigError('apprise is not installed; run: pip install "helpdesk-hub[notify]"') from error
    if not known:
        why = "; ".join(dict.fromkeys(reasons)) or "it is not understood"
        raise ConfigError(
            f"no address that apprise can use ({why}); see https://appriseit.com for how they are written"
        )
    return service


@contextmanager
def _caught(addresses: Sequence[SecretStr]) -> Iterator[list[str]]:
    """Yield what apprise says from now on, without any part of *addresses*; nothing of it goes anywhere else."""
    secrets = [part for address in addresses for part in _parts(address.get_secret_value())]
    logger, reasons = logging.getLogger("apprise"), list[str]()
    before = logger.level, logger.propagate
    handler = _Kept(reasons, secrets)
    logger.addHandler(handler)
    logger.setLevel(logging.WARNING)
    logger.propagate = False
    try:
        yield reasons
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before


class _Kept(logging.Handler):
    def __init__(self, reasons: list[str], secrets: Sequence[str]) -> None:
        super().__init__(logging.WARNING)
        self._reasons, self._secrets = reasons, secrets

    def emit(self, record: logging.LogRecord) -> None:
        self._reasons.append(redact(" ".join(record.getMessage().split()), self._secrets))


def _parts(address: str) -> list[str]:
    """Return every text by which *address* may show up: the whole and its parts, but for the name of a host."""
    try:
        host = urlsplit(address).hostname or ""
    except ValueError:
        host = ""
    pieces = [piece for piece in re.split(r"[/:@?&=#,]+", address.partition("://")[2]) if len(piece) >= _SECRET]
    parts = [piece for piece in pieces if "." not in host or piece.lower() != host]
    return [address, *parts, *map(unquote, parts)]
