"""The proof that nothing was lost and nothing doubled: what the vendors hold against what the hub has."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hub.cli.demo_folder import HELPDESK, MAPS, MENTIONS
from hub.sdk.actions import find_marker

if TYPE_CHECKING:
    from hub.sandbox import Running
    from hub.sdk import Ticket


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: numbers, and every difference in words."""

    figures: dict[str, int]
    findings: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing was lost and nothing is there twice."""
        return not self.findings


def proof_of(sandbox: "Running", tickets: "Sequence[Ticket]", set_aside: Sequence[bytes]) -> Proof:
    """Compare what the sources and the helpdesk hold with *tickets*; records *set_aside* are not lost."""
    stored = Counter(
        (ticket.instance, source.stream, source.source_id)
        for ticket in tickets
        for message in ticket.messages
        for source in message.sources
    )
    lost, held = [], 0
    for vendor in (MENTIONS, MAPS):
        for item in sandbox.ledger(vendor)["items"] if vendor in sandbox.urls else ():
            if not item["visible"] or item["hidden"]:
                continue
            held += 1
            key = (vendor, item["stream"], item["source_id"])
            if key not in stored and not _is_aside(item, set_aside):
                lost.append(f"{vendor} {item['source_id']} is not in the store")
    twice = [f"{' '.join(key)} is stored {number} times" for key, number in stored.items() if number > 1]
    cases = _cases(sandbox)
    twice += [f"{marker} has {number} cases in the helpdesk" for marker, number in cases.items() if number > 1]
    delivered = sum(link.role == "delivered" for ticket in tickets for link in ticket.links)
    if delivered != len(cases):
        lost.append(f"{delivered} tickets are delivered, and the helpdesk has {len(cases)} cases")
    figures = {"held": held, "delivered": delivered, "lost": len(lost), "doubled": len(twice)}
    return Proof(figures, (*lost, *twice))


def _is_aside(item: dict[str, Any], set_aside: Sequence[bytes]) -> bool:
    return bool(item["broken"]) or any(item["source_id"].encode() in body for body in set_aside)


def _cases(sandbox: "Running") -> Counter[str]:
    """Return how many cases of ours the helpdesk has, by the marker of what asked for them."""
    if HELPDESK not in sandbox.urls:
        return Counter()
    found = {item["conversation"]: find_marker(*item["tags"]) for item in sandbox.ledger(HELPDESK)["items"]}
    return Counter(marker for marker in found.values() if marker)
