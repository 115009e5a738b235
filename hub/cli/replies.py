"""``hub replies``: drafts that wait for a person, and what became of answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import FAILED
from hub.cli.lazy import Group
from hub.cli.output import Column, local, one_line, print_json, print_table, printable, say, short_id
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from datetime import tzinfo

    from hub.store import ReplyRow, Score

_STATES = ("draft", "approved", "sent", "published", "rejected", "dropped", "refused")


@click.group(cls=Group)
def replies() -> None:
    """List, show, approve and drop answers to customers."""


def _speech(state: State, lang: str | None) -> Speech:
    from hub.cli.reply_texts import TEXTS

    return Speech(spoken(state, lang), TEXTS)


@replies.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="In this state; else drafts.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@json_option
@lang_option
@shared_options
@pass_state
def list_(state: State, /, states: Sequence[str], limit: int, as_json: bool, lang: str | None) -> None:
    """List the drafts that wait for a person, oldest first, or what became of earlier answers."""
    speech, outline = _speech(state, lang), state.outline()
    with state.store(outline.store) as store:
        found = store.replies(states or ("draft",), limit)
    if as_json:
        print_json(found)
        return
    if not found:
        say(speech("none" if states else "no_drafts"))
        return
    names = ("n", "state", "ticket", "platform", "template", "since")
    columns = [Column(speech(f"column.{name}"), right=name == "n") for name in names]
    columns.append(Column(speech("column.text"), flexible=True))
    print_table(columns, [_row(row, speech, outline.timezone) for row in found])
    if not states:
        say(speech("hint"))


def _row(row: "ReplyRow", speech: Speech, zone: "tzinfo") -> list[object]:
    since = local(row.sent_at or row.asked_at or row.created_at, zone)
    ticket, told = short_id(row.ticket), speech.word("state", row.state)
    return [row.n, told, ticket, row.platform, row.template or "", since, row.final]


@replies.command
@click.argument("number", metavar="N", type=int)
@json_option
@lang_option
@shared_options
@pass_state
def show(state: State, number: int, as_json: bool, lang: str | None) -> None:
    """Show one answer: its text, where it comes from, and what became of it."""
    speech, outline = _speech(state, lang), state.outline()
    with state.store(outline.store) as store:
        row = store.reply(number)
    if as_json:
        print_json(row)
        return
    about = {"n": row.n, "ticket": row.ticket, "platform": row.platform, "instance": row.instance}
    click.echo(speech("title", state=speech.word("state", row.state), **about))
    facts: dict[str, str | None] = {
        "by": speech.word("by", row.by),
        "rule": row.rule,
        "template": row.template,
        "reason": row.reason,
        "said": row.final,
        "draft": row.drafted if row.drafted != row.final else None,
    }
    for key, value in facts.items():
        if value:
            named = {"said": "text", "draft": "text"}.get(key, key)
            click.echo(
                printable(speech(key, **{named: value}, **({"variant": row.variant} if key == "template" else {})))
            )
    zone = outline.timezone
    times = {"created": row.created_at, "asked": row.asked_at, "sent": row.sent_at}
    click.echo(speech("times", **{name: local(at, zone) or "-" for name, at in times.items()}))


@replies.command
@click.argument("numbers", metavar="N...", nargs=-1, required=True, type=int)
@click.option("--text", help="Say this in place of the draft.")
@click.option("--edit", is_flag=True, help="Change the draft in the editor first.")
@json_option
@lang_option
@shared_options
@pass_state
def approve(
    state: State, /, numbers: Sequence[int], text: str | None, edit: bool, as_json: bool, lang: str | None
) -> None:
    """Let drafts be said; the next "hub sync" sends them.

    Card, account, phone and passport numbers are refused. Exit code 1 if one of the drafts was not sent on.
    """
    from hub.cli.reply_texts import private_told
    from hub.runtime.answers import Answers, require_action

    if (text is not None or edit) and len(numbers) > 1:
        raise click.UsageError("--text and --edit change one draft; name one")
    if text is not None and (edit or not text.strip()):
        raise click.UsageError("give words with --text, or use --edit; not both")
    speech, settings = _speech(state, lang), state.settings(apart=True)
    answering, told, failed = Answers(settings).of_pages, [], False
    with state.store(settings.store) as store:
        for number in numbers:
            row = store.reply(number)
            require_action(settings, row.instance, "reply")
            final = text if text is not None else _edited(row.final) if edit else row.final
            if why := private_told(speech, final, settings.replies.allow):
                say(speech("refused", why=why))
                failed = True
                continue
            row, asked = store.approve(number, answering, final)
            told.append(row)
            if asked.outgoing is not None and not as_json:
                say(speech("asked", n=asked.outgoing.n, instance=row.instance))
    if as_json:
        print_json(told)
    if failed:
        raise click.exceptions.Exit(FAILED)


def _edited(text: str) -> str:
    changed = click.edit(text, extension=".txt")
    return text if changed is None or not changed.strip() else changed.strip()


@replies.command
@click.argument("numbers", metavar="N...", nargs=-1, required=True, type=int)
@lang_option
@shared_options
@pass_state
def drop(state: State, /, numbers: Sequence[int], lang: str | None) -> None:
    """Drop drafts, and stop waiting for answers that were sent.

    What waits in the outbox is not sent any more; what the source has taken stays there.
    """
    speech, outline = _speech(state, lang), state.outline()
    with state.store(outline.store) as store:
        done = store.drop_replies(numbers)
    say(speech("dropped", number=done))
    if done < len(set(numbers)):
        say(speech("not_all", number=len(set(numbers)) - done))
        raise click.exceptions.Exit(FAILED)


@replies.command
@json_option
@lang_option
@shared_options
@pass_state
def score(state: State, as_json: bool, lang: str | None) -> None:
    """Show how good drafts are, by what people changed in them, for each template and rule.

    "kept" is the mean share of a draft's text that stayed when a person sent it.
    """
    speech, outline = _speech(state, lang), state.outline()
    with state.store(outline.store) as store:
        found = store.reply_scores()
    if as_json:
        print_json(found)
        return
    if not found:
        say(speech("no_scores"))
        return
    names = ("unchanged", "little", "much", "dropped", "overtaken", "automatic", "waiting", "kept")
    columns = [Column(speech("column.by")), Column(speech("column.name"), flexible=True)]
    columns += [Column(speech(f"column.{name}"), right=True) for name in names]
    print_table(columns, [_score_row(one, speech, names) for one in found])


def _score_row(one: "Score", speech: Speech, names: Sequence[str]) -> list[object]:
    values = [getattr(one, name) for name in names[:-1]]
    return [speech.word("score", one.by), one.name, *values, "" if one.kept is None else f"{one.kept:.0%}"]


@replies.command
@json_option
@lang_option
@shared_options
@pass_state
def check(state: State, as_json: bool, lang: str | None) -> None:
    """Find what is wrong with the templates of answers.

    Each is tried for numbers that a public answer may not hold. Exit code 1 if something is wrong.
    """
    from pathlib import Path

    from hub.cli.reply_texts import private_told
    from hub.routing.rule_files import RulesError
    from hub.routing.templates import load_templates

    speech, outline = _speech(state, lang), state.outline()
    try:
        templates = load_templates(Path(outline.replies.templates))
    except RulesError as error:
        say(str(error))
        raise click.exceptions.Exit(FAILED) from None
    wrong: list[dict[str, Any]] = []
    texts = 0
    for one in templates.by_name.values():
        for language, said in one.texts.items():
            for number, text in enumerate(said, 1):
                texts += 1
                if why := private_told(speech, text, outline.replies.allow):
                    where = {"file": one.file, "line": one.line, "name": one.name}
                    wrong.append({**where, "variant": f"{language}-{number}", "why": why})
    if as_json:
        print_json({"ok": not wrong, "templates": sorted(templates.by_name), "texts": texts, "wrong": wrong})
    else:
        for finding in wrong:
            click.echo(one_line("{file}:{line}: {name} ({variant}): {why}".format(**finding)))
        say(speech("checked", templates=len(templates.by_name), texts=texts, wrong=len(wrong)))
    if wrong:
        raise click.exceptions.Exit(FAILED)
