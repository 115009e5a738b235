"""What ``hub stats`` says on stderr beside a report: names that nothing is known of, and kinds that are mixed."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import tzinfo
from typing import TYPE_CHECKING

from hub.cli.filters import CATEGORIES, KINDS, PRIORITIES, STATES
from hub.cli.output import say
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.store import FigureFilter, Store

NAMED = {"kind": KINDS, "state": STATES, "priority": PRIORITIES, "category": CATEGORIES}
"""Groups whose names are the same in every store."""

CUSTOMERS, OURS = ("mention", "review"), ("task", "issue")
"""Kinds of what customers write, and of what people at work write down."""


def tell_unknown(store: "Store", wanted: "FigureFilter", zone: tzinfo, speech: Speech) -> None:
    """Say which names that the tickets are narrowed to no ticket has, whenever it was published."""
    from hub.sdk.nearest import nearest
    from hub.store import FigureFilter

    asked = ((group, name) for group, names in wanted.names.items() if group not in NAMED for name in names if name)
    for group, name in asked:
        if store.has_figures(FigureFilter(wanted.now, names={group: (name,)}), zone):
            continue
        meant = nearest(name, store.figure_labels(group, wanted.now, zone))
        hint = speech("meant", name=meant) if meant else ""
        say(speech("unknown", group=speech(f"column.{group}"), name=name) + hint)


def tell_mixed(store: "Store", wanted: "FigureFilter", by: Sequence[str], zone: tzinfo, speech: Speech) -> None:
    """Say that tasks and issues are counted together with what customers wrote, where nobody asked for kinds."""
    if "kind" in wanted.names or "kind" in by:
        return
    mixed = (replace(wanted, names={**wanted.names, "kind": kinds}) for kinds in (CUSTOMERS, OURS))
    if all(store.has_figures(one, zone) for one in mixed):
        say(speech("mixed"))
