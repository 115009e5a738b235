"""``hub``: the table of commands, the options that all of them share, and how a run ends."""

import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

import click

from hub.cli.errors import STOPPED, close_stdout, report
from hub.cli.lazy import Entry, LazyGroup
from hub.cli.state import DEFAULT_CONFIG, State

COMMANDS = {
    "demo": Entry("hub.cli.demo", "demo", "See it all work on this machine, with no account."),
    "init": Entry("hub.cli.init", "init", "Write a hub.toml to start from."),
    "check": Entry("hub.cli.sync", "check", "Try settings, credentials and addresses; say what to do."),
    "sync": Entry("hub.cli.sync", "sync", "Read what is new and send what waits, once, now."),
    "run": Entry("hub.cli.run", "run", "Read on a schedule and send what waits, until it is stopped."),
    "reload": Entry("hub.cli.run", "reload", 'Let a running "hub run" read settings and rules anew.'),
    "backfill": Entry("hub.cli.backfill", "backfill", "Read the past of INSTANCE, and prove that nothing is missing."),
    "replay": Entry("hub.cli.replay", "replay", "Read kept originals as today's connectors and rules do."),
    "status": Entry("hub.cli.status", "status", "Show how every instance is and what waits for a person."),
    "pause": Entry("hub.cli.status", "pause", "Stop reading an instance until it is resumed."),
    "resume": Entry("hub.cli.status", "resume", "Read a paused instance again."),
    "tickets": Entry("hub.cli.tickets", "tickets", "List, show, export, set, escalate, link and answer tickets."),
    "customers": Entry("hub.cli.customers", "customers", "Show who is one customer across networks; link, unlink."),
    "replies": Entry("hub.cli.replies", "replies", "List, show, approve and drop answers to customers."),
    "rules": Entry("hub.cli.rules", "rules", "Check, test, explain and try rules."),
    "stats": Entry("hub.cli.stats", "stats", "Count tickets: how many, how fast, by whom."),
    "surges": Entry("hub.cli.surges", "surges", "Show when more came in than usual."),
    "outbox": Entry("hub.cli.outbox", "outbox", "Show what waits to be sent; retry and drop what was set aside."),
    "dead": Entry("hub.cli.dead", "dead", "List, show, retry and drop what was set aside."),
    "plugins": Entry("hub.cli.plugins", "plugins", "Show what is installed."),
    "sandbox": Entry("hub.cli.sandbox", "sandbox", "Serve vendors' APIs on this machine, with faults on demand."),
    "store": Entry("hub.cli.store", "store", "Upgrade, back up, erase one person's data, remove old tickets."),
    "schema": Entry("hub.cli.schema", "schema", "Print JSON Schemas for editors and other programs."),
    "completion": Entry("hub.cli.completion", "completion", "Print what makes a shell complete hub's words."),
}


class Root(LazyGroup):
    """``hub`` itself."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # click would end with 1 here; but whoever reads our output has seen enough, and nothing failed.
            return close_stdout()


@click.group(
    cls=Root,
    entries=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 something failed, 2 wrong use or wrong settings, 130 stopped.",
)
@click.option(
    "--config",
    type=click.Path(readable=False),  # who reads it says why it cannot be read
    default=DEFAULT_CONFIG,
    show_default=True,
    envvar="HUB_CONFIG",
    show_envvar=True,
    help="The settings.",
)
@click.option("-v", "--verbose", count=True, help="Say more; twice: everything.")
@click.option("-q", "--quiet", is_flag=True, help="Say only what went wrong.")
@click.option("--log-json", is_flag=True, help="Log lines as JSON instead of short text.")
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, help="Show the version.",
              callback=lambda ctx, _, wanted: _show_version(ctx) if wanted else None)  # fmt: skip
@click.pass_context
def hub(ctx: click.Context, config: str, verbose: int, quiet: bool, log_json: bool) -> None:
    """Mentions, map reviews, issues and CRM tasks as tickets of one schema."""
    state = ctx.ensure_object(State)
    state.locate(config)
    state.log_json = log_json
    state.verbosity = -1 if quiet else verbose


def _show_version(ctx: click.Context) -> None:
    import hub as package

    click.echo(f"hub {package.__version__}")
    ctx.exit()


def main(args: Sequence[str] | None = None) -> int:
    """Run a command; return the exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks a letter shows a question mark in its place rather than ending the run.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    # To be stopped is to be stopped: files half-written go, the last checkpoint stays.
    signal.signal(signal.SIGTERM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
    state = State()
    try:
        result: Any = hub.main(args, prog_name="hub", standalone_mode=False, obj=state)
        sys.stdout.flush()
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; the last checkpoint is kept", err=True)
        return STOPPED
    except BrokenPipeError:
        return close_stdout()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except Exception as error:  # the one place where whatever is left over ends
        return report(error, shown=state.verbosity > 0)
    return result if isinstance(result, int) else 0
