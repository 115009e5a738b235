"""The commands of ``hub stats``: options in, one report out as a table, JSON, CSV, a spreadsheet or a chart."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from hub.cli.filters import Moment, moment
from hub.cli.output import local, print_json, progress, say
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import State, json_option, pass_state, shared_options
from hub.cli.stats_notes import NAMED, tell_mixed, tell_unknown

if TYPE_CHECKING:
    from hub.runtime.config import Outline
    from hub.store import FigureFilter, FigureTable, Store

F = TypeVar("F", bound=Callable[..., Any])

TICKET_GROUPS = (
    "platform", "kind", "instance", "queue", "category", "priority", "state", "operator", "policy", "department",
    "case-assignee", "tag", "rule", "segment",
)  # fmt: skip
TIME_GROUPS = ("day", "week", "month", "weekday", "hour")
CASE_GROUPS = (*TICKET_GROUPS, "destination")
SURGE_GROUPS = ("platform", "queue", "tag")
STEPS = ("day", "week", "month")
FORMATS = ("table", "json", "csv", "xlsx")
OPENABLE: Mapping[str, tuple[str, ...]] = {
    "summary": (
        "tickets", "open", "solved", "hidden", "escalated", "own", "asked", "answered", "in_time", "late",
        "solved_in_time", "solved_late", "rated", "next_answered", "cases", "cases_done",
    ),
    "outcome": ("tickets", "open", "solved", "hidden", "escalated", "own"),
    "work": ("tickets", "answered", "solved", "escalated"),
    "response": ("asked", "answered", "answer_timed", "waiting", "in_time", "late", "next_answered"),
    "resolution": ("tickets", "solved", "timed", "solved_in_time", "solved_late", "own"),
    "ratings": ("tickets", "rated", "stars_5", "stars_4", "stars_3", "stars_2", "stars_1", "liked"),
    "cases": ("cases", "cases_done", "cases_open"),
    "arrivals": ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "tickets", "answers"),
    "trends": ("tickets",),
    "growth": ("came", "again", "ended", "left"),
}  # fmt: skip
"""What can be opened in each report; in trends also a step, by its name."""
WORKBOOK: Sequence[tuple[str, tuple[str, ...]]] = (
    ("summary", ()), ("work", ("operator",)), ("cases", ("department", "case-assignee")), ("outcome", ("queue",)),
    ("response", ("queue",)), ("resolution", ("queue",)), ("ratings", ("platform",)), ("arrivals", ()),
    ("trends", ("category",)), ("trends", ("tag",)), ("trends", ("rule",)), ("growth", ("queue",)),
    ("surges", ()), ("response", ("operator",)), ("response", ("policy",)), ("resolution", ("department",)),
    ("outcome", ("platform",)),
)  # fmt: skip
"""Reports and their groups, a sheet each."""


def period_options(command: F) -> F:
    """Add the options that say which tickets are counted."""
    told = "Only of this {}; '' is none. Several are alternatives."
    return _added(command, _period_options("Tickets published", "Published"), _name_options(TICKET_GROUPS, told))


def surge_options(command: F) -> F:
    """Add the options that say which surges are shown."""
    told = "Only surges of this {}. Several are alternatives."
    return _added(command, _period_options("Surges that went on", "Begun"), _name_options(SURGE_GROUPS, told))


def output_options(report: str) -> Callable[[F], F]:
    """Return what adds the options that say in which form a report of tickets is wanted."""
    told = "Print the tickets behind a number, each with its row, in place of the report:"
    steps = ", or a step such as 2026-11-09" if report == "trends" else ""
    keys = f"{told} {', '.join(OPENABLE[report])}{steps}."
    opened = click.option("--tickets", "measure", metavar="COLUMN", help=keys)

    def add(command: F) -> F:
        return shared_options(_added(command, _FILE_OPTIONS, [opened], _LANGUAGE_OPTIONS))

    return add


def form_options(command: F) -> F:
    """Add the options that say in which form a report is wanted that is not of tickets."""
    return shared_options(_added(command, _FILE_OPTIONS, _LANGUAGE_OPTIONS))


_Options = Sequence[Callable[[Any], Any]]
_FILE_OPTIONS: _Options = (
    click.option("--format", "form", type=click.Choice(FORMATS), default="table", show_default=True,
                 help="A table for people, or one for programs."),
    click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Into this file."),
    click.option("--chart", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
                 help="Draw it into this .svg or .png file as well."),
    click.option("--force", is_flag=True, help="Write over files that are there."),
)  # fmt: skip
_LANGUAGE_OPTIONS: _Options = (lang_option, json_option)


def _period_options(since: str, until: str) -> _Options:
    return (
        click.option("--since", type=Moment(), help=f"{since} since: 2026-11-01, 7d, 12h; default: 30d."),
        click.option("--until", type=Moment(), help=f"{until} before: 2026-11-01, 7d, 12h."),
        click.option("--last", type=Moment(), help="The same as --since, such as 7d."),
    )


def _name_options(names: Sequence[str], told: str) -> _Options:
    return [
        click.option(f"--{name}", name.replace("-", "_"), multiple=True, metavar="TEXT",
                     type=click.Choice([*NAMED[name], ""]) if name in NAMED else None,
                     help=told.format(name.replace("-", " ")))
        for name in names
    ]  # fmt: skip


def _added(command: F, *options: _Options) -> F:
    for option in reversed([one for some in options for one in some]):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one call asks for."""

    name: str
    by: tuple[str, ...]
    filter: "FigureFilter"
    more: Mapping[str, Any]


