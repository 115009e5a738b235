"""``hub sandbox``: vendors' APIs on loopback."""

import errno
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from hub.cli.errors import WRONG_USE
from hub.cli.output import say


@click.command
@click.argument("vendors", metavar="[VENDOR]...", nargs=-1)
@click.option("--port", type=click.IntRange(0, 65535), default=8765, show_default=True, help="0: any free port.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the data and the faults.")
@click.option("--items", type=click.IntRange(1), default=300, show_default=True, help="Records of each vendor.")
@click.option("--faults", default="none", show_default=True, help="A profile of faults.")
@click.option("--corpus", type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help="Texts as JSON Lines, plain or gzip, instead of the built-in ones.")  # fmt: skip
@click.option("--limit", "limits", multiple=True, metavar="VENDOR=LIMIT", help="Such as youscan=40/1s or pointer=off.")
@click.option("--lenient", is_flag=True, help="Count what breaks a limit, do not refuse it.")
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]),
    help="The sandbox's present, UTC; now unless given.",
)
@click.option(
    "--future", type=click.FloatRange(0), default=0.1, show_default=True, help="Share of records still to come."
)
@click.option("--odd", type=click.FloatRange(0, 1), default=0.1, show_default=True, help="Share of odd records.")
@click.option(
    "--churn",
    type=click.FloatRange(0, 1),
    default=0.0,
    show_default=True,
    help="Chance of a new record before each list.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0, min_open=True),
    default=1.0,
    show_default=True,
    help="Virtual seconds in a real one.",
)
@click.option("--ready-file", type=click.Path(path_type=Path, dir_okay=False), help="Written as JSON once it listens.")
def sandbox(
    vendors: Sequence[str],
    port: int,
    limits: Sequence[str],
    lenient: bool,
    start: datetime | None,
    ready_file: Path | None,
    **wishes: object,
) -> None:
    """Serve vendors' APIs on this machine, with faults on demand.

    Serves every installed VENDOR unless some are named, until Ctrl-C. Prints their addresses and keys, and the address
    of the control API that moves time, makes changes and shows what each vendor holds.
    """
    from hub.sandbox import SandboxOptions, serve

    try:
        options = SandboxOptions(
            strict=not lenient,
            limits=dict(_limit(text) for text in limits),
            start=start.replace(tzinfo=UTC) if start else None,
            **wishes,  # type: ignore[arg-type]  # click's types are those of the options
        )
        serve(vendors, options, port=port, ready_file=ready_file)
    except (ValueError, OSError) as error:
        taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        say(f"hub sandbox: {f'port {port} is taken; try --port 0' if taken else error}")
        raise click.exceptions.Exit(WRONG_USE) from error


def _limit(text: str) -> tuple[str, str]:
    vendor, sign, limit = text.partition("=")
    if not sign:
        raise ValueError(f"--limit {text}: write VENDOR=LIMIT, such as youscan=40/1s")
    return vendor, limit
