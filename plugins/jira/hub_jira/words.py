"""What the hub writes into Jira: summary, description, comments, the link back. Pure.

The customer's words stand as quotations, to the letter. Cloud takes documents, Data Center takes markup. In a document
the lists and code of what a team wrote (our answers, a task, an issue) are lists and code again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hub.sdk import Message, Ticket, latest_messages, public_messages
from hub_jira import assumed, compose, wiki

_RUSSIAN = {
    "social": "Клиент из соцсетей: {platform}",
    "from": "Источник: {platform}",
    "rating": "Оценка: {rating:g} из 5",
    "post": "Сообщение",
    "ticket": "Заявка",
    "unknown": "Автор неизвестен",
    "us": "Мы ответили",
    "changed": "Клиент изменил сообщение. Теперь в нём:",
    "attachments": "Вложения",
    "duplicate": "Создано дважды для одной и той же заявки: закрыто, работа идёт в связанной задаче.",
}
_ENGLISH = {
    "social": "Customer from social media: {platform}",
    "from": "Source: {platform}",
    "rating": "Rating: {rating:g} of 5",
    "post": "Post",
    "ticket": "Ticket",
    "unknown": "Unknown author",
    "us": "We answered",
    "changed": "The customer has changed a message. It says now:",
    "attachments": "Attachments",
    "duplicate": "Created twice for the same ticket: closed, the work goes on in the linked issue.",
}
_SUMMARY_TEXT = 120  # characters of the customer's words in a summary
_QUOTED = (20_000, 8_000, 2_000)  # characters of the customer's words in one text; fewer where it gets too long


@dataclass(frozen=True, slots=True)
class Words:
    """How one site wants its texts.

    Args:
        cloud: documents, else markup.
        russian: which language the frame is in; the customer's words stay as they are.
        link: address of a ticket with ``{id}``, None where there is none.
    """

    cloud: bool
    russian: bool
    link: str | None

    def summary(self, ticket: Ticket) -> str:
        """Return one line: where it was, and what it is about."""
        said = next((message.body for message in ticket.messages if message.body.strip()), "")
        about = " ".join((ticket.title or said[: 2 * _SUMMARY_TEXT]).split())
        if not ticket.title and len(about) > _SUMMARY_TEXT:
            about = about[: _SUMMARY_TEXT - 1].rsplit(" ", 1)[0] + "…"
        line = f"[{ticket.platform}] {about or ticket.thread}"
        return line if len(line) <= assumed.SUMMARY_CHARS else line[: assumed.SUMMARY_CHARS - 1] + "…"

    def description(self, ticket: Ticket) -> Any:
        """Return where the customer came from, what was said, and the links back."""
        told = [self._say("social" if is_social(ticket) else "from", platform=ticket.platform)]
        if ticket.rating is not None:
            told.append(self._say("rating", rating=ticket.rating))
        links = [("post", ticket.url), ("ticket", self._own_address(ticket))]
        given = [(self._say(name), url) for name, url in links if url]
        return self._text(ticket, "\n".join(told), public_messages(ticket.messages), given, "")

    def comment(self, ticket: Ticket, messages: Sequence[Message], marker: str, *, edited: bool = False) -> Any:
        """Return what was said since, or was *edited* since it was told; the marker stands at the end."""
        return self._text(ticket, self._say("changed") if edited else "", messages, [], f"[{marker}]")

    def closed_as_duplicate(self) -> Any:
        """Return why an issue was closed that was created twice."""
        told = self._say("duplicate")
        return compose.text_to_adf(told) if self.cloud else wiki.text_to_wiki(told)

    def address(self, ticket: Ticket) -> str | None:
        """Return where a person finds the ticket: at the hub's side, else where the customer wrote."""
        own = self._own_address(ticket)
        return own or ticket.url or next((message.url for message in ticket.messages if message.url), None)

    def _own_address(self, ticket: Ticket) -> str | None:
        return self.link.replace("{id}", str(ticket.id)) if self.link else None

    def _say(self, name: str, **values: Any) -> str:
        return (_RUSSIAN if self.russian else _ENGLISH)[name].format(**values)

    def _text(
        self, ticket: Ticket, head: str, messages: Sequence[Message], links: Sequence[tuple[str, str]], foot: str
    ) -> Any:
        text: Any = None
        for most in _QUOTED:
            quotes = [(self._who(message), message) for message in latest_messages(messages, most)]
            if self.cloud:
                return self._document(ticket, head, quotes, links, foot)
            text = self._markup(head, quotes, links, foot)
            if len(text) <= assumed.TEXT_CHARS:  # what is escaped grows
                break
        return text

    def _who(self, message: Message) -> str:
        author = message.author
        named = (author.name or author.handle) if author else None
        name = self._say("us") if message.direction == "out" else named or self._say("unknown")
        return f"{name}, {message.created_at:%Y-%m-%d %H:%M} UTC"

    def _document(
        self,
        ticket: Ticket,
        head: str,
        quotes: Sequence[tuple[str, Message]],
        links: Sequence[tuple[str, str]],
        foot: str,
    ) -> dict[str, Any]:
        content = [compose.paragraph(head)] if head else []
        for who, message in quotes:
            content += [compose.paragraph(who), *compose.quoted(message.body, laid_out=_by_a_team(ticket, message))]
            content += [compose.paragraph(f"{self._say('attachments')}: {names}")] if (names := _files(message)) else []
        content += [compose.paragraph(f"{name}: ", compose.link(url, url)) for name, url in links]
        content += [compose.paragraph(foot)] if foot else []
        return {"version": 1, "type": "doc", "content": content}

    def _markup(
        self, head: str, quotes: Sequence[tuple[str, Message]], links: Sequence[tuple[str, str]], foot: str
    ) -> str:
        parts = [wiki.text_to_wiki(head)] if head else []
        for who, message in quotes:
            parts += [f"{wiki.text_to_wiki(who)}\n{wiki.quoted(message.body)}"]
            names = _files(message)
            parts += [wiki.text_to_wiki(f"{self._say('attachments')}: {names}")] if names else []
        parts += [f"{wiki.text_to_wiki(name)}: {url}" for name, url in links]
        parts += [wiki.text_to_wiki(foot)] if foot else []
        return "\n\n".join(parts)


def is_social(ticket: Ticket) -> bool:
    """Return whether the customer came from a social network, a map, a forum: not from a tracker or a CRM."""
    return ticket.kind in ("mention", "review")


def _by_a_team(ticket: Ticket, message: Message) -> bool:
    """Return whether the signs in *message* are a layout: who writes to a map or a network has none."""
    return message.direction == "out" or not is_social(ticket)


def _files(message: Message) -> str:
    return " ".join(attachment.url for attachment in message.attachments)
