"""``hub rules explain``: why a ticket, or a text, is decided as it is."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.filters import KINDS, Moment, moment
from hub.cli.output import print_json
from hub.cli.ruleset import KIND, at_hand, rules_options
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.routing.facts import Facts
    from hub.sdk import Ticket

_NEAREST = 5


class Fact(click.ParamType[tuple[str, str]]):
    """``key=value``, with any key that an example in a rule may have."""

    name = "key=value"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        key, equals, given = str(value).partition("=")
        if not equals:
            self.fail(f"{value!r} has no =; write for example followers=25000", param, ctx)
        return key.strip(), given


@click.command
@click.argument("ticket", metavar="[ID]", required=False)
@click.option("--text", help="What the customer wrote, instead of a ticket.")
@click.option("--title", help="With --text: its title.")
@click.option("--platform", help="With --text: where it was written, such as vk.com.")
@click.option("--kind", type=click.Choice(KINDS), help="With --text; a mention unless given.")
@click.option("--rating", type=click.FloatRange(0, 5), help="With --text: stars.")
@click.option("--author", help="With --text: key, name or handle of the customer.")
@click.option(
    "--fact", "facts", multiple=True, type=Fact(), help="With --text: any other fact, as in examples of rules."
)
@click.option("--at", type=Moment(), help="As if it were then: 2026-11-01T10:00, 7d, 12h; else now.")
@click.option("--nearest", type=click.IntRange(0), default=_NEAREST, show_default=True,
              help="How many rules to show that nearly matched.")  # fmt: skip
@rules_options
@json_option
@shared_options
@pass_state
def explain(
    state: State,
    /,
    ticket: str | None,
    folder: Path | None,
    lang: str | None,
    at: Any,
    nearest: int,
    as_json: bool,
    **given: Any,
) -> None:
    """Say why a ticket or a text is decided as it is.

    The score by rule, the words that were found and where, the forms and letters that were seen through, rules that
    lost and why, rules that nearly matched and what they lack, the deadlines. ID is a ticket's id, or its first four
    letters or more; --text needs neither settings nor a store.
    """
    from hub.routing.explain import explain as explained

    hand = at_hand(state, folder, lang)
    rules = hand.load()
    now = moment(at, hand.zone, datetime.now(UTC)) or datetime.now(UTC)
    stored: Ticket | None = None
    if ticket is None:
        facts = _given(given, now)
    else:
        _check_alone(given)
        stored, facts = _stored(state, ticket, now)
    explanation = explained(rules, facts, nearest=nearest)
    if as_json:
        print_json(explanation)
        return
    from hub.cli.rules_story import print_explanation

    print_explanation(explanation, facts, hand, stored)


def _given(given: Mapping[str, Any], now: datetime) -> "Facts":
    from hub.routing.facts import FactsError, facts_from
    from hub.sdk.text import storable

    row = {key: storable(value) for key, value in given.items() if key != "facts" and value is not None}
    row.update(storable(dict(given["facts"])))
    if not row.keys() & {"text", "title", "body"}:
        raise click.UsageError("name a ticket by its id, or give --text (or --title)")
    row.setdefault("created_at", now)
    try:
        return facts_from(row, strict=True, now=now, kind=KIND)
    except FactsError as error:
        raise click.BadParameter(f"{error.key}: {error}", param_hint="--fact") from error


def _check_alone(given: Mapping[str, Any]) -> None:
    also = [name for name, value in given.items() if value]
    if also:
        raise click.UsageError(f"a ticket has facts of its own; leave out its id or --{also[0].rstrip('s')}")


def _stored(state: State, ticket: str, now: datetime) -> "tuple[Ticket, Facts]":
    with state.store(state.outline().store) as store:
        return store.find_ticket(ticket), store.facts_of(ticket, now)
