"""``hub tickets link`` and ``unlink``: whether two tickets are one post that two connectors saw."""

from typing import TYPE_CHECKING, Literal

import click

from hub.cli.output import counted, print_json, say, short_id
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.store import Linked


@click.command
@click.argument("ticket", metavar="ID")
@click.argument("other", metavar="OTHER")
@json_option
@shared_options
@pass_state
def link(state: State, ticket: str, other: str, as_json: bool) -> None:
    """Say that two tickets are the same post, read by two connectors.

    ID and OTHER are ids, or their first four letters or more; "hub tickets show" names what was proposed. Both tickets
    stay as they are. The later one is not delivered where the other one is, as long as nothing was sent of it.
    """
    done = _decided(state, ticket, other, "confirmed")
    if as_json:
        print_json(done)
        return
    say(f"{_pair(done)} are the same" + ("" if done.new else "; that was known"))
    if done.dropped:
        say(f"{counted(len(done.dropped), 'delivery', 'deliveries')} of the two will not be sent a second time")


@click.command
@click.argument("ticket", metavar="ID")
@click.argument("other", metavar="OTHER")
@json_option
@shared_options
@pass_state
def unlink(state: State, ticket: str, other: str, as_json: bool) -> None:
    """Say that two tickets are not the same post; that is never proposed again.

    ID and OTHER are ids, or their first four letters or more.
    """
    done = _decided(state, ticket, other, "refused")
    if as_json:
        print_json(done)
        return
    say(f"{_pair(done)} are two" + ("" if done.new else "; that was known"))


def _decided(state: State, ticket: str, other: str, wanted: Literal["confirmed", "refused"]) -> "Linked":
    with state.store(state.outline().store) as store:
        return store.decide_same(ticket, other, wanted)


def _pair(done: "Linked") -> str:
    return f"tickets {short_id(done.ticket)} and {short_id(done.other)}"
