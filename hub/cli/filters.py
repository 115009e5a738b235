"""The options that narrow a list of tickets."""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from hub.runtime.config import Outline
    from hub.store import Store, TicketFilter

KINDS = ("mention", "review", "task", "issue")
STATES = ("new", "open", "pending", "on_hold", "solved", "closed", "hidden")
PRIORITIES = ("urgent", "high", "normal", "low")
CATEGORIES = ("complaint", "consultation", "praise", "suggestion", "news", "spam", "other")
ESCALATIONS = ("deleted", "moved", "reopened", "stuck", "unanswered")

_CASE = "Whose case elsewhere is so."
_AGO = re.compile(r"(\d+)\s*([mhdw])")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
F = TypeVar("F", bound=Callable[..., Any])


class Moment(click.ParamType[Any]):
    """A day, a time, or how long ago: ``2026-11-01``, ``2026-11-01T10:00``, ``7d``, ``12h``."""

    name = "when"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta | datetime:
        if not isinstance(value, str):
            return value  # type: ignore[no-any-return]  # click converts a converted value again
        ago = _AGO.fullmatch(value.strip())
        try:
            return int(ago[1]) * _UNITS[ago[2]] if ago else datetime.fromisoformat(value.strip())
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is no time; write 2026-11-01, 2026-11-01T10:00, 7d or 12h", param, ctx)


def moment(value: timedelta | datetime | None, zone: tzinfo, now: datetime) -> datetime | None:
    """Return the instant that an option means: so long before *now*, or a time in *zone*."""
    if value is None:
        return None
    if isinstance(value, timedelta):
        return now - value
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def filter_options(command: F) -> F:
    """Add the options that :func:`ticket_filter` reads."""
    for option in reversed(
        [
            click.option("--instance", multiple=True, help="Read by this instance."),
            click.option("--platform", multiple=True, help="From this platform, such as vk.com."),
            click.option("--kind", multiple=True, type=click.Choice(KINDS), help="Of this kind."),
            click.option("--state", multiple=True, type=click.Choice(STATES), help="In this state."),
            click.option("--priority", multiple=True, type=click.Choice(PRIORITIES), help="Of this priority."),
            click.option("--queue", multiple=True, help="In this queue."),
            click.option("--category", multiple=True, type=click.Choice(CATEGORIES), help="Of this category."),
            click.option("--rating", multiple=True, type=click.FloatRange(0, 5), help="With this rating."),
            click.option("--escalation", multiple=True, type=click.Choice(ESCALATIONS), help=_CASE),
            click.option("--since", type=Moment(), help="Published since: 2026-11-01, 7d, 12h."),
            click.option("--until", type=Moment(), help="Published before: 2026-11-01, 7d, 12h."),
            click.option("--text", help="With these words, or beginnings: возврат кар*"),
        ]
    ):
        command = option(command)
    return command


def ticket_filter(options: Mapping[str, Any], zone: tzinfo) -> "TicketFilter":
    """Return the filter that the options of a command ask for.

    Raises:
        click.UsageError: it asks for a time that ends before it begins.
    """
    from hub.store import TicketFilter

    now = datetime.now(UTC)
    several: dict[str, Any] = {
        name: tuple(options[name]) or None
        for name in ("instance", "platform", "kind", "state", "priority", "queue", "category", "rating", "escalation")
    }
    since, until = moment(options["since"], zone, now), moment(options["until"], zone, now)
    if since and until and since > until:
        raise click.UsageError("--since is after --until: nothing can match; swap them")
    return TicketFilter(since=since, until=until, text=options["text"], **several)


def check_instances(outline: "Outline", store: "Store", names: Iterable[str]) -> None:
    """Check that each of *names* is an instance of the settings, or one that the store still knows.

    Raises:
        click.UsageError: it is neither; says which name it looks like.
    """
    from hub.sdk.nearest import did_you_mean, listed

    for name in names:
        if name in outline.connectors or name in recipients(outline) or _is_stored(store, name):
            continue
        known = {*outline.connectors, *recipients(outline), *(stream.instance for stream in store.streams())}
        hint = did_you_mean(name, known) or ";"
        raise click.UsageError(f'there is no instance "{name}"{hint} known: {listed(known)}')


def recipients(outline: "Outline") -> set[str]:
    """Return what the outbox calls those whom rules may tell."""
    from hub.store.notices import PREFIX

    return {PREFIX + name for name in outline.notify or ()}


def _is_stored(store: "Store", name: str) -> bool:
    from hub.store import TicketFilter

    return bool(
        store.streams(name)
        or store.dead_letters(name, 1)
        or store.outbox_left(name, 1)
        or store.list_tickets(TicketFilter(instance=(name,)), 1)
    )
