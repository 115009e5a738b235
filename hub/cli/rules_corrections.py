"""``hub rules score --corrections``: the rules on the tickets where people decided otherwise."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from hub.cli.filters import moment
from hub.cli.output import print_json, progress, say
from hub.cli.ruleset import AtHand
from hub.cli.state import State

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet
    from hub.routing.score import Labelled
    from hub.store import Store

FIELDS = ("category", "priority", "queue")
_EVERY = 1000  # corrections between two looks at the progress


def score_corrections(
    state: State, hand: AtHand, fields: Sequence[str], since: Any, worst: int, *, as_json: bool
) -> None:
    """Run the rules at *hand* over corrected tickets, as if nothing was pinned, and print how well they do by field."""
    from hub.cli.rules_decide import print_score, score_json
    from hub.routing.score import score

    if hand.outline is None:
        raise click.UsageError("corrections are in the store: run this beside a hub.toml, or name one with --config")
    rules = hand.load()
    start = moment(since, hand.zone, datetime.now(UTC))
    told: dict[str, Any] = {}
    with state.store(hand.outline.store) as store:
        for field in fields or FIELDS:
            texts = _labelled(store, rules, field, start, hand, quiet=state.verbosity < 0)
            if not texts:
                told[field] = None
                say(hand.speech("corrections.none", field=hand.speech.word("field", field)))
                continue
            result = score(texts, worst=worst)
            told[field] = score_json(result, rules.version, field)
            if not as_json:
                click.echo(f"\n{hand.speech('head.corrections', field=hand.speech.word('field', field))}")
                print_score(result, hand)
    if as_json:
        print_json({"ruleset": rules.version, "since": start, "fields": told})


def _labelled(
    store: "Store", rules: "RuleSet", field: str, since: datetime | None, hand: AtHand, *, quiet: bool
) -> "list[Labelled]":
    from hub.routing.score import Labelled

    found: list[Labelled] = []
    with progress(hand.speech("deciding"), quiet=quiet) as shown:
        for one in store.iter_corrections(field, since, with_history=rules.needs_history):
            decision = rules.decide(one.facts)
            said = getattr(decision, field)
            found.append(Labelled(one.ticket, one.label, said, decision.rules, one.text))
            if len(found) % _EVERY == 0:
                shown.show(hand.speech("decided", count=len(found)))
    return found
