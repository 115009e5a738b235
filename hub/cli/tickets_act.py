"""``hub tickets reply``, ``tag``, ``mark``, ``hide`` and ``report``: what is done with a ticket at its source."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli.errors import FAILED
from hub.cli.output import print_json, printable, say
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.config import Settings
    from hub.sdk import ActionName
    from hub.sdk.ticket import Ticket
    from hub.store import Asked, Store

_TONES = ("positive", "neutral", "negative")
_LONGEST = 10_000  # characters of an answer
F = TypeVar("F", bound=Callable[..., Any])

_message_option = click.option(
    "--message", type=click.IntRange(1), metavar="N",
    help="Which message, as hub tickets show counts them; else the customer's newest.",
)  # fmt: skip


def _acting(command: F) -> F:
    """Give a command what all that act take."""
    for option in (shared_options, lang_option, json_option, _message_option):
        command = option(command)
    return click.argument("ticket", metavar="ID")(command)


@click.command
@_acting
@click.argument("text", required=False)
@click.option("--draft", is_flag=True, help="Send nothing yet: keep TEXT, or what the rules want, as a draft.")
@click.option("--template", help="Make a draft of this template.")
@click.option("--edit", is_flag=True, help="In place of the answer that is there.")
@pass_state
def reply(
    state: State,
    /,
    ticket: str,
    text: str | None,
    draft: bool,
    template: str | None,
    edit: bool,
    message: int | None,
    as_json: bool,
    lang: str | None,
) -> None:
    """Answer the customer in public, where they wrote.

    ID is the ticket's id, or its first four letters or more. TEXT is sent by the next "hub sync" and followed until it
    is published. With --draft or --template a draft is made, which waits for "hub replies approve". Card, account,
    phone and passport numbers are refused.
    """
    if text is not None and template is not None:
        raise click.UsageError("give either TEXT or --template")
    if text is None and template is None and not draft:
        raise click.UsageError("say what is to be answered: TEXT, --draft or --template NAME")
    if edit and (draft or template):
        raise click.UsageError("--edit changes what is published; it goes with TEXT alone")
    if text is not None and not 0 < len(text.strip()) <= _LONGEST:
        raise click.UsageError(f"TEXT is empty, or longer than {_LONGEST:,} characters")
    with _Work(state, lang, ticket) as work:
        work.require("edit_reply" if edit else "reply")
        if text is None:
            _drafted(work, template, message, as_json)
            return
        work.check_text(text)
        if draft:
            _tell_draft(work, work.store.draft(ticket, text, message=message), as_json)
            return
        row, asked = work.store.say(ticket, text, work.answering, message=message, edit=edit)
        work.end(asked, {"reply": row, "asked": asked} if as_json else None)


@click.command
@_acting
@click.argument("tags", nargs=-1, required=True)
@click.option("--only", is_flag=True, help="Take every other tag away.")
@pass_state
def tag(
    state: State, /, ticket: str, tags: Sequence[str], only: bool, message: int | None, as_json: bool, lang: str | None
) -> None:
    """Give a ticket's record tags at its source.

    ID is the ticket's id, or its first four letters or more. The next "hub sync" sends it.
    """
    if not all(tag.strip() for tag in tags):
        raise click.UsageError("a tag is empty; give words")
    _act(state, lang, ticket, "set_tags" if only else "add_tags", tuple(tags), "", message, as_json)


@click.command
@_acting
@click.option("--spam", is_flag=True, help="It is spam.")
@click.option("--sentiment", type=click.Choice(_TONES), help="Its tone.")
@pass_state
def mark(
    state: State,
    /,
    ticket: str,
    spam: bool,
    sentiment: str | None,
    message: int | None,
    as_json: bool,
    lang: str | None,
) -> None:
    """Mark a ticket's record at its source: as spam, or with a tone.

    ID is the ticket's id, or its first four letters or more. The next "hub sync" sends it.
    """
    if spam == (sentiment is not None):
        raise click.UsageError("give one of --spam and --sentiment")
    name: ActionName = "mark_spam" if spam else "set_sentiment"
    _act(state, lang, ticket, name, (sentiment,) if sentiment else (), "", message, as_json)


@click.command
@_acting
@pass_state
def hide(state: State, /, ticket: str, message: int | None, as_json: bool, lang: str | None) -> None:
    """Hide a ticket's record at its source.

    ID is the ticket's id, or its first four letters or more. The next "hub sync" sends it.
    """
    _act(state, lang, ticket, "hide", (), "", message, as_json)


@click.command("report")
@_acting
@click.option("--reason", default="other", show_default=True, help="In the source's own word.")
@click.option("--text", default="", help="What to tell the source.")
@pass_state
def report_(
    state: State, /, ticket: str, reason: str, text: str, message: int | None, as_json: bool, lang: str | None
) -> None:
    """Report a ticket's record to the place where it stands.

    ID is the ticket's id, or its first four letters or more. The next "hub sync" sends it.
    """
    from hub.runtime.answers import require_reason

    def check(work: _Work) -> None:
        require_reason(work.settings, work.ticket.instance, reason)

    _act(state, lang, ticket, "report", (reason,), text, message, as_json, check)


class _Work:
    """A ticket with its store and settings, for as long as the block runs."""

    def __init__(self, state: State, lang: str | None, ticket: str) -> None:
        from hub.cli.reply_texts import TEXTS

        self._state = state
        self._ticket = ticket
        self.speech = Speech(spoken(state, lang), TEXTS)
        self.settings: Settings = state.settings(apart=True)
        self._opened = state.store(self.settings.store)

    def __enter__(self) -> "_Work":
        from hub.runtime.answers import Answers

        self.store: Store = self._opened.__enter__()
        self.answers = Answers(self.settings)
        self.answering = self.answers.of_pages
        try:
            self.ticket: Ticket = self.store.find_ticket(self._ticket)
        except BaseException as error:
            self._opened.__exit__(type(error), error, error.__traceback__)
            raise
        return self

    def __exit__(self, *raised: Any) -> None:
        self._opened.__exit__(*raised)

    def require(self, action: "ActionName") -> None:
        """Check that the ticket's source can do *action*; ConfigError names what it can."""
        from hub.runtime.answers import require_action

        require_action(self.settings, self.ticket.instance, action)

    def private(self, text: str) -> str | None:
        """Return why *text* may not be said in public."""
        from hub.cli.reply_texts import private_told

        return private_told(self.speech, text, self.settings.replies.allow)

    def check_text(self, text: str) -> None:
        """End here where *text* may not be said in public."""
        if why := self.private(text):
            say(self.speech("refused", why=why))
            raise click.exceptions.Exit(FAILED)

    def end(self, asked: "Asked", shown: Any = None) -> None:
        """Tell what became of the wish."""
        row = asked.outgoing
        if shown is not None:
            print_json(shown)
        if row is None:
            return
        if row.state == "failed":
            say(self.speech("aside", n=row.n, error=row.error))
            raise click.exceptions.Exit(FAILED)
        if shown is None:
            facts = {"n": row.n, "instance": row.instance, "state": row.state}
            say(self.speech("asked" if asked.new else "asked_before", **facts))


