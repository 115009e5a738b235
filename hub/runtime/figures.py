"""Figures brought up to date by the rules that decided each ticket."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from hub.store import Store
from hub.store.figures import Clock, Clocks

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet


def follow(store: Store, on_progress: Callable[[int, int], None] | None = None) -> int:
    """Count what has changed since the last report; return how many tickets that were.

    Args:
        on_progress: told how many tickets are counted, and how many events are left.
    Raises:
        StoreError: the store cannot be written.
    """
    clocks, total = clocks_of(store), 0
    while done := store.refresh_figures(clocks):
        total += done
        if on_progress is not None:
            on_progress(total, store.figures_behind())
    return total


def clocks_of(store: Store) -> Clocks:
    """Return what knows the policies of every version of the rules that decided here. Rules that this release no
    longer takes have those of the same name in the rules that came into force last."""

    @cache
    def known(version: str) -> "dict[str, Clock]":
        rules = _rules(store, version) or _rules(store, None)
        return {} if rules is None else _clocks(rules)

    return lambda version, name: known(version).get(name)


def _clocks(rules: "RuleSet") -> "dict[str, Clock]":
    from hub.routing.policy import calendar_of

    return {one.sla.name: (one.sla, calendar_of(one.sla, rules.calendars)) for one in rules.policies}


def _rules(store: Store, version: str | None) -> "RuleSet | None":
    from hub.runtime.rules import rules_of
    from hub.sdk import ConfigError

    kept = store.latest_rules() if version is None else store.rules_of(version)
    try:
        return None if kept is None else rules_of(kept.files)
    except ConfigError:
        return None
