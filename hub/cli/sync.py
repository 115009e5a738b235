"""``hub sync`` and ``hub check``: one run now, and what would stand in its way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from hub.cli.cases import case_told
from hub.cli.errors import FAILED, WRONG_USE
from hub.cli.output import Column, counted, print_json, print_table, progress, say
from hub.cli.speech import language
from hub.cli.state import State, complete_instance, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.runtime.check import Finding
    from hub.runtime.config import Settings
    from hub.runtime.reports import CustomersReport, DeliveryReport, Progress, Sent, StreamReport, SyncReport


@click.command
@click.argument("instances", metavar="[INSTANCE]...", nargs=-1, shell_complete=complete_instance)
@click.option("--sweeps/--no-sweeps", default=True, help="Also run the sweeps that are due.", show_default=True)
@json_option
@shared_options
@pass_state
def sync(state: State, instances: Sequence[str], sweeps: bool, as_json: bool) -> None:
    """Read what is new and send what waits, once, now.

    Polls every stream of the INSTANCEs (all of them unless named), runs the sweeps that are due, and sends what waits
    in the outbox for them. Exit code 0 only if all went well. What was read or sent before an error or Ctrl-C is kept;
    the next run goes on from there. An instance whose settings are wrong stops no other; the exit code is then 2.
    """
    from hub.runtime.aside import run_loop
    from hub.runtime.sync import sync as run

    settings = state.settings(apart=True)
    names, wrong = _startable(settings, instances)
    lang = language(settings.lang)
    with state.store(settings.store) as store, progress("reading", quiet=state.verbosity < 0) as shown:

        def tell(step: "Progress | Sent") -> None:
            shown.show(_how_far(step))

        call = run(settings, store, names, on_progress=tell, on_wait=shown.wait, sweeps=sweeps, lang=lang)
        report = run_loop(call)
    if as_json:
        print_json({"ok": report.ok and not wrong, **_plain(report), "settings": wrong})
    else:
        _show(report, quiet=state.verbosity < 0)
    for told in wrong.values():
        say(told)
    _end(ok=report.ok, wrong=wrong)


@click.command
@click.argument("instances", metavar="[INSTANCE]...", nargs=-1, shell_complete=complete_instance)
@json_option
@shared_options
@pass_state
def check(state: State, instances: Sequence[str], as_json: bool) -> None:
    """Try settings, credentials and addresses; say what to do.

    Reads the rules and the templates of answers, and asks each source of the INSTANCEs (all of them unless named) what
    a sync would ask first: its references, and one page of one stream. Nothing is stored. Exit code 0 only if nothing
    is wrong; what it warns of is no fault: a `start` still to come, a short secret, sending to what is switched off.
    """
    from hub.runtime.answers import templates_problem
    from hub.runtime.aside import run_loop
    from hub.runtime.check import Finding
    from hub.runtime.check import check as run
    from hub.runtime.notify_check import notify_findings
    from hub.runtime.rules import rules_problem
    from hub.runtime.short_secrets import short_secrets
    from hub.runtime.switched_off import switched_off

    settings = state.settings(apart=True)
    names, wrong = _startable(settings, instances)
    with state.store(settings.store) as store, progress("asking", quiet=state.verbosity < 0):
        findings = run_loop(run(settings, store, names))
        problem = rules_problem(settings.rules, store)
        resting = [] if instances else switched_off(settings, store.outbox_counts())
    findings += [*resting, *short_secrets(settings, names)]
    findings += [Finding(name, ok=False, message=told, todo="mend its settings") for name, told in wrong.items()]
    if not instances:
        findings += run_loop(notify_findings(settings))
    if problem:
        findings.append(Finding("rules", ok=False, message=problem, todo='"hub rules check" says more'))
    if problem := templates_problem(settings.replies):
        findings.append(Finding("replies", ok=False, message=problem, todo='"hub replies check" says more'))
    if as_json:
        print_json(findings)
    else:
        _show_findings([finding for finding in findings if state.verbosity >= 0 or not finding.ok])
    _end(ok=all(finding.ok for finding in findings), wrong=wrong)


def _how_far(step: "Progress | Sent") -> str:
    from hub.runtime.reports import Progress

    if isinstance(step, Progress):
        return f"{step.instance} {step.stream}: {counted(step.records, 'record', 'records')}"
    return f"{step.instance}: {step.sent:,} of {counted(step.of, 'delivery', 'deliveries')} sent"


def _startable(settings: "Settings", names: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Return those of *names* that can be started (empty: all that can), and what is wrong with the others' settings.

    Raises:
        ConfigError: none can be started, or there is no such instance.
    """
    from hub.sdk import ConfigError

    wrong = {name: told for name, told in settings.broken.items() if not names or name in names}
    good = [name for name in names if name not in wrong]
    if wrong and not (good if names else settings.instances):
        raise ConfigError("\n".join(wrong.values()))
    settings.pick(good)
    return good, wrong


