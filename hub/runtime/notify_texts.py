"""What people are told of a ticket, in Russian or English: a title, and what is needed to see whether it is urgent."""

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from hub.sdk import Ticket

WORDS = 500  # characters of what the customer wrote
SHORT = 100  # of it in a list of several

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "several": "{number} tickets: {priorities}",
        "why": "Rules: {rules}",
        "due": "Answer until {at}",
        "queue": "Queue: {queue}",
        "ticket": "hub tickets show {id}",
        "silent": "(no text)",
        "urgent": "urgent", "high": "high", "normal": "normal", "low": "low",
        "complaint": "complaint", "consultation": "consultation", "praise": "praise", "suggestion": "suggestion",
        "news": "news", "spam": "spam", "other": "other",
    },
    "ru": {
        "several": "Обращений: {number} ({priorities})",
        "why": "Правила: {rules}",
        "due": "Ответить до {at}",
        "queue": "Очередь: {queue}",
        "ticket": "hub tickets show {id}",
        "silent": "(без текста)",
        "urgent": "срочное", "high": "важное", "normal": "обычное", "low": "несрочное",
        "complaint": "жалоба", "consultation": "консультация", "praise": "благодарность", "suggestion": "предложение",
        "news": "новость", "spam": "спам", "other": "другое",
    },
}  # fmt: skip
_ORDER = ("urgent", "high", "normal", "low")
_SHORT_ID = 8


def told(tickets: Sequence[Ticket], lang: str, zone: tzinfo) -> tuple[str, str]:
    """Return title and body of one message about *tickets*, of which there is at least one."""
    texts = _TEXTS[lang]
    if len(tickets) == 1:
        return _title(tickets[0], texts), "\n\n".join(_about(tickets[0], texts, zone))
    ordered = sorted(tickets, key=lambda ticket: _ORDER.index(ticket.priority))
    numbers = {name: sum(ticket.priority == name for ticket in ordered) for name in _ORDER}
    shown = ", ".join(f"{texts[name]} {number}" for name, number in numbers.items() if number)
    lines = ["\n".join((_title(one, texts), _words(one, texts, SHORT), _where(one))) for one in ordered]
    return texts["several"].format(number=len(tickets), priorities=shown), "\n\n".join(lines)


def _title(ticket: Ticket, texts: Mapping[str, str]) -> str:
    parts = [texts[ticket.priority], ticket.platform, texts[ticket.category] if ticket.category else ""]
    title = ", ".join(part for part in parts if part)
    return title[:1].upper() + title[1:]


def _about(ticket: Ticket, texts: Mapping[str, str], zone: tzinfo) -> list[str]:
    why = []
    if ticket.sla and ticket.sla.first_response_due:
        due = ticket.sla.first_response_due.astimezone(zone)
        why.append(texts["due"].format(at=f"{due:%Y-%m-%d %H:%M %Z}"))
    if ticket.queue:
        why.append(texts["queue"].format(queue=ticket.queue))
    if ticket.decision and ticket.decision.rules:
        why.append(texts["why"].format(rules=", ".join(ticket.decision.rules)))
    why.append(texts["ticket"].format(id=str(ticket.id)[:_SHORT_ID]))
    return [_words(ticket, texts, WORDS), *filter(None, [_where(ticket)]), "\n".join(why)]


def _words(ticket: Ticket, texts: Mapping[str, str], most: int) -> str:
    said = (message.body for message in ticket.messages if message.direction == "in" and not message.hidden)
    text = next((body for body in said if body.strip()), ticket.title or texts["silent"])
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + "…"


def _where(ticket: Ticket) -> str:
    return ticket.url or next((message.url for message in ticket.messages if message.url), None) or ""
