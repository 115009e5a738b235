"""``hub surges``: when more came in than usual."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import click

from hub.cli.filters import Moment, moment
from hub.cli.lazy import Group
from hub.cli.output import Column, local, print_json, print_table, say
from hub.cli.speech import lang_option, language
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.store.surges import Surge


@click.group(cls=Group)
def surges() -> None:
    """Show when more came in than usual.

    All tickets together, each platform, each queue and each tag are watched.
    """


@surges.command("list")
@click.option(
    "--since",
    type=Moment(),
    default=timedelta(days=30),
    show_default="30d",
    help="Those that went on since: 2026-11-01, 7d, 12h.",
)
@json_option
@lang_option
@shared_options
@pass_state
def list_(state: State, since: timedelta | datetime, as_json: bool, lang: str | None) -> None:
    """List surges, newest first."""
    outline = state.outline()
    speaks = language(lang or outline.lang)
    with state.store(outline.store) as store:
        found = store.surges(moment(since, outline.timezone, datetime.now(UTC)))
    if as_json:
        from hub.runtime.surge_texts import sentence

        print_json([{**_plain(one), "sentence": sentence(one, speaks)} for one in found])
    else:
        _show(found, speaks, outline.timezone)


def _plain(surge: "Surge") -> dict[str, object]:
    from dataclasses import asdict

    return {**asdict(surge), "series": {"kind": surge.series.kind, "name": surge.series.name}}


def _show(found: "Sequence[Surge]", lang: str, zone: tzinfo) -> None:
    from hub.runtime.surge_texts import TEXTS, sentence

    texts = TEXTS[lang]
    if not found:
        say(texts["none"])
        return
    columns = [Column(texts["began"]), Column(texts["ended_at"]), Column(texts["column"], flexible=True, wraps=True)]
    rows = [[local(one.began_at, zone), _end(one, texts["goes_on"], zone), sentence(one, lang)] for one in found]
    print_table(columns, rows)


def _end(surge: "Surge", goes_on: str, zone: tzinfo) -> str:
    return local(surge.ended_at, zone) if surge.ended_at else goes_on
