"""``hub sync`` and ``hub check``: one run now, and what would stand in its way."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.errors import FAILED
from hub.cli.output import Column, counted, print_json, print_table, progress, say
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.check import Finding
    from hub.runtime.reports import Progress, StreamReport, SyncReport


@click.command
@click.argument("instances", metavar="[INSTANCE]...", nargs=-1, shell_complete=complete_instance)
@click.option("--sweeps/--no-sweeps", default=True, help="Also run the sweeps that are due.", show_default=True)
@json_option
@shared_options
@pass_state
def sync(state: State, instances: Sequence[str], sweeps: bool, as_json: bool) -> None:
    """Read what is new, once, now.

    Polls every stream of the INSTANCEs (all of them unless named) and runs the sweeps that are due. Exit code 0 only
    if all went well. What was read before an error or Ctrl-C is kept; the next run goes on from there.
    """
    from hub.runtime.sync import sync as run
    from hub.sdk import HubError

    settings = state.settings()
    settings.pick(instances)
    with state.store(settings.store) as store, progress("reading", quiet=state.verbosity < 0) as shown:

        def tell(step: "Progress") -> None:
            shown.show(f"{step.instance} {step.stream}: {counted(step.records, 'record', 'records')}")

        def wait(instance: str, tries: int, seconds: float, error: HubError) -> None:
            shown.show(f"{instance}: {error}; try {tries + 1} in {seconds:.0f} s")

        report = asyncio.run(run(settings, store, instances, on_progress=tell, on_wait=wait, sweeps=sweeps))
    if as_json:
        print_json({"ok": report.ok, **_plain(report)})
    else:
        _show(report)
    if not report.ok:
        raise click.exceptions.Exit(FAILED)


@click.command
@click.argument("instances", metavar="[INSTANCE]...", nargs=-1, shell_complete=complete_instance)
@json_option
@shared_options
@pass_state
def check(state: State, instances: Sequence[str], as_json: bool) -> None:
    """Try settings, credentials and addresses; say what to do.

    Asks each source of the INSTANCEs (all of them unless named) one small question. Nothing is stored. Exit code 0 only
    if nothing was found.
    """
    from hub.runtime.check import check as run

    settings = state.settings()
    settings.pick(instances)
    with state.store(settings.store) as store, progress("asking", quiet=state.verbosity < 0):
        findings = asyncio.run(run(settings, store, instances))
    if as_json:
        print_json(findings)
    else:
        _show_findings(findings)
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(FAILED)


def _plain(report: "SyncReport") -> dict[str, object]:
    return {
        "seconds": report.seconds,
        "indexed": report.indexed,
        "problems": report.problems,
        "streams": report.streams,
    }


def _show(report: "SyncReport") -> None:
    columns = [
        Column("instance"),
        Column("stream", flexible=True),
        Column("records", right=True),
        Column("new", right=True),
        Column("changed", right=True),
        Column("rejected", right=True),
        Column("outcome"),
    ]
    print_table(columns, [_row(stream) for stream in report.streams])
    for stream in report.streams:
        if stream.error:
            say(f"{stream.instance} {stream.title or stream.stream}: {stream.error}")
        for remark in (stream.skipped, *stream.warnings):
            if remark:
                say(f"{stream.instance} {stream.title or stream.stream}: {remark}")
    for problem in report.problems:
        say(problem)
    say(_summary(report))


def _row(stream: "StreamReport") -> list[object]:
    title = stream.title or stream.stream
    outcome = "failed" if stream.error else "skipped" if stream.skipped else "warned" if stream.warnings else "done"
    named = f"{title} ({stream.name})" if stream.name else title
    return [stream.instance, named, stream.records, stream.created, stream.updated, stream.rejected, outcome]


def _summary(report: "SyncReport") -> str:
    records = sum(stream.records for stream in report.streams)
    rejected = sum(stream.rejected for stream in report.streams)
    text = f"{counted(records, 'record', 'records')} in {report.seconds:.1f} s"
    if rejected:
        text += f'; {counted(rejected, "record was", "records were")} set aside, see "hub dead list"'
    return text


def _show_findings(findings: "Sequence[Finding]") -> None:
    print_table(
        [Column("instance"), Column(""), Column("finding", flexible=True, wraps=True)],
        [[finding.instance, "ok" if finding.ok else "wrong", finding.message] for finding in findings],
    )
    for finding in findings:
        if finding.todo:
            say(f"{finding.instance}: {finding.todo}")
