"""Faults of an instance: what pauses it, what makes it wait, and how people are told."""

from datetime import datetime, timedelta

from hub.runtime.config import InstanceSettings
from hub.runtime.reports import SyncReport
from hub.sdk import AuthError, HubError, TransientError
from hub.store import InstanceState, Store, StreamState


async def pause(store: Store, instance: InstanceSettings, error: HubError, report: SyncReport) -> None:
    """Pause an instance for a fault that waits for a person, and say so."""
    name = instance.name
    by = "auth" if isinstance(error, AuthError) else "config"
    await store.run(store.pause, name, instance.connector_name, str(error), by)
    report.problems.append(f'instance "{name}" is paused: {error}; then run "hub resume {name}"')
    report.paused.add(name)


def told_paused(state: InstanceState) -> tuple[str, str]:
    """Return why an instance is paused, and what to do."""
    resume = f'"hub resume {state.name}"'
    if state.paused_by == "person":
        return f"paused by a person: {state.paused_reason}", f"{resume} reads it again"
    return f"paused: {state.paused_reason}", f"mend it, then run {resume}"


def own_fault(error: Exception) -> str:
    """Return how a fault of a connector's own code is told."""
    return f"{type(error).__name__}: {error}; report it to the connector's author"


def asked_wait(error: HubError | None) -> timedelta | None:
    """Return how long the vendor asked to be left alone."""
    return error.retry_after if isinstance(error, TransientError) else None


def waits(state: StreamState | None, now: datetime) -> bool:
    """Whether what failed is still left alone. A failure in the future tells nothing: the clock was set back."""
    if state is None or state.next_try_at is None or (state.finished_at is not None and state.finished_at > now):
        return False
    return now < state.next_try_at


def told_waiting(instance: str, state: StreamState, what: str = "waits") -> str:
    """Return until when and why what failed is left alone; *what* is said of it."""
    failures = "1 failure" if state.failures == 1 else f"{state.failures} failures"
    until = f"{what} until {state.next_try_at:%H:%M:%S} UTC after {failures}"
    return f'{until}; to try now, run "hub sync {instance}"; last seen: {state.error}'
