"""From ``[replies]`` and its templates to what a checkpoint is given of answering."""

from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any, get_args

from hub.runtime.reply_settings import RepliesSettings
from hub.sdk.actions import ActionName
from hub.store import Answering, ReplyRow, Store, Text, ToWrite

if TYPE_CHECKING:
    from pathlib import Path

    from hub.routing.templates import Templates
    from hub.runtime.config import InstanceSettings, Settings

_SHOWN = 5  # late replies that are named, and unsaid ones


def actions_of(instance: "InstanceSettings") -> frozenset[ActionName]:
    """Return what can be done with the instance's records at their source."""
    return instance.connector_class.actions if "act" in instance.abilities else frozenset()


def require_action(settings: "Settings", name: str, action: ActionName) -> None:
    """Check that an instance can do *action*.

    Raises:
        ConfigError: it cannot, or is not configured; says what it can do.
    """
    from hub.sdk import ConfigError
    from hub.store.acts import lacking

    [instance] = settings.pick([name])
    if action not in actions_of(instance):
        raise ConfigError(lacking(f"instances.{name} ({instance.connector_name})", actions_of(instance), action))


def require_reason(settings: "Settings", name: str, reason: str) -> None:
    """Check that an instance's source takes *reason* for a report.

    Raises:
        ConfigError: it does not; says which it takes.
    """
    from hub.sdk import ConfigError
    from hub.sdk.nearest import did_you_mean, listed

    [instance] = settings.pick([name])
    known = instance.connector_class.report_reasons
    if known and reason not in known:
        hint = did_you_mean(reason, known) or ";"
        raise ConfigError(f'"{reason}" is no reason for a report at {name}{hint} it takes {listed(known)}')


def refuse(settings: RepliesSettings, text: str) -> str | None:
    """Return why *text* may not be said in public; None: it may."""
    from hub.routing.private import refusal

    return refusal(text, settings.allow)


class Answers:
    """How customers are answered by *settings*. Templates are read when the first text is to be made; while one is
    wrong, nothing is drafted, and ``problems`` says why."""

    def __init__(self, settings: "Settings") -> None:
        self._settings = settings
        self.problems: list[str] = []

    @cached_property
    def of_pages(self) -> Answering:
        """What checkpoints and people's commands are given."""
        said = self._settings.replies
        # What cannot be started now may be able to do all: that is found out when it can.
        unknown = dict.fromkeys((*self._settings.broken, *self._settings.disabled), frozenset(get_args(ActionName)))
        can: dict[str, Any] = {**unknown, **{name: actions_of(one) for name, one in self._settings.instances.items()}}
        return Answering(
            can=can,
            write=self._write,
            refuse=lambda text: refuse(said, text),
            auto=frozenset(said.auto),
            per_author=said.per_author_a_day,
            per_day=said.a_day,
            fresh=said.max_age,
            act_within=said.act_max_age,
            from_helpdesk=said.from_helpdesk,
        )

    @cached_property
    def templates(self) -> "Templates":
        """The templates of the folder.

        Raises:
            RulesError: a file is wrong.
        """
        from pathlib import Path

        return templates_of(Path(self._settings.replies.templates))

    def _write(self, wanted: ToWrite) -> Text | None:
        from hub.sdk import ConfigError

        if self.problems:
            return None
        try:
            templates = self.templates
        except ConfigError as error:
            self.problems.append(f"{error}\nno answer is drafted until the templates are right")
            return None
        return text_of(templates, wanted, self._settings.replies.brand)


def templates_of(folder: "Path") -> "Templates":
    """Read the templates of *folder*; none where there is no such folder."""
    from hub.routing.templates import load_templates

    return load_templates(folder)


def templates_problem(settings: RepliesSettings) -> str | None:
    """Return what is wrong with the templates of *settings*."""
    from pathlib import Path

    from hub.sdk import ConfigError

    try:
        templates_of(Path(settings.templates))
    except ConfigError as error:
        return str(error)
    return None


def text_of(templates: "Templates", wanted: ToWrite, brand: str | None = None) -> Text | None:
    """Return the text for a ticket; None: no variant can be said with what is known."""
    from hub.routing.templates import Addressee, given_name, write

    values = {
        "name": given_name(wanted.author),
        "place": wanted.place,
        "city": wanted.city,
        "platform": wanted.platform,
        "brand": brand,
    }
    known = {name: value for name, value in values.items() if value}
    to = Addressee(wanted.ticket, wanted.language, wanted.texts, known, wanted.used)
    written = write(templates, wanted.template, to)
    if written is None:
        return None
    return Text(written.text, written.variant, written.language, written.own_language)


def unpublished_problems(settings: RepliesSettings, store: Store) -> list[str]:
    """Return what to tell of replies that should be published by now."""
    return _told(late_replies(settings, store), "--state sent")


def late_replies(settings: RepliesSettings, store: Store) -> list[str]:
    """Return what to tell of each reply that should be published by now."""
    from hub.pipeline.source import utc_now

    return [_late(row) for row in store.unpublished(utc_now() - settings.published_within)]


def unsaid_answers(store: Store) -> list[str]:
    """Return what to tell of answers that were refused or rejected, until another follows or a person drops them."""
    return _told(map(_unsaid, store.unsaid()), "--state refused --state rejected")


def _told(problems: Iterable[str], states: str) -> list[str]:
    """Return the first of *problems*, and how many more there are."""
    told = list(problems)
    more = [f'and {len(told) - _SHOWN} more; "hub replies list {states}" shows them'] if told[_SHOWN:] else []
    return told[:_SHOWN] + more


def _unsaid(row: ReplyRow) -> str:
    return (
        f"reply {row.n} (ticket {row.ticket[:8]}, {row.instance}) was {row.state}, the customer cannot read it:"
        f' {row.reason}; answer in other words, or "hub replies drop {row.n}"'
    )


def _late(row: ReplyRow) -> str:
    since = f"{row.sent_at:%Y-%m-%d %H:%M} UTC" if row.sent_at else "long"
    return (
        f"reply {row.n} (ticket {row.ticket[:8]}, {row.instance}) was sent {since} and is not published yet; look at it"
        f' there, and "hub replies drop {row.n}" stops the waiting'
    )