# --- one report -------------------------------------------------------------------------------------------------------


def _run(state: State, name: str, by: Sequence[str], options: dict[str, Any], **more: Any) -> None:
    outline = state.outline()
    speech = speech_of(state, options["lang"])
    form = "json" if options["as_json"] else options["form"]
    wanted = Wanted(name, tuple(dict.fromkeys(by)), filter_of(options, outline.timezone), more)
    _check_files(outline, options, form)
    of_tickets = name != "surges"
    measure, quiet = options.get("measure"), state.verbosity < 0
    with state.store(outline.store) as store:
        if measure is not None:
            _check_measure(store, outline.timezone, wanted, measure, speech)
        if of_tickets or wanted.filter.names:
            bring_up(store, speech, quiet=quiet)
        tell_unknown(store, wanted.filter, outline.timezone, speech)
        if name not in ("cases", "surges") and not quiet:
            tell_mixed(store, wanted.filter, wanted.by, outline.timezone, speech)
        table = _counted(store, outline.timezone, wanted, measure)
    if form != "json" and not quiet:
        say(f"{speech(f'report.{name}')}: {_period(wanted.filter, outline.timezone, speech)}")
    if not table.rows and form == "table":
        say(speech("nothing" if of_tickets else "calm"))
    _write(table, wanted.filter, form, speech, outline.timezone, options)
    for path in (options["output"], options["chart"]):
        if path is not None and not quiet:
            say(speech("written", file=path))


def speech_of(state: State, lang: str | None) -> Speech:
    """Return what speaks the language that is asked for."""
    from hub.cli.stats_texts import TEXTS

    return Speech(spoken(state, lang), TEXTS)


def filter_of(options: Mapping[str, Any], zone: tzinfo, now: datetime | None = None) -> "FigureFilter":
    """Return which tickets the options of a command ask for.

    Raises:
        click.UsageError: the period ends before it begins, has two beginnings, or begins in the future.
    """
    from hub.store import FigureFilter

    now = now or datetime.now(UTC)
    if options["since"] is not None and options["last"] is not None:
        raise click.UsageError("--since and --last both say when the period begins; give one of them")
    begin = next((one for one in (options["since"], options["last"]) if one is not None), timedelta(days=30))
    since, until = moment(begin, zone, now), moment(options["until"], zone, now)
    if since and until is None and since >= now:
        raise click.UsageError("the period begins now or in the future: nothing can match; name an earlier day")
    if since and until and since >= until:
        raise click.UsageError("--since is not before --until: nothing can match; swap them")
    names = {name: tuple(options.get(name.replace("-", "_"), ())) for name in TICKET_GROUPS}
    return FigureFilter(now, since, until, {name: given for name, given in names.items() if given})


def _period(wanted: "FigureFilter", zone: tzinfo, speech: Speech) -> str:
    until = local(wanted.until, zone) if wanted.until else speech("now")
    return speech("period", since=local(wanted.since, zone), until=until)


def bring_up(store: "Store", speech: Speech, *, quiet: bool) -> None:
    """Count what has changed since the last report."""
    from hub.runtime.figures import follow

    with progress(speech("counting"), quiet=quiet) as shown:
        follow(store, lambda done, left: shown.show(speech("counted", done=done, left=left)))


def _check_files(outline: "Outline", options: Mapping[str, Any], form: str) -> None:
    from hub.cli.tickets import check_output

    output, chart = options["output"], options["chart"]
    if chart is not None and options.get("measure") is not None:
        raise click.UsageError("--chart draws the report, --tickets lists tickets in its place; leave one of them out")
    if form == "xlsx":
        from hub.cli.sheet import require

        if output is None:
            raise click.UsageError("a spreadsheet goes into a file; name it with -o report.xlsx")
        require()
    if chart is not None and chart.suffix not in (".svg", ".png"):
        raise click.BadParameter(f"{chart} is no .svg or .png file", param_hint="--chart")
    if chart is not None and chart.suffix == ".png":
        from hub.cli import picture

        picture.require()
    for path, hint in ((output, "-o"), (chart, "--chart")):
        check_output(outline, path, options["force"], hint)