def _act(
    state: State,
    lang: str | None,
    ticket: str,
    name: "ActionName",
    values: tuple[str, ...],
    text: str,
    message: int | None,
    as_json: bool,
    check: Callable[[_Work], None] = lambda _: None,
) -> None:
    from hub.store import Act

    with _Work(state, lang, ticket) as work:
        work.require(name)
        check(work)
        asked = work.store.ask_act(ticket, Act(name, values, text), work.answering, message)
        work.end(asked, asked if as_json else None)


def _drafted(work: _Work, template: str | None, message: int | None, as_json: bool) -> None:
    """Make a draft of a template; of the one that the rules want where none is named."""
    from hub.sdk.nearest import did_you_mean, listed

    known = work.answers.templates.by_name
    name = template or _wanted(work)
    folder = Path(work.settings.replies.templates)
    if not known:
        raise click.UsageError(work.speech("no_templates", folder=folder))
    if name is None:
        raise click.UsageError(work.speech("no_wish", known=listed(sorted(known))))
    if name not in known:
        hint = did_you_mean(name, known) or ";"
        raise click.UsageError(
            work.speech("no_template", name=name, hint=hint, folder=folder, known=listed(sorted(known)))
        )
    row = work.store.draft_by(work.ticket.id.hex, name, work.answering, message=message)
    _tell_draft(work, row, as_json)


def _wanted(work: _Work) -> str | None:
    """Return the template that the rules in force want for the ticket."""
    from hub.pipeline.source import utc_now
    from hub.runtime.rules import router_in_force

    router = router_in_force(work.settings, work.store)
    if router is None:
        return None
    answer = router.decide(work.store.facts_of(work.ticket.id.hex, utc_now())).answer
    return answer.template if answer else None


def _tell_draft(work: _Work, row: Any, as_json: bool) -> None:
    if as_json:
        print_json(row)
        return
    click.echo(printable(row.final))
    if why := work.private(row.final):
        say(work.speech("refused", why=why))
    say(work.speech("drafted", n=row.n))


COMMANDS = (reply, tag, mark, hide, report_)
