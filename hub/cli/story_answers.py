"""What happened to a ticket at its source, told for a person."""

from typing import TYPE_CHECKING

from hub.cli.output import one_line
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.store import TicketEvent

CAUSED = frozenset(("act_asked", "reply_dropped", "reply_held", "reply_refused"))
"""Events whose cause is told behind them."""

KINDS = CAUSED | {
    "acted",
    "published",
    "rejected",
    "reply_automatic",
    "reply_drafted",
    "reply_stays",
}
"""Events of answers and of what is done at sources."""


def told(event: "TicketEvent", say: Speech) -> str:
    """Return *event* in words."""
    data = {name: one_line(str(value)) for name, value in event.data.items() if not isinstance(value, list)}
    values = ", ".join(one_line(str(value)) for value in event.data.get("values", ()))
    named = {name: data.get(name, "") for name in ("instance", "rule", "template", "reply")}
    action = say.word("action", data.get("action", "")).replace("_", " ") + (f" ({values})" if values else "")
    kind = f"acted.{data.get('state', 'sent')}" if event.kind == "acted" else event.kind
    why = data.get("reason") or data.get("detail")
    return say(f"event.{kind}", action=action, **named) + (f": {why}" if why else "")
