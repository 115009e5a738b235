"""What the hub writes into RT: subject, content, comments. Pure; plain text, the customer's words as quotations."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.sdk import Message, Ticket, public_messages, storable
from hub_rt import assumed

_RUSSIAN = {
    "social": "Клиент из соцсетей: {platform}",
    "from": "Источник: {platform}",
    "place": "Место: {place}",
    "stars": "Оценка: {stars:g} из 5",
    "post": "Сообщение",
    "ticket": "Заявка",
    "unknown": "Автор неизвестен",
    "us": "Мы ответили",
    "attachments": "Вложения",
    "later": "Новое от клиента",
    "changed": "Клиент изменил сообщение",
    "note": "Заметка из хаба",
    "cut": "[дальше обрезано; целиком по ссылке]",
}
_ENGLISH = {
    "social": "Customer from social media: {platform}",
    "from": "Source: {platform}",
    "place": "Place: {place}",
    "stars": "Rating: {stars:g} of 5",
    "post": "Post",
    "ticket": "Ticket",
    "unknown": "Unknown author",
    "us": "We answered",
    "attachments": "Attachments",
    "later": "News from the customer",
    "changed": "The customer has changed a message",
    "note": "Note from the hub",
    "cut": "[cut here; in full behind the link]",
}
_SUBJECT_TEXT = 120  # characters of the customer's words in a subject


def is_customers(messages: Sequence[Message]) -> bool:
    """Whether the customer speaks in *messages*."""
    return any(message.direction == "in" for message in messages)


@dataclass(frozen=True, slots=True)
class Words:
    """How one RT wants its texts.

    Args:
        russian: which language the frame is in; the customer's words stay as they are.
        link: address of a ticket with ``{id}``, None where there is none.
    """

    russian: bool
    link: str | None

    def subject(self, ticket: Ticket) -> str:
        """Return one line: where it was, and what it is about."""
        said = next((message.body for message in ticket.messages if message.body.strip()), "")
        about = " ".join((ticket.title or said[: 2 * _SUBJECT_TEXT]).split())
        if not ticket.title and len(about) > _SUBJECT_TEXT:
            about = about[: _SUBJECT_TEXT - 1].rsplit(" ", 1)[0] + "…"
        line: str = storable(f"[{ticket.platform}] {about or ticket.thread}")
        return line if len(line) <= assumed.SUBJECT_CHARS else line[: assumed.SUBJECT_CHARS - 1] + "…"

    def content(self, ticket: Ticket, summary: str) -> str:
        """Return the decision, where the customer came from, what was said, and the links back."""
        head = [summary] if summary else []
        social = ticket.kind in ("mention", "review")
        head.append(self._say("social" if social else "from", platform=ticket.platform))
        if ticket.place is not None:
            named = (ticket.place.name, ticket.place.city, ticket.place.address)
            head.append(self._say("place", place=", ".join(filter(None, named)) or ticket.place.key))
        if ticket.rating is not None:
            head.append(self._say("stars", stars=ticket.rating))
        links = [("post", ticket.url), ("ticket", self._own_address(ticket))]
        foot = [f"{self._say(name)}: {url}" for name, url in links if url]
        return self._text(head, public_messages(ticket.messages), foot)

    def comment(self, messages: Sequence[Message]) -> str:
        """Return what was said since."""
        return self._text([], messages, [])

    def heading(self, messages: Sequence[Message], marker: str, *, edited: bool) -> str:
        """Return the subject of a comment, which has its mark."""
        said = "changed" if edited else "later"
        return f"{self._say(said if is_customers(messages) else 'note')} [{marker}]"

    def _own_address(self, ticket: Ticket) -> str | None:
        return self.link.replace("{id}", str(ticket.id)) if self.link else None

    def _say(self, name: str, **values: Any) -> str:
        return (_RUSSIAN if self.russian else _ENGLISH)[name].format(**values)

    def _text(self, head: Sequence[str], messages: Sequence[Message], foot: Sequence[str]) -> str:
        """Return the parts with blank lines between; the quotes give way where it gets too long."""
        quotes = "\n\n".join(self._quoted(message) for message in messages)
        rest = sum(map(len, head)) + sum(map(len, foot)) + len(head) + len(foot) + 4
        room = assumed.TEXT_CHARS - rest
        if len(quotes) > room:
            note = f"\n{self._say('cut')}"
            quotes = quotes[: room - len(note)] + note
        whole: str = storable("\n\n".join(filter(None, ["\n".join(head), quotes, "\n".join(foot)])))
        return whole

    def _quoted(self, message: Message) -> str:
        author = message.author
        named = (author.name or author.handle) if author else None
        name = self._say("us") if message.direction == "out" else named or self._say("unknown")
        lines = (message.body or message.url or "—").splitlines() or ["—"]
        parts = [f"{name}, {message.created_at:%Y-%m-%d %H:%M} UTC:", *(f"> {line}".rstrip() for line in lines)]
        files = " ".join(attachment.url for attachment in message.attachments)
        return "\n".join([*parts, f"{self._say('attachments')}: {files}"] if files else parts)
