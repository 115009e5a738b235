"""What happened to a ticket at its source, told for a person."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hub.cli.output import one_line

if TYPE_CHECKING:
    from hub.store import TicketEvent

KINDS = frozenset(
    (
        "act_asked",
        "acted",
        "published",
        "rejected",
        "reply_automatic",
        "reply_drafted",
        "reply_dropped",
        "reply_refused",
        "reply_stays",
    )
)
"""Events of answers and of what is done at sources."""


def told(event: "TicketEvent") -> Iterator[str]:
    """Yield *event* in words."""
    data = {name: one_line(str(value)) for name, value in event.data.items() if not isinstance(value, list)}
    values = ", ".join(one_line(str(value)) for value in event.data.get("values", ()))
    action = data.get("action", "").replace("_", " ") + (f" ({values})" if values else "")
    where, why = data.get("instance", ""), data.get("reason", "")
    match event.kind:
        case "act_asked":
            yield f"{action} is asked for at {where} ({event.cause})"
        case "acted":
            state = "was done" if data.get("state") == "done" else "was taken"
            yield f"{action} {state} by {where}" + (f": {data['detail']}" if data.get("detail") else "")
        case "published":
            yield f"our answer is published ({where})"
        case "rejected":
            yield f"our answer was rejected by {where}; nobody sees it"
        case "reply_drafted":
            yield f"reply {data.get('reply')} was drafted with {data.get('template')} by the rule {data.get('rule')}"
        case "reply_automatic":
            yield f"reply {data.get('reply')} goes out with {data.get('template')} by the rule {data.get('rule')}"
        case "reply_dropped":
            yield f"a reply was dropped ({event.cause})" + (f": {why}" if why else "")
        case "reply_refused":
            yield f"an answer was refused ({event.cause}): {why}"
        case _:
            yield f"the answer stays in {where}: {why}"
