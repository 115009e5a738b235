"""What the hub writes into Usedesk, as HTML: the customer's words to the letter, nothing in them is markup. Pure."""

import html
import re
from collections.abc import Sequence

from hub.sdk import Author, Delivery, Message, Ticket, latest_messages, plain_text, public_messages
from hub_usedesk import assumed
from hub_usedesk.dictionary import Lang

_WORDS = {
    "ru": {
        "said": "Новое сообщение клиента:",
        "changed": "Клиент изменил сообщение. Теперь в нём:",
        "note": "Заметка из хаба:",
        "us": "Мы ответили",
        "unknown": "Автор неизвестен",
        "files": "Вложения",
        "rating": "Оценка",
        "of": "из 5",
        "place": "Место",
        "source": "Источник",
        "decision": "Решение",
        "left_out": "Сообщений раньше, которые сюда не поместились",
        "untitled": "Обращение",
    },
    "en": {
        "said": "New message from the customer:",
        "changed": "The customer has changed a message. It says now:",
        "note": "Note from the hub:",
        "us": "We answered",
        "unknown": "Unknown author",
        "files": "Attachments",
        "rating": "Rating",
        "of": "of 5",
        "place": "Place",
        "source": "Source",
        "decision": "Decision",
        "left_out": "Earlier messages that did not fit in here",
        "untitled": "Ticket",
    },
}
_QUOTED = (20_000, 8_000, 2_000)  # characters of the customer's words in one text; fewer where it gets too long
_SUBJECT_TEXT = 120  # characters of the customer's words in a subject
_MOST_FILES = 20  # links to files of one message
_HEADINGS = "|".join(re.escape(known[name]) for known in _WORDS.values() for name in ("said", "changed", "note"))
_LEFT_OUT = "|".join(re.escape(known["left_out"]) for known in _WORDS.values())
_OURS = re.compile(
    rf"(?:(?:{_HEADINGS}|(?:{_LEFT_OUT}): \d+)\s*)*\S.{{0,300}}? · \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC\b"
)


def subject(ticket: Ticket, lang: Lang) -> str:
    """Return one line of at most 255 characters: where it was, and what it is about."""
    said = next((message.body for message in public_messages(ticket.messages) if message.body.strip()), "")
    about = " ".join((ticket.title or said[: 2 * _SUBJECT_TEXT]).split())
    if not ticket.title and len(about) > _SUBJECT_TEXT:
        about = about[: _SUBJECT_TEXT - 1].rsplit(" ", 1)[0] + "…"
    line = f"[{ticket.platform}] {about or _WORDS[lang]['untitled']}"
    most = assumed.SUBJECT_CHARS
    return line if len(line) <= most else line[: most - 1] + "…"


def case(delivery: Delivery, lang: Lang) -> str:
    """Return what a new ticket says: all that was said in public, what is known, the link to it, the decision."""
    ticket, told = delivery.ticket, _WORDS[lang]
    foot = []
    if ticket.rating is not None:
        foot.append(f"{told['rating']}: {ticket.rating:g} {told['of']}")
    place = place_of(ticket)
    foot += [f"{told['place']}: {_safe(place)}"] if place else []
    address = address_of(ticket)
    foot += [f"{told['source']}: {_linked(address)}" if address else f"{told['source']}: {_safe(ticket.platform)}"]
    foot += [f"{told['decision']}: {_safe(' '.join(delivery.summary.split()))}"] if delivery.summary else []
    return _fitted("", public_messages(ticket.messages), _paragraph("<br>".join(foot)), lang)


def comment(messages: Sequence[Message], lang: Lang, *, edited: bool = False) -> str:
    """Return what was said since; its heading tells that it is ours when it is read back."""
    said = "changed" if edited else "said"
    heading = _WORDS[lang][said if is_customers(messages) else "note"]
    return _fitted(_paragraph(f"<b>{heading}</b>"), messages, "", lang)


def is_customers(messages: Sequence[Message]) -> bool:
    """Whether the customer speaks in *messages*."""
    return any(message.direction == "in" for message in messages)


def is_ours(body: str) -> bool:
    """Whether a comment, as plain text, is one of :func:`case` or :func:`comment`, in whatever language: both begin
    with who said something and when, to the second."""
    return bool(_OURS.match(body.strip()))


def is_same(said: str, wanted: str) -> bool:
    """Whether two comments, as HTML, say the same: letters and digits are compared, as markup may be cleaned."""
    return _letters(said) == _letters(wanted) != ""


def client_name(ticket: Ticket) -> tuple[str, bool]:
    """Return what the client is called there, and whether the name stands for one person alone: with a handle or an id
    on the platform it does, a bare name does not."""
    author = author_of(ticket)
    name = (author.name or author.handle or "") if author else ""
    ident = author.key.removeprefix(f"{ticket.platform}/") if author else ""
    handle = f"@{author.handle}" if author and author.handle else ident
    known = ", ".join(filter(None, (ticket.platform, handle)))
    called = name[: max(assumed.NAME_CHARS - len(known) - 3, 1)]
    return (f"{called} ({known})" if name else known)[: assumed.NAME_CHARS], bool(handle)


def author_of(ticket: Ticket) -> Author | None:
    """Return the customer."""
    return next((message.author for message in ticket.messages if message.direction == "in" and message.author), None)


def address_of(ticket: Ticket) -> str | None:
    """Return where the customer wrote."""
    return ticket.url or next((message.url for message in ticket.messages if message.url), None)


def place_of(ticket: Ticket) -> str:
    """Return the outlet that a review is about."""
    place = ticket.place
    return ", ".join(filter(None, (place.name, place.city, place.address))) if place else ""


def _fitted(head: str, messages: Sequence[Message], foot: str, lang: Lang) -> str:
    """Return as much of *messages* as one text holds, the latest at all events."""
    made = ""
    for most in _QUOTED:
        kept = latest_messages(messages, most)
        left = len(messages) - len(kept)
        note = _paragraph(f"{_WORDS[lang]['left_out']}: {left}") if left else ""
        made = head + note + "".join(_quote(message, lang) for message in kept) + foot
        if len(made.encode()) <= assumed.MESSAGE_BYTES:
            break
    return made


def _quote(message: Message, lang: Lang) -> str:
    author, told = message.author, _WORDS[lang]
    named = (author.name or author.handle) if author else None
    who = told["us"] if message.direction == "out" else named or told["unknown"]
    head = f"<b>{_safe(who)} · {message.created_at:%Y-%m-%d %H:%M:%S} UTC</b>"
    files = [_linked(one.url) for one in message.attachments[:_MOST_FILES]]
    return _paragraph(
        "<br>".join([head, _safe(message.body), *([f"{told['files']}: {', '.join(files)}"] if files else [])])
    )


def _paragraph(inner: str) -> str:
    return f"<p>{inner}</p>"


def _safe(text: str) -> str:
    """Return plain text as HTML with its line breaks."""
    return "<br>".join(html.escape(line) for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _linked(url: str) -> str:
    shown = html.escape(url)
    return f'<a href="{shown}">{shown}</a>' if url.startswith(("http://", "https://")) else shown


def _letters(markup: str) -> str:
    return re.sub(r"[\W_]+", "", plain_text(markup)).casefold()
