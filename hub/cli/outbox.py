"""``hub outbox``: what waits to be sent to destinations, and what was set aside."""

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import click

from hub.cli.dead import confirm, meant, require_all, say_due
from hub.cli.filters import check_instances
from hub.cli.lazy import Group
from hub.cli.output import Column, counted, local, print_json, print_table, printable, say, short_id
from hub.cli.speech import language
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.config import Settings
    from hub.runtime.outbox_run import Preview
    from hub.sdk import Request
    from hub.store import Outgoing, Store

PREFIX = "notify:"  # of those whom rules tell: hub.store.notices, which an empty list need not load
_EVERY = 1_000_000  # more than any list holds


@click.group(cls=Group, invoke_without_command=True)
@click.option("--instance", shell_complete=complete_instance, help="For this destination only.")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="At most so many.")
@click.option("--dry-run", is_flag=True, help="Show for each what would be sent. Nothing is.")
@json_option
@shared_options
@click.pass_context
def outbox(ctx: click.Context, instance: str | None, limit: int, dry_run: bool, as_json: bool) -> None:
    """Show what waits to be sent; retry and drop what was set aside.

    Lists deliveries that wait for their destination, oldest first, and those that were set aside because it refused
    them. "hub sync" sends what is due; "hub outbox show N" shows what that would be, --dry-run for all of them.
    """
    if ctx.invoked_subcommand is not None:
        return
    state = ctx.ensure_object(State)
    if dry_run:
        _dry_run(state, instance, limit, as_json)
        return
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        rows = store.outbox_left(instance, limit)
    if as_json:
        print_json(rows)
        return
    if rows:
        _show(rows, outline.timezone)
    say(_hint(rows, limit))