def _draw(table: "FigureTable", speech: Speech, chart: "Path") -> None:
    from hub.cli.export import opened, opened_binary
    from hub.cli.stats_chart import svg

    if chart.suffix == ".png":
        from hub.cli.picture import png

        with opened_binary(chart) as file:
            file.write(png(svg(table, speech)))
        return
    with opened(chart) as text:
        text.write(svg(table, speech))


def _write(
    table: "FigureTable",
    wanted: "FigureFilter",
    form: str,
    speech: Speech,
    zone: tzinfo,
    options: Mapping[str, Any],
) -> None:
    from hub.cli import stats_view as view
    from hub.cli.export import opened, opened_binary

    output = options["output"]
    if form == "xlsx":
        from hub.cli.sheet import written

        with opened_binary(output) as file, written(file, zone) as book:
            view.add_sheet(book, table, speech)
    elif form == "csv":
        with opened(output) as text:
            view.write_csv(table, speech, text)
    else:
        from contextlib import redirect_stdout

        with opened(output) as text, redirect_stdout(text) if output else nullcontext():
            print_json(view.as_objects(table, wanted)) if form == "json" else view.show(table, speech)
    if options["chart"] is not None:
        _draw(table, speech, options["chart"])


def _check_measure(store: "Store", zone: tzinfo, wanted: Wanted, measure: str, speech: Speech) -> None:
    known = store.openable_figures(wanted.name, wanted.filter, zone, wanted.more.get("step"))
    if measure not in known:
        raise click.BadParameter(speech("behind", measures=" | ".join(known)), param_hint="--tickets")


def _counted(store: "Store", zone: tzinfo, wanted: Wanted, measure: str | None) -> "FigureTable":
    """Return the report, or the tickets that it counts under *measure*."""
    if measure is None:
        return store.figures(wanted.name, wanted.filter, zone, by=wanted.by, **wanted.more)
    step = wanted.more.get("step")
    return store.figured_tickets(wanted.name, wanted.filter, zone, measure, by=wanted.by, step=step)


# --- the commands -----------------------------------------------------------------------------------------------------


def _by(choices: Sequence[str], *default: str) -> Callable[[F], F]:
    return click.option("--by", multiple=True, type=click.Choice(choices), default=default, show_default=True,
                        help="What the rows are; several times: each combination.")  # fmt: skip


def _grouped(name: str, text: str, choices: Sequence[str], *default: str) -> click.Command:
    @click.command(name, help=text)
    @_by(choices, *default)
    @period_options
    @output_options(name)
    @pass_state
    def command(state: State, /, by: Sequence[str], **options: Any) -> None:
        _run(state, name, by, options)

    return command


_ALL = (*TICKET_GROUPS, *TIME_GROUPS)
outcome = _grouped(
    "outcome",
    "Show how many tickets came, and what became of them.\n\nEvery ticket is open, solved or hidden. Solved without"
    " others: no case was opened for it elsewhere; the own share is that among the solved ones.",
    _ALL, "queue",
)  # fmt: skip
work = _grouped(
    "work",
    "Show who works how much and how fast.\n\nThe operator of a ticket is its assignee, else who wrote the last public"
    " answer.",
    _ALL, "operator",
)  # fmt: skip
response = _grouped(
    "response",
    "Show how fast customers were answered.\n\nTimes are on the clock of the ticket's policy: in its working hours,"
    " from when the hub could know, without pauses. Where no policy holds they run around the clock. What was"
    " answered before its clock started is answered, but in no time and no share. The pause is that of answers whose"
    " clock stood still at all; the intake lag is from publication until the hub could know.",
    _ALL, "queue",
)  # fmt: skip
resolution = _grouped(
    "resolution",
    "Show how fast tickets were solved.\n\nTimes are on the clock of the ticket's policy. What had been solved before"
    " it came is solved, but nobody knows how long that took.",
    _ALL, "queue",
)  # fmt: skip
ratings = _grouped("ratings", "Show stars and likes.\n\nRatings are rounded to the nearest star.", _ALL, "platform")
cases = _grouped(
    "cases",
    "Show how many escalations the back office solves, and how fast.\n\nOne row for each department and assignee of"
    " the tasks and issues that tickets waited for; times are around the clock, from opened to done.",
    (*CASE_GROUPS, *TIME_GROUPS), "department", "case-assignee",
)  # fmt: skip


