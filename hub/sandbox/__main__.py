"""`python -m hub.sandbox youscan pointer --port 0 --seed 7`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .faults import PROFILES
from .host import installed, serve
from .options import BOUNDS, SandboxOptions


def parser() -> argparse.ArgumentParser:
    """The arguments; defaults are those of `SandboxOptions`."""
    given = SandboxOptions()
    args = argparse.ArgumentParser("hub sandbox", description="Vendors' APIs on loopback, with faults on demand.")
    add = args.add_argument
    add("vendors", nargs="*", help=f"default: all installed ({', '.join(installed())})")
    add("--host", default="127.0.0.1")
    add("--port", type=int, default=8765, help="0: any free port")
    add("--ready-file", type=Path, help="written as JSON once the sandbox listens")
    add("--seed", type=int, default=given.seed)
    add("--items", type=int, default=given.items, help="records that each vendor serves at the start")
    add("--corpus", type=Path, help="JSON Lines of texts, plain or gzip")
    add("--faults", choices=PROFILES, default=given.faults)
    add("--lenient", action="store_true", help="count what breaks a limit, do not refuse it")
    add(
        "--limit",
        action="append",
        type=_limit,
        default=[],
        metavar="VENDOR=LIMIT",
        help='such as youscan=40/1s, pointer="1/1s delay"',
    )
    add("--start", type=_moment, help="the sandbox's present, ISO 8601; default: now")
    add("--history-days", type=int, default=given.history_days)
    add("--future", type=float, default=given.future, help="share of records still to come")
    add("--odd", type=float, default=given.odd, help="share of odd records")
    add("--huge", type=int, default=given.huge, help="texts of 100,000 characters")
    add("--churn", type=float, default=given.churn, help="chance of a new record before each list")
    add("--bounds", choices=BOUNDS, default=given.bounds, help="of Pointer's date filters")
    add("--rating-only", type=float, default=given.rating_only, help="share of reviews without text")
    add("--pace", type=float, default=given.pace, help="virtual seconds in a real one")
    return args


def options(args: argparse.Namespace) -> SandboxOptions:
    """The parsed arguments as options."""
    return SandboxOptions(
        limits=dict(args.limit),
        strict=not args.lenient,
        **{name: getattr(args, name) for name in (
            "seed", "items", "corpus", "faults", "start", "history_days", "future", "odd", "huge", "churn", "bounds",
            "rating_only", "pace",
        )},
    )  # fmt: skip


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until stopped; 2 for wrong use."""
    args = parser().parse_args(argv)
    try:
        serve(args.vendors, options(args), args.host, args.port, args.ready_file)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"hub sandbox: {error}\n")
        return 2
    return 0


def _limit(text: str) -> tuple[str, str]:
    vendor, equals, limit = text.partition("=")
    if not (vendor and equals and limit):
        raise argparse.ArgumentTypeError(f"{text!r} is no VENDOR=LIMIT, such as youscan=40/1s or pointer=off")
    return vendor, limit


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
