"""``hub check``: what is wrong with each instance, and what to do about it."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from hub.pipeline.ask import answered
from hub.pipeline.reference import probe
from hub.pipeline.retry import NO_RETRY
from hub.pipeline.source import Source
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.faults import told_paused
from hub.runtime.instance_run import as_instant
from hub.runtime.sources import Workshop
from hub.runtime.transport import Transport
from hub.sdk import AuthError, ConfigError, HubError, Response, Shortcoming, SourceError
from hub.store import InstanceState, Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that ``hub check`` found; what *warns* is worth a look, and no fault: it is ``ok`` all the same."""

    instance: str
    ok: bool
    message: str
    todo: str | None = None
    warns: bool = False


async def check(settings: Settings, store: Store, names: Sequence[str] = ()) -> list[Finding]:
    """Ask each instance's source what a sync would ask first, and look for what waits for a person."""
    chosen = {instance.name for instance in settings.pick(names)}
    paused = [state for state in store.instances() if state.paused_at is not None and state.name in chosen]
    findings = [_paused(state) for state in paused]
    findings += _not_begun(settings.pick(names), datetime.now(UTC))
    async with Transport() as transport:
        workshop = Workshop(settings, transport, NO_RETRY)
        found = await asyncio.gather(*(_check(workshop, store, instance) for instance in settings.pick(names)))
    return findings + [finding for several in found for finding in several]


def _paused(state: InstanceState) -> Finding:
    message, todo = told_paused(state)
    return Finding(state.name, ok=False, message=message, todo=todo)


def _not_begun(instances: Sequence[InstanceSettings], now: datetime) -> Iterator[Finding]:
    """Yield a finding for every instance whose ``start`` is still to come: it reads nothing until then."""
    for one in instances:
        start = one.config.start
        if start is not None and as_instant(start) > now:
            message = f"`start` is {start}, which is still to come: until then nothing is read"
            todo = "write an earlier `start`, or take it out"
            yield Finding(one.name, ok=True, message=message, todo=todo, warns=True)


async def _check(workshop: Workshop, store: Store, instance: InstanceSettings) -> list[Finding]:
    cursors = {state.stream: state.cursor for state in store.streams(instance.name) if state.cursor and not state.name}
    try:
        source = workshop.source(instance)
        lacking = await _lacking(source)
        answers = [] if lacking else await probe(source, cursors)
    except AuthError as error:
        return [Finding(instance.name, ok=False, message=str(error), todo="mend the credentials, then check again")]
    except HubError as error:
        return [Finding(instance.name, ok=False, message=str(error), todo=_todo(error))]
    except Exception as error:  # a connector's own fault is that instance's alone
        _log.exception("check failed", extra={"instance": instance.name})
        return [Finding(instance.name, ok=False, message=f"{type(error).__name__}: {error}", todo="report it (-v)")]
    if lacking:
        return [Finding(instance.name, ok=False, message=one.seen, todo=one.todo) for one in lacking]
    return [Finding(instance.name, ok=True, message=f"the source answers: {seen_of(answers)}")]


def seen_of(answers: Sequence[Response]) -> str:
    """Return statuses and paths of *answers* in words, each with how often it came."""
    counted = Counter(f"{one.status} from {one.request.path}" for one in answers)
    return (
        ", ".join(f"{seen} ×{number}" if number > 1 else seen for seen, number in counted.items()) or "nothing to ask"
    )


async def _lacking(source: Source) -> tuple[Shortcoming, ...]:
    """Return what the connector finds that its credentials and settings lack."""
    return await answered(source, source.connector.check)


def _todo(error: HubError) -> str:
    if isinstance(error, ConfigError):
        return "mend its settings, then check again"
    if isinstance(error, SourceError):
        return "compare base_url and the settings with the vendor's documentation"
    return "wait, then check again; if it stays, check base_url and the network"
