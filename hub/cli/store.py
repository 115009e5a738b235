"""``hub store``: upgrade, backup, erase, prune."""

import json
import shlex
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hub.cli.dead import confirm
from hub.cli.errors import FAILED
from hub.cli.lazy import Group
from hub.cli.output import counted, local, one_line, print_json, progress, say
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.store import CaseLeft, Named, Pruned, StillNamed

_LISTED = 20  # keys in a message


@click.group(cls=Group)
def store() -> None:
    """Upgrade, back up, erase one person's data, remove old tickets."""


@store.command
@json_option
@shared_options
@pass_state
def upgrade(state: State, as_json: bool) -> None:
    """Bring the database to the schema of this release.

    Make a backup first; a database is never brought back to an older schema.
    """
    from hub.store import upgrade_store

    with progress("upgrading"):
        before, after = upgrade_store(state.outline().store)
    if as_json:
        print_json({"before": before, "after": after})
    say(f"schema {after} already" if before == after else f"from schema {before or 'none'} to {after}")


@store.command
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@json_option
@shared_options
@pass_state
def backup(state: State, file: Path, as_json: bool) -> None:
    """Copy the database into FILE, consistent while the hub is running. FILE must not exist."""
    from hub.store import backup_store

    with progress("copying"):
        size = backup_store(state.outline().store, file)
    if as_json:
        print_json({"file": str(file), "bytes": size})
    say(f"{size / 1e6:.1f} MB in {file}")


@store.command
@click.argument("author")
@click.option("--all-of-that-name", "everybody", is_flag=True, help="Also where several authors are called so.")
@click.option("--whole-customer", is_flag=True, help="Also every other profile that is linked to them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
@pass_state
def erase(state: State, author: str, everybody: bool, whole_customer: bool, yes: bool, as_json: bool) -> None:
    """Remove one person's data for good, wherever it is: messages, tickets with what was sent of them, originals,
    records set aside, pages that could not be read, the search index and the figures.

    AUTHOR is the author's key, name or handle, exactly as "hub tickets show" prints it. Where several authors are
    called so, their keys are listed and nothing is removed. What CRMs said of the person goes with it; of a customer
    with several profiles the others stay, unless --whole-customer is given. Backups are not touched, nor are cases at
    destinations that tell of the person, nor other people's tickets that have the name: these are named.
    """
    from hub.store.erase import NOBODY

    if not author.strip():
        raise click.BadParameter("no author is named; give a key, name or handle", param_hint="AUTHOR")
    outline = state.outline()
    with state.store(outline.store) as opened:
        known = opened.named(author)
        if not everybody:
            _check_one(author, known)
        if known.linked:
            _tell_linked(known, whole_customer)
        confirm(_question(author, known), yes)
        with progress("erasing"):
            erased = opened.erase(author, known.linked if whole_customer else ())
    if as_json:
        print_json(erased)
    say(
        f"removed {counted(erased.messages, 'message', 'messages')}, {counted(erased.tickets, 'ticket', 'tickets')},"
        f" {counted(erased.originals, 'original', 'originals')},"
        f" {counted(erased.dead_letters, 'record set aside', 'records set aside')},"
        f" {counted(erased.pages, 'page that could not be read', 'pages that could not be read')},"
        f" {counted(erased.deliveries, 'delivery', 'deliveries')}; the search index and the figures with them"
    )
    for case in erased.cases:
        say(_where_it_stands(case))
    for one in erased.named:
        _tell_still_named(one)
    if replace(erased, named=()) == NOBODY:
        say("nobody is known by exactly that key, name or handle")
        raise click.exceptions.Exit(FAILED)


def _tell_still_named(one: "StillNamed") -> None:
    """Say where other people's tickets have a name, and how to find them."""
    name = one_line(one.name)
    if one.texts:
        found = f"hub tickets list --text {shlex.quote(one.search)}"
        where = counted(one.texts, "ticket", "tickets")
        say(f"{name!r} still stands in the texts of {where} of others, which stay as they are; to find them: {found}")
    if one.fields:
        found = f"hub tickets export | grep -F {shlex.quote(json.dumps(name, ensure_ascii=False))}"
        where = counted(one.fields, "ticket", "tickets")
        say(f"{name!r} still stands in fields of {where} of others, such as an assignee; to find them: {found}")


def _where_it_stands(case: "CaseLeft") -> str:
    if case.external_id is None:
        return f"{case.instance}: a case was being made and may be there; look for {case.marker} and delete it there"
    address = f" ({one_line(case.url)})" if case.url else ""
    return f"{case.instance}: {one_line(case.external_id)}{address} still tells of the person; delete it there"


def _check_one(author: str, known: "Named") -> None:
    """Go on only when *author* is one person.

    Raises:
        click.UsageError: several authors are called so, or nobody knows how many.
    """
    if len(known.keys) <= 1 and not known.keyless:
        return
    keys = "".join(f"\n  {key}" for key in known.keys[:_LISTED])
    keys += f"\n  and {len(known.keys) - _LISTED:,} more" if len(known.keys) > _LISTED else ""
    keys += f"\n  without a key: {counted(known.keyless, 'message', 'messages')}" if known.keyless else ""
    raise click.UsageError(
        f"{author!r} may be several people; give one key, or remove all of them with --all-of-that-name. Keys:{keys}"
    )


def _tell_linked(known: "Named", whole: bool) -> None:
    """Say which other profiles the person has."""
    names = ", ".join(f"{platform}:{key}" for platform, key in known.linked[:_LISTED])
    more = f" and {len(known.linked) - _LISTED:,} more" if len(known.linked) > _LISTED else ""
    end = "go too" if whole else "stay; --whole-customer removes them as well"
    say(f"linked to the same customer: {names}{more}; these {end}")


def _question(author: str, known: "Named") -> str:
    if not known.messages:
        return f"no message is by {author!r}; remove the originals and records set aside that name them, for good?"
    people = counted(len(known.keys), "author key", "author keys")
    return (
        f"remove what {author!r} wrote, for good: {counted(known.messages, 'message', 'messages')},"
        f" {counted(known.tickets, 'ticket', 'tickets')} of {people}?"
    )


@store.command
@click.option("--dry-run", is_flag=True, help="Only say how many there are.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
@shared_options
@pass_state
def prune(state: State, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Remove the tickets that the settings keep no longer, now.

    Those are tickets that are solved, closed or hidden, of which nothing was heard for as long as [retention] says, and
    for which nothing waits to be sent and no case is open elsewhere. "hub sync" does the same once a day. Originals
    have a setting of their own, keep_raw.
    """
    from datetime import UTC, datetime

    from hub.runtime.retention import prune as run
    from hub.sdk import ConfigError

    outline = state.settings(apart=True)  # with the instances: what their sweeps still send is not removed
    if outline.keep_tickets is None:
        raise ConfigError(f'{outline.path}: nothing says how long to keep tickets; write [retention] tickets = "1095d"')
    before = datetime.now(UTC) - outline.keep_tickets
    with state.store(outline.store) as opened:
        found = opened.old_tickets(before)
        if found.tickets and not dry_run:
            confirm(f"remove {_told(found)}, for good?", yes)
            with progress("removing"):
                found = run(opened, before)
    if as_json:
        print_json({"removed": not dry_run, "before": before, **asdict(found)})
    since = local(before, outline.timezone)
    say(f"{'would remove' if dry_run else 'removed'} {_told(found)}, not heard of since {since}")


def _told(found: "Pruned") -> str:
    return f"{counted(found.tickets, 'ticket', 'tickets')} with {counted(found.messages, 'message', 'messages')}"
