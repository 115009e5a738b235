"""``hub tickets``: list, show, export, set, escalate, link, unlink; what is done at the source is in
:mod:`hub.cli.tickets_act`.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import FAILED
from hub.cli.filters import CATEGORIES, PRIORITIES, STATES, check_instances, filter_options, ticket_filter
from hub.cli.lazy import Group
from hub.cli.output import Column, counted, local, print_json, print_table, progress, say, short_id, width
from hub.cli.related import link, unlink
from hub.cli.speech import lang_option, language
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options
from hub.cli.tickets_act import COMMANDS as ACTING

if TYPE_CHECKING:
    from hub.runtime.config import Outline
    from hub.sdk import ConnectorConfig
    from hub.store import HandSet, TicketLine

_OWN_STATES = tuple(state for state in STATES if state != "hidden")  # only its source hides a ticket
_SETTABLE = ("state", "priority", "queue", "category", "assignee", "tags")
_WIDE = 110  # columns of a terminal from which kind and author are shown too


@click.group(cls=Group)
def tickets() -> None:
    """List, show, export, set, escalate, link and answer tickets."""


for _command in (link, unlink, *ACTING):
    tickets.add_command(_command)


@tickets.command("list")
@filter_options
@click.option("--customer", metavar="WHO", help="Of this customer: an id of theirs or of a ticket, or platform:handle.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@json_option
@shared_options
@pass_state
def list_(state: State, /, customer: str | None, limit: int, as_json: bool, **options: Any) -> None:
    """List tickets, newest first.

    Options that are given several times are alternatives; different options narrow further.
    """
    outline = state.outline()
    wanted = ticket_filter(options, outline.timezone)
    with state.store(outline.store) as store:
        check_instances(outline, store, options["instance"])
        if customer is not None:
            wanted = replace(wanted, customer=store.profiles_of(customer))
        lines = store.list_tickets(wanted, limit)
    if as_json:
        print_json(lines)
        return
    if not lines:
        say(_nothing(options["text"]))
        return
    print_lines(outline, lines)
    if len(lines) == limit:
        say(f"the newest {limit:,}; --limit shows more")


@tickets.command
@click.argument("ticket", metavar="ID")
@lang_option
@json_option
@shared_options
@pass_state
def show(state: State, ticket: str, lang: str | None, as_json: bool) -> None:
    """Show one ticket in full, with its messages, what happened to it and how long that took.

    ID is the ticket's id, or its first four letters or more.
    """
    from datetime import UTC, datetime

    from hub.cli.story import print_story
    from hub.runtime.times import times_of

    outline = state.outline()
    with state.store(outline.store) as store:
        found = store.find_ticket(ticket)
        events = store.events(str(found.id))
        others = store.other_tickets(str(found.id))
        times = times_of(outline.rules, found, events, datetime.now(UTC))
    if as_json:
        print_json({**found.model_dump(mode="json"), "events": events, "times": times})
    else:
        print_story(found, events, times, outline.timezone, language(lang or outline.lang), others)


@tickets.command("set")
@click.argument("ticket", metavar="ID")
@click.option("--state", type=click.Choice(_OWN_STATES), help="Where it stands.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="How urgent it is.")
@click.option("--queue", help="Which queue it is in; '' takes it out of any.")
@click.option("--category", type=click.Choice(CATEGORIES), help="What it is.")
@click.option("--assignee", help="Who works on it; '' is nobody.")
@click.option("--tag", "tags", multiple=True, help="A tag; all that it is to have, once for each. '' is none.")
@click.option("--by-rules", "handed_back", multiple=True, type=click.Choice(_SETTABLE),
              help="Let rules decide this field again.")  # fmt: skip
@json_option
@shared_options
@pass_state
def set_(state: State, /, ticket: str, handed_back: Sequence[str], as_json: bool, **options: Any) -> None:
    """Decide what one ticket is to be, as a person.

    ID is the ticket's id, or its first four letters or more. Rules and the source no longer overwrite what is set
    here, until --by-rules gives it back to them; the rest, deadlines too, rules decide anew at once. Open tasks and
    issues of the ticket are told by the next "hub sync" when it is solved or closed, and of its priority and tags.
    """
    wanted = _wanted(options)
    twice = sorted(set(wanted) & set(handed_back))
    if twice:
        raise click.UsageError(f"{twice[0]} is set and left to rules at once; give one of the two")
    if not wanted and not handed_back:
        raise click.UsageError("say what is to be set, such as --priority high; --help lists what can be")
    from hub.runtime.rules import router_in_force

    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        done = store.set_by_hand(ticket, wanted, handed_back, router_in_force(settings, store))
    if as_json:
        print_json(done)
        return
    say(f"ticket {short_id(done.ticket)}: {_told(done, handed_back)}")
    for one in done.asked:
        say(f'delivery {one.n} tells {one.instance} of it; "hub sync" sends it')


def _wanted(options: dict[str, Any]) -> dict[str, Any]:
    """Return the values that are to be set, by field; nothing for what was not given."""
    told = {name: value.strip() for name, value in options.items() if value is not None and name != "tags"}
    wanted: dict[str, Any] = {name: value or None for name, value in told.items()}
    if options["tags"]:
        wanted["tags"] = _tags(options["tags"])
    return wanted


def _tags(given: Sequence[str]) -> list[str]:
    tags = sorted({tag.strip() for tag in given})
    if "" in tags and len(tags) > 1:
        raise click.UsageError(f"--tag '' is no tag at all; it does not go with --tag {tags[1]}")
    return [tag for tag in tags if tag]


def _told(done: "HandSet", handed_back: Sequence[str]) -> str:
    from hub.cli.output import one_line

    changes = [
        f"{name} is {one_line(_word(new))}, was {one_line(_word(old))}" for name, (old, new) in done.fields.items()
    ]
    changes += [f"{', '.join(handed_back)}: left to rules"] if handed_back else []
    return "; ".join(changes) or f"it is so already; set by a person: {', '.join(done.by_hand)}"


def _word(value: Any) -> str:
    return ", ".join(value) or "nothing" if isinstance(value, list) else str(value or "nothing")


@tickets.command
@click.argument("ticket", metavar="ID")
@click.option("--to", "instance", required=True, shell_complete=complete_instance, metavar="INSTANCE",
              help="Where: an instance whose connector can escalate.")  # fmt: skip
@click.option("--department", help="Whom it is for, in the words of [instances.INSTANCE.map].")
@json_option
@shared_options
@pass_state
def escalate(state: State, ticket: str, instance: str, department: str | None, as_json: bool) -> None:
    """Have a task or issue opened for one ticket.

    ID is the ticket's id, or its first four letters or more. The next "hub sync" sends it; the ticket is on hold from
    then on until the task is done; one that was solved or closed is opened again for that. A ticket has one open task
    at an instance: asked for again, nothing is done, unless it was set aside or dropped and --department names another
    one: that is then used.
    """
    settings = state.settings(apart=True)
    [there] = settings.pick([instance])
    there.require("escalate")
    with state.store(settings.store) as store:
        asked = store.ask_case(ticket, instance, department)
    if as_json:
        print_json(asked)
    elif asked.link is not None:
        say(f"it has an open case there: {asked.link.url or asked.link.external_id}")
    elif asked.outgoing is not None and asked.outgoing.state == "failed":
        row = asked.outgoing
        say(f'delivery {row.n} was set aside: {row.error}; mend that, then run "hub outbox retry {row.n}"')
        say("another --department replaces the old one, unless the case may be there already")
        raise click.exceptions.Exit(FAILED)
    elif asked.outgoing is not None:
        already = "" if asked.new else "is asked for already: "
        say(f'{already}delivery {asked.outgoing.n} to {instance} waits; "hub sync" sends it')
        was = asked.outgoing.department
        if department and was != department:
            say(f"it stays with {was or 'no department'}, not {department}")
            say(f'to change that, "hub outbox drop {asked.outgoing.n}", then escalate again')
    if asked.was is not None and not as_json:
        say(f"the ticket was {asked.was}; it is open again, and on hold as long as its task is")
    if department and not _is_mapped(there.config, department):
        say(f"[instances.{instance}.map] has no department.{department}{_meant(there.config, department)}")
        say("where the connector has no default of its own, the escalation is set aside")


def _meant(config: "ConnectorConfig", department: str) -> str:
    from hub.sdk import DestinationMap
    from hub.sdk.nearest import did_you_mean, listed

    found = getattr(config, "map", None)
    known = found.department if isinstance(found, DestinationMap) else {}
    return f" (it has: {listed(known)}){did_you_mean(department, known)}"


def _is_mapped(config: "ConnectorConfig", department: str) -> bool:
    from hub.sdk import DestinationMap

    found = getattr(config, "map", None)
    return isinstance(found, DestinationMap) and department in found.department


@tickets.command
@filter_options
@click.option("--format", "form", type=click.Choice(["jsonl", "csv", "xlsx"]), default="jsonl", show_default=True,
              help="One JSON object a line with its messages, or one flat row a ticket.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
              help="A file; - or nothing: standard output.")  # fmt: skip
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@shared_options
@pass_state
def export(state: State, /, form: str, output: Path | None, force: bool, **options: Any) -> None:
    """Write every ticket that matches, one a line, with its messages.

    A file is complete or not there at all: it gets its name when the last ticket is written. Only its owner may read
    it. A device or a pipe is written as it stands.
    """
    from hub.cli.export import WRITERS, opened, write_xlsx

    outline = state.outline()
    wanted = ticket_filter(options, outline.timezone)
    output = None if output == Path("-") else output
    check_output(outline, output, force)
    if form == "xlsx" and output is None:
        raise click.UsageError("a spreadsheet goes into a file; name it with -o tickets.xlsx")
    with state.store(outline.store) as store:
        check_instances(outline, store, options["instance"])
        found = store.iter_tickets(wanted)
        with opened(None if form == "xlsx" else output) as file, progress("writing") as shown:
            number = 0
            ways = (
                write_xlsx(found, output, outline.timezone) if form == "xlsx" and output else WRITERS[form](found, file)
            )
            for number in ways:
                if number % 1000 == 0 and output:
                    shown.show(counted(number, "ticket", "tickets"))
    if not number:
        say(_nothing(options["text"]))
    if output and state.verbosity >= 0:
        say(f"{counted(number, 'ticket', 'tickets')} in {output}")


def check_output(outline: "Outline", output: Path | None, force: bool, hint: str = "-o") -> None:
    """Check that a file may be written.

    Raises:
        click.BadParameter: it is there and not to be written over, or the hub lives on it.
    """
    from hub.cli.export import refusal
    from hub.store.database import path_of

    if output is None:
        return
    database = path_of(outline.store)
    held = [database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))]
    held += [outline.path, outline.path.with_name(".env")]
    if why := refusal(output, held, force=force):
        raise click.BadParameter(why, param_hint=hint)


def _nothing(text: str | None) -> str:
    if text and "*" not in text:
        return (
            "no ticket matches; a word is found only as it is written: cut its ending and put * there to find its other"
            " forms, such as возврат*"
        )
    return 'no ticket matches; "hub sync" reads what is new'


def print_lines(outline: "Outline", lines: "Sequence[TicketLine]") -> None:
    """Print a table of tickets; where no terminal reads it, with whole ids."""
    import sys

    person = sys.stdout.isatty()
    wide = not person or width() >= _WIDE
    columns = [Column("id", style="cyan"), Column("published"), Column("platform")]
    columns += [Column("kind")] if wide else []
    columns += [Column("★", right=True), Column("state"), Column("priority")]
    columns += [Column("queue")] if any(line.queue for line in lines) else []
    columns += [Column("author")] if wide else []
    columns += [Column("text", flexible=True)]
    values = [_values(outline, line, short=person) for line in lines]
    print_table(columns, [[row[column.title] for column in columns] for row in values])


def _values(outline: "Outline", line: "TicketLine", *, short: bool) -> dict[str, object]:
    text = " — ".join(part for part in (line.title, line.text) if part)
    return {
        "id": short_id(line.id) if short else line.id,
        "published": local(line.created_at, outline.timezone),
        "platform": line.platform,
        "kind": line.kind,
        "★": "" if line.rating is None else f"{line.rating:g}",
        "state": line.state,
        "priority": line.priority,
        "queue": line.queue,
        "author": line.author,
        "text": f"[{line.messages}] {text}" if line.messages > 1 else text,
    }