def _dry_run(state: State, instance: str | None, limit: int, as_json: bool) -> None:
    """Show what waits and what was set aside, each with what would be sent; what cannot be told says why."""
    from hub.runtime.outbox_run import preview
    from hub.sdk import HubError

    outline, settings = state.outline(), state.settings(apart=True)
    told: list[dict[str, object]] = []
    with state.store(settings.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        for row in store.outbox_left(instance, limit):
            if row.instance.startswith(PREFIX):  # tells a person here, no destination
                told.append({"delivery": row})
                if not as_json:
                    _show_notice(row, settings, store, as_json=False)
                    click.echo()
                continue
            try:
                found = preview(settings, store, row.n)
            except HubError as error:
                told.append({"delivery": row, "problem": str(error)})
                if not as_json:
                    click.echo(f"{_title(row)}\n{printable(str(error))}\n")
            else:
                told.append({"delivery": row, **_begins(found)})
                if not as_json:
                    _show_one(row, found)
                    click.echo()
    if as_json:
        print_json(told)
    else:
        say(f"{counted(len(told), 'delivery', 'deliveries')}; nothing was sent")


def _show(rows: "Sequence[Outgoing]", zone: tzinfo) -> None:
    columns = [
        Column("n", right=True),
        Column("to"),
        Column("effect"),
        Column("ticket", style="cyan"),
        Column("asked for"),
        Column("tries", right=True),
        Column("state", fixed=True),
        Column("last seen", flexible=True, wraps=True),
    ]
    print_table(columns, [_row(row, zone) for row in rows])


def _row(row: "Outgoing", zone: tzinfo) -> list[object]:
    state = "set aside" if row.state == "failed" else "waits"
    if row.state != "failed" and row.next_try_at is not None:
        state = f"waits until {local(row.next_try_at, zone)}"
    asked = local(row.created_at, zone)
    return [
        row.n,
        row.instance,
        row.act.get("name", row.effect),
        short_id(row.ticket),
        asked,
        row.attempts,
        state,
        row.error or "",
    ]


def _hint(rows: "Sequence[Outgoing]", limit: int) -> str:
    if not rows:
        return "nothing waits"
    more = f"the oldest {limit:,}; " if len(rows) == limit else ""
    return f'{more}"hub sync" sends what is due, "hub outbox retry N" tries again, "hub outbox drop N" never sends it'


@outbox.command
@click.argument("number", metavar="N", type=int)
@json_option
@shared_options
@pass_state
def show(state: State, number: int, as_json: bool) -> None:
    """Show one delivery and the request that it begins with. Nothing is sent.

    Some destinations are asked for what a create needs first; what follows depends on the answer. Where an earlier try
    is looked for first, what would be created if nothing is found is shown too, as far as that can be known.
    """
    from hub.runtime.outbox_run import preview

    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        row = store.outbox_row(number)
        if row.instance.startswith(PREFIX):
            _show_notice(row, settings, store, as_json=as_json)
            return
        found = preview(settings, store, number)
    if as_json:
        print_json({"delivery": row, **_begins(found)})
    else:
        _show_one(row, found)


def _title(row: "Outgoing") -> str:
    return f"delivery {row.n}: {row.effect} for {row.instance}, ticket {row.ticket}, marker {row.marker}"


def _show_one(row: "Outgoing", found: "Preview") -> None:
    click.echo(_title(row))
    facts = (("department", row.department), ("changes", row.changes), ("act", row.act), ("last seen", row.error))
    for name, value in facts:
        if value:
            click.echo(f"{name}: {printable(str(value))}")
    if found.first is None:
        click.echo(_nothing(found))
        return
    _show_request("begins with", found.first)
    if row.unsure_since is not None and found.first.repeatable:
        click.echo("that looks for what an earlier try may have made, whose answer never came")
    if found.missing is not None:
        _show_request("if nothing is found, once a look-up can be believed:", found.missing)


def _nothing(found: "Preview") -> str:
    if found.obstacle is not None:
        return f"cannot be sent: {printable(found.obstacle)}"
    return "is sent once the case is made, in order" if found.waits else "nothing is left to be sent"


def _show_request(before: str, request: "Request") -> None:
    click.echo(f"{before} {request.method} {printable(request.path)}")
    print_json({name: value for name, value in _plain(request).items() if name in ("params", "body") and value})


def _begins(found: "Preview") -> dict[str, object]:
    first, then = (None if one is None else _plain(one) for one in (found.first, found.missing))
    return {"begins_with": first, "if_nothing_is_found": then, "waits": found.waits, "obstacle": found.obstacle}


def _show_notice(row: "Outgoing", settings: "Settings", store: "Store", *, as_json: bool) -> None:
    """Show whom a row tells, and what."""
    from hub.runtime.notify import preview

    title, body = preview(settings, store, row.n, language(settings.lang))
    if as_json:
        print_json({"delivery": row, "message": {"title": title, "body": body}})
        return
    click.echo(f"{row.effect} for {row.instance}, ticket {row.ticket}")
    if row.error:
        click.echo(f"last seen: {printable(row.error)}")
    click.echo(printable(f"{title}\n\n{body}"))


def _plain(request: "Request") -> dict[str, object]:
    body = request.json if request.json is not None else request.form
    return {"method": request.method, "path": request.path, "params": dict(request.params), "body": body}


@outbox.command
@click.argument("numbers", metavar="[N]...", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that were set aside.")
@click.option("--instance", shell_complete=complete_instance, help="All of this destination that were set aside.")
@shared_options
@pass_state
def retry(state: State, numbers: Sequence[int], every: bool, instance: str | None) -> None:
    """Let deliveries that were set aside, or wait after failures, be tried again.

    The next "hub sync" sends them.
    """
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        chosen = _chosen(store, numbers, every, instance)
        ready = store.outbox_retry(chosen)
    say_due(ready)
    require_all("delivery", ready, chosen, "hub outbox")


@outbox.command
@click.argument("numbers", metavar="[N]...", nargs=-1, type=int)
@click.option("--all", "every", is_flag=True, help="All that were set aside.")
@click.option("--instance", shell_complete=complete_instance, help="All of this destination that were set aside.")
@click.option("--yes", is_flag=True, help="Do not ask where several, --all or --instance would.")
@shared_options
@pass_state
def drop(state: State, numbers: Sequence[int], every: bool, instance: str | None, yes: bool) -> None:
    """Never send deliveries.

    One that is named goes at once; for several, and with --all or --instance, a terminal is asked first. The ticket
    keeps in its story that it was dropped.
    """
    outline = state.outline()
    with state.store(outline.store) as store:
        check_instances(outline, store, [instance] if instance else [])
        chosen = _chosen(store, numbers, every, instance)
        if len(chosen) > 1 or (chosen and not numbers):
            confirm(f"never send {counted(len(chosen), 'delivery', 'deliveries')}?", yes)
        dropped = store.outbox_drop(chosen)
    say(f"{counted(dropped, 'delivery', 'deliveries')} dropped")
    require_all("delivery", dropped, chosen, "hub outbox")


def _chosen(store: "Store", numbers: Sequence[int], every: bool, instance: str | None) -> list[int]:
    def set_aside() -> list[int]:
        return [row.n for row in store.outbox_left(instance, _EVERY) if row.state == "failed"]

    return meant("deliveries", numbers, every, instance, set_aside)