def _end(*, ok: bool, wrong: object) -> None:
    if wrong:
        raise click.exceptions.Exit(WRONG_USE)
    if not ok:
        raise click.exceptions.Exit(FAILED)


def _plain(report: "SyncReport") -> dict[str, object]:
    return {
        "deliveries": report.deliveries,
        "customers": report.customers,
        "seconds": report.seconds,
        "indexed": report.indexed,
        "pruned": report.pruned,
        "problems": report.problems,
        "unsaid": report.unsaid,
        "cases": report.cases,
        "surges": report.surges,
        "streams": report.streams,
    }


def _show(report: "SyncReport", *, quiet: bool) -> None:
    """Print the report; *quiet*: only what is wrong."""
    if report.streams and not quiet:
        _show_streams(report.streams)
    for stream in report.streams:
        # A paused instance is told of as a whole: it has no stream.
        named = f"{stream.instance} {stream.title or stream.stream}".rstrip()
        error = None if stream.pauses else stream.error
        if error and stream.kept_page:
            error = f'{error} (the answer: "hub dead page {stream.instance} {stream.stream}")'
        for remark in (error, "" if quiet else stream.skipped, *stream.warnings, stream.suspicious):
            if remark:
                say(f"{named}: {remark}")
    for delivery in report.deliveries:
        _show_delivery(delivery, quiet=quiet)
    for asked in report.customers:
        _show_customers(asked, quiet=quiet)
    for problem in (*report.problems, *report.unsaid):
        say(problem)
    for case in report.cases:
        say(case_told(case))
    if summary := _summary(report, quiet=quiet):
        say(summary)


def _show_delivery(delivery: "DeliveryReport", *, quiet: bool) -> None:
    remarks = [*delivery.problems, delivery.error, None if quiet else delivery.skipped]
    if delivery.sent and not quiet:
        remarks.insert(0, f"{counted(delivery.sent, 'delivery was', 'deliveries were')} sent")
    if delivery.aside:
        remarks.append(f'{counted(delivery.aside, "delivery is", "deliveries are")} set aside, see "hub outbox"')
    for remark in remarks:
        if remark:
            say(f"{delivery.instance}: {remark}")


def _show_customers(asked: "CustomersReport", *, quiet: bool) -> None:
    remarks = [*asked.problems, asked.error]
    if asked.aside and not quiet:
        told = counted(asked.aside, "customer was asked about in vain", "customers were asked about in vain")
        remarks.append(f"{told}; they are asked about again when they write")
    if asked.asked and not quiet:
        told = f"asked about {counted(asked.asked, 'customer', 'customers')}, knows {asked.found:,} of them"
        remarks.insert(0, told)
    for remark in remarks:
        if remark:
            say(f"{asked.instance}: {remark}")


def _show_streams(streams: "Sequence[StreamReport]") -> None:
    columns = [
        Column("instance"),
        Column("stream", flexible=True),
        Column("records", right=True),
        Column("new", right=True),
        Column("changed", right=True),
        Column("rejected", right=True),
        Column("outcome", fixed=True),
    ]
    print_table(columns, [_row(stream) for stream in streams])


def _row(stream: "StreamReport") -> list[object]:
    title = stream.title or stream.stream
    outcome = "failed" if stream.error else "skipped" if stream.skipped else "warned" if stream.warnings else "done"
    named = f"{title} ({stream.name})" if stream.name else title
    return [stream.instance, named, stream.records, stream.created, stream.updated, stream.rejected, outcome]


def _summary(report: "SyncReport", *, quiet: bool) -> str:
    records = sum(stream.records for stream in report.streams)
    rejected = sum(stream.rejected for stream in report.streams)
    parts = [] if quiet else [f"{counted(records, 'record', 'records')} in {report.seconds:.1f} s"]
    if report.pruned and not quiet:
        parts.append(f"{counted(report.pruned, 'old ticket was', 'old tickets were')} removed")
    if rejected:
        parts.append(f'{counted(rejected, "record was", "records were")} set aside, see "hub dead list"')
    return "; ".join(parts)


def _show_findings(findings: "Sequence[Finding]") -> None:
    if not findings:
        return
    print_table(
        [Column("instance"), Column("", fixed=True), Column("finding", flexible=True, wraps=True)],
        [[finding.instance, _verdict(finding), finding.message] for finding in findings],
    )
    for finding in findings:
        if finding.todo:
            say(f"{finding.instance}: {finding.todo}")


def _verdict(finding: "Finding") -> str:
    if not finding.ok:
        return "wrong"
    return "warned" if finding.warns else "ok"
