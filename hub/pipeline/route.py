"""From a rule set to what decides in a checkpoint. Pure. Without rules every ticket is of normal priority."""

from collections.abc import Callable, Collection
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from hub.routing.destinations import Destinations
from hub.routing.facts import Facts
from hub.sdk import Classified, Undecided
from hub.store import Act, Answer, Decided, Escalation, Router

if TYPE_CHECKING:  # they load YAML, words and expressions, which a hub without rules never needs
    from hub.routing.decide import Decision
    from hub.routing.rules import RuleSet

Classify = Callable[[Undecided], Classified | None]
"""The hook ``classify_ticket``: what a classifier makes of a ticket that no rule gave a category."""


def router(
    load: "Callable[[], RuleSet] | None",
    classify: Classify | None = None,
    destinations: Destinations = Destinations(),  # noqa: B008 - frozen
    recipients: Collection[str] = (),
) -> Router | None:
    """Return what decides by the rules that *load* gives, then by *classify*; None where there are no rules.

    They are loaded when the first ticket is decided: a run without news needs none. What no rule says the delivery of
    goes to the default *destinations*. Of the names that rules tell, those that are none of *recipients* are left out.
    """
    if load is None:
        return None
    rules = cache(load)

    def decide(facts: Facts) -> Decided:
        found = decided(rules(), facts, classify, destinations)
        known = tuple(name for name in found.notify if name in recipients)
        again = tuple(one for one in found.notify_again if one[0] in recipients)
        return replace(found, notify=known, notify_again=again)

    return Router(decide, lambda: rules().needs_history, destinations, lambda: rules().needs_surges)


def decided(
    rules: "RuleSet",
    facts: Facts,
    classify: Classify | None = None,
    destinations: Destinations = Destinations(),  # noqa: B008 - frozen
) -> Decided:
    """Return the decision for a ticket with *facts*.

    What no rule gave a category, *classify* is asked for; then the rules decide once more, as for a ticket that has it.
    """
    decision = rules.decide(facts)
    if decision.category is None and classify is not None:
        found = classify(_undecided(facts))
        if found is not None:
            known = rules.decide(replace(facts, pinned={**facts.pinned, "category": found.category}))
            return _as_stored(known, facts, _where(known, facts, destinations), found.tags, found.by)
    return _as_stored(decision, facts, _where(decision, facts, destinations))


def _where(decision: "Decision", facts: Facts, destinations: Destinations) -> tuple[str, ...]:
    """Return the instances that a ticket is delivered to."""
    said = [one.created_at for one in facts.messages if one.direction == "in" and not one.hidden]
    return destinations.of(facts.kind, max(said, default=None), decision.deliver)


def _undecided(facts: Facts) -> Undecided:
    return Undecided(
        title=facts.title,
        texts=facts.texts,
        platform=facts.platform or "",
        kind=facts.kind or "",
        language=facts.language,
        rating=facts.rating,
    )


def _as_stored(
    decision: "Decision", facts: Facts, deliver: tuple[str, ...], tags: tuple[str, ...] = (), by: str | None = None
) -> Decided:
    return Decided(
        priority=decision.priority,
        queue=decision.queue,
        category=decision.category,
        score=decision.score,
        assignee=decision.assignee,
        tags=tuple(dict.fromkeys((*decision.tags, *tags))),
        state=decision.state,
        sla=decision.sla,
        ruleset=decision.ruleset,
        rules=(*decision.rules, by) if by else decision.rules,
        escalations=tuple(
            Escalation(one.to, one.department, once=one.to in decision.escalate_once)
            for one in decision.escalate
            if not one.proposed
        ),
        deliver=deliver,
        proposals=tuple(Escalation(one.to, one.department) for one in decision.escalate if one.proposed),
        acts=tuple(Act(one.name, one.values, one.text) for one in decision.act),
        answer=Answer(reply.template, reply.rule, reply.mode == "auto") if (reply := decision.reply) else None,
        notify=decision.notify,
        outlook=decision.outlook(facts),
        notify_again=decision.notify_again,
    )