@click.command
@period_options
@output_options("summary")
@pass_state
def summary(state: State, /, **options: Any) -> None:
    """Show what a period was like, and as long a period before it."""
    _run(state, "summary", (), options)


@click.command
@click.option("--minutes", type=click.FloatRange(0.1), default=6.0, show_default=True,
              help="What a ticket takes of an operator's time.")  # fmt: skip
@period_options
@output_options("arrivals")
@pass_state
def arrivals(state: State, /, minutes: float, **options: Any) -> None:
    """Show what comes at which hour and weekday.

    A busy day is the busiest in ten; operators needed are those that can work off its hour, when a ticket takes so
    many minutes. Answers are those given in the period, with how many operators gave any, on the mean day.
    """
    _run(state, "arrivals", (), options, minutes=minutes)


@click.command
@click.option("--of", "by", multiple=True, type=click.Choice(TICKET_GROUPS), default=("category",), show_default=True,
              help="What the rows are: category, tag, rule, …")  # fmt: skip
@click.option("--step", type=click.Choice(STEPS), default="week", show_default=True, help="What the columns are.")
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Show so many rows.")
@period_options
@output_options("trends")
@pass_state
def trends(state: State, /, by: Sequence[str], step: str, limit: int, **options: Any) -> None:
    """Show categories, tags, rules or queues from week to week.

    The columns are the last eight weeks of the period, the first and the last cut to it; the largest of the last week
    come first. The change is from the week before to the last one.
    """
    _run(state, "trends", by, options, step=step, limit=limit)


@click.command
@_by(TICKET_GROUPS)
@click.option("--step", type=click.Choice(STEPS), help="What the rows are; else as the period's length suggests.")
@period_options
@output_options("growth")
@pass_state
def growth(state: State, /, by: Sequence[str], step: str | None, **options: Any) -> None:
    """Show what comes, what ends, and what stays open.

    A ticket ends when it is solved, closed or hidden; one that is opened again can end again. Open at the end is what
    was open before, with what came or was opened again and without what ended. Each counts in the queue it is in now.
    """
    _run(state, "growth", by, options, step=step)


@click.command
@surge_options
@form_options
@pass_state
def surges(state: State, /, **options: Any) -> None:
    """Show when more came in than usual, and how much.

    All tickets together, each platform, each queue and each tag are watched, by `hub sync` and `hub run`. Arrived and
    usual are the numbers of the window in which there were most; what is not over has lasted until now.
    """
    _run(state, "surges", (), options)


# --- all of it as one spreadsheet -------------------------------------------------------------------------------------


@click.command
@click.argument("file", metavar="FILE.xlsx", type=click.Path(path_type=Path, dir_okay=False))
@period_options
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@lang_option
@shared_options
@pass_state
def workbook(state: State, /, file: Path, force: bool, lang: str | None, **options: Any) -> None:
    """Write the main reports into FILE.xlsx, a sheet each."""
    from hub.cli.sheet import require
    from hub.cli.tickets import check_output

    outline, quiet = state.outline(), state.verbosity < 0
    speech = speech_of(state, lang)
    wanted = filter_of(options, outline.timezone)
    if file.suffix.lower() != ".xlsx":
        raise click.BadParameter(f"{file} is no .xlsx file", param_hint="FILE.xlsx")
    require()
    check_output(outline, file, force, "FILE.xlsx")
    with state.store(outline.store) as store:
        bring_up(store, speech, quiet=quiet)
        tell_unknown(store, wanted, outline.timezone, speech)
        if not quiet:
            tell_mixed(store, wanted, (), outline.timezone, speech)
        write_workbook(store, file, wanted, outline.timezone, speech)
    if not quiet:
        say(speech("written", file=file))


def write_workbook(store: "Store", file: Path, wanted: "FigureFilter", zone: tzinfo, speech: Speech) -> None:
    """Write the reports of :data:`WORKBOOK` into *file*; figures are up to date (see :func:`bring_up`).

    Raises:
        ConfigError: what writes spreadsheets is not installed.
    """
    from hub.cli.export import opened_binary
    from hub.cli.sheet import written
    from hub.cli.stats_view import add_sheet

    with opened_binary(file) as opened, written(opened, zone) as book:
        for name, by in WORKBOOK:
            table = store.figures(name, wanted, zone, by=by)
            named = [speech(f"sheet.{name}"), *(speech(f"column.{one}") for one in by[:1])]
            add_sheet(book, table, speech, ": ".join(named))
