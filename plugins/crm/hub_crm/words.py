"""What is written into a CRM about a ticket: the same in every product, plain; the product marks it up."""

from collections.abc import Sequence
from dataclasses import dataclass

from hub.sdk import Delivery, Message, Ticket
from hub_crm import assumed
from hub_crm.customer import Customer

TITLE_CHARS = 200
QUOTE_CHARS = 10_000  # of one message; a whole book is no help to whoever works on the task

_WORDS = {
    "ru": {
        "social": "Клиент пришёл из соцсетей",
        "no_calls": "Просил не звонить",
        "from": "Источник",
        "priority": "Приоритет",
        "rating": "Оценка",
        "due": "Решить до",
        "said": "Новое от клиента",
        "changed": "Клиент изменил сообщение",
        "note": "Заметка",
        "untitled": "Обращение",
        "on_card": "Ники клиента",
        "done": "Решено",
    },
    "en": {
        "social": "The customer came from social media",
        "no_calls": "Asked not to be called",
        "from": "Source",
        "priority": "Priority",
        "rating": "Rating",
        "due": "Due",
        "said": "The customer wrote",
        "changed": "The customer has changed a message",
        "note": "Note",
        "untitled": "Ticket",
        "on_card": "The customer's nicknames",
        "done": "Done",
    },
}
_PRIORITIES = {
    "ru": {"urgent": "срочный", "high": "высокий", "normal": "обычный", "low": "низкий"},
    "en": {"urgent": "urgent", "high": "high", "normal": "normal", "low": "low"},
}


@dataclass(frozen=True, slots=True)
class Written:
    """A case in words.

    Attributes:
        title: one line.
        marks: short lines in front: where the customer comes from, priority, due time.
        quotes: what the customer said, each with who said it.
        source: where it was said, with a word for it.
    """

    title: str
    marks: tuple[str, ...]
    quotes: tuple[tuple[str, str], ...]
    source: tuple[str, str] | None


def word(lang: str, key: str) -> str:
    """Return a fixed word in the language."""
    return _WORDS[lang][key]


def case(ticket: Ticket, customer: Customer, lang: str) -> Written:
    """Return what a new task says of *ticket*."""
    said = [message for message in ticket.messages if message.direction == "in" and not message.hidden]
    return Written(
        title=_title(ticket, said, lang),
        marks=tuple(_marks(ticket, customer, lang)),
        quotes=quotes(said, ticket),
        source=(word(lang, "from"), ticket.url) if ticket.url else None,
    )


def comment(delivery: Delivery, lang: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return heading and quotes of what *delivery* is to say in an open task."""
    ours = all(message.direction != "in" for message in delivery.messages)
    said = "changed" if delivery.edited else "said"
    return word(lang, "note" if ours else said), quotes(delivery.messages, delivery.ticket)


def quotes(messages: Sequence[Message], ticket: Ticket) -> tuple[tuple[str, str], ...]:
    """Return who said it, and what, of each message."""
    return tuple((_who(message, ticket), message.body[:QUOTE_CHARS]) for message in messages)


def on_card(customer: Customer, lang: str) -> str:
    """Return what is noted on the customer's card."""
    lines = [f"{word(lang, 'on_card')}: " + ", ".join(map(str, customer.handles))] if customer.handles else []
    lines += [word(lang, "social")] if customer.social else []
    lines += [word(lang, "no_calls")] if customer.do_not_call else []
    return "\n".join(lines)


def is_on_card(said: str) -> bool:
    """Whether a note of a card is one of :func:`on_card`, in whatever language."""
    return any(
        said.startswith((f"{known['on_card']}: ", known["social"])) or said == known["no_calls"]
        for known in _WORDS.values()
    )


def _title(ticket: Ticket, said: Sequence[Message], lang: str) -> str:
    title = ticket.title or next(filter(None, (assumed.first_line(message.body) for message in said)), "")
    return (title or f"{word(lang, 'untitled')} {ticket.platform}")[:TITLE_CHARS]


def _marks(ticket: Ticket, customer: Customer, lang: str) -> list[str]:
    marks = [f"{word(lang, 'social')} ({ticket.platform})"] if customer.social else [ticket.platform]
    marks += [word(lang, "no_calls")] if customer.do_not_call else []
    marks.append(f"{word(lang, 'priority')}: {_PRIORITIES[lang][ticket.priority]}")
    if ticket.rating is not None:
        marks.append(f"{word(lang, 'rating')}: {ticket.rating:g}")
    return marks


def _who(message: Message, ticket: Ticket) -> str:
    author = message.author
    name = (author.name or author.handle or "") if author else ""
    handle = f" (@{author.handle})" if author and author.handle and author.handle != name else ""
    when = message.created_at.strftime("%Y-%m-%d %H:%M UTC")
    return f"{name}{handle}, {ticket.platform}, {when}" if name else f"{ticket.platform}, {when}"
