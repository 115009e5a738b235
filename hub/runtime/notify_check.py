"""``hub check`` on ``[notify]``: addresses that cannot be used, and names in rules that nobody has."""

import asyncio
from collections.abc import Iterator

from hub.runtime.check import Finding
from hub.runtime.config import Settings
from hub.runtime.notify import fault_of
from hub.sdk import ConfigError
from hub.sdk.nearest import did_you_mean, listed


async def notify_findings(settings: Settings) -> list[Finding]:
    """Return what is found about everybody in ``[notify]``; nothing is sent."""
    found: list[Finding] = []
    for name, addresses in settings.notify.items():
        if not addresses:
            continue  # what its settings lack is told with them
        fault = await asyncio.to_thread(fault_of, addresses)
        said = fault or "the address can be used; nothing was sent"
        found.append(Finding(f"notify.{name}", ok=fault is None, message=said, todo=fault and _todo(fault)))
    return [*found, *_unknown(settings)] if settings.notify else found


def _todo(fault: str) -> str:
    return "install it, then check again" if "pip install" in fault else "mend the address, then check again"


def _unknown(settings: Settings) -> Iterator[Finding]:
    """Yield a finding for every name that rules tell and the settings do not have."""
    if settings.rules is None:
        return
    from hub.routing.rules import load_rules

    try:
        rules = load_rules(settings.rules).rules
    except ConfigError:
        return  # what is wrong with them is told as a whole
    by_name: dict[str, str] = {}
    for rule in rules:
        for name in rule.then.notify:
            by_name.setdefault(name, rule.name)
    for name in sorted(by_name.keys() - settings.notify.keys()):
        near = did_you_mean(name, settings.notify) or ";"
        said = f'the rule "{by_name[name]}" tells {name}, whom [notify] does not have{near}'
        said += f" it has {listed(settings.notify)}"
        yield Finding("rules", ok=False, message=said, todo="correct the name, or add it to [notify] in hub.toml")
