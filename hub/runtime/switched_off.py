"""Instances with ``enabled = false`` that something is still sent to: it waits until they are switched on again."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from hub.runtime.check import Finding
from hub.runtime.config import Settings
from hub.sdk import ConfigError
from hub.sdk.nearest import listed


def switched_off(settings: Settings, outbox: Mapping[str, tuple[int, int]] = MappingProxyType({})) -> list[Finding]:
    """Return a finding for every instance that is switched off; it warns where something is sent to it.

    Resting a destination is allowed, and nothing is lost by it: so this is no fault of the settings.

    Args:
        outbox: deliveries that wait and that are set aside, by instance, where that is to be told.
    """
    if not settings.disabled:
        return []
    ruled = _ruled(settings)
    return [_finding(settings, name, ruled.get(name, []), outbox.get(name, (0, 0))[0]) for name in settings.disabled]


def _finding(settings: Settings, name: str, rules: list[str], waiting: int) -> Finding:
    said, todo = 'switched off by "enabled = false"', None
    if senders := list(_senders(settings, name, rules)):
        said += f", but tickets go there by {' and '.join(senders)}"
        todo = 'take out "enabled = false", or send to it no longer'
    if waiting:
        said += f"; {waiting:,} {'delivery waits' if waiting == 1 else 'deliveries wait'} for it"
        todo = todo or f'take out "enabled = false", or look at "hub outbox --instance {name}"'
    return Finding(name, ok=True, message=said, todo=todo, warns=todo is not None)


def _senders(settings: Settings, name: str, rules: list[str]) -> Iterator[str]:
    if name in settings.deliver.to:
        yield "[deliver]"
    if rules:
        yield f"the {'rule' if len(rules) == 1 else 'rules'} {listed(rules)}"


def _ruled(settings: Settings) -> dict[str, list[str]]:
    """Return the names of the rules that deliver or escalate to an instance, by its name."""
    if settings.rules is None:
        return {}
    from hub.routing.lint import destinations_in
    from hub.routing.rules import load_rules

    try:
        rules = load_rules(settings.rules).rules
    except ConfigError:
        return {}  # what is wrong with them is told as a whole
    found: dict[str, list[str]] = {}
    for rule in rules:
        for name in dict.fromkeys(name for _, name in destinations_in(rule)):
            found.setdefault(name, []).append(rule.name)
    return found
