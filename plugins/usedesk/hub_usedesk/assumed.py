"""What Usedesk does not document, or the sheet only infers, and the connector relies on all the same.

Everything assumed stands here; when a point turns out wrong, this is the place to mend it. Sections are those of the
vendor sheet.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from hub.sdk import Attachment, Category
from hub_usedesk.values import mapping, rows, string, text_id

REQUESTS_PER_S = 2
"""Of one address of ours (section 2: no current figure is known)."""

LISTS_PER_5_S = 2
"""Calls of ``tickets``: the 0.4 a second of an old wiki page (section 2)."""

TOO_MANY_WAIT = timedelta(seconds=60)
"""How long to wait after a refusal for too many calls that names no time (section 2: 30 to 120 s)."""

INDEX_DELAY = timedelta(seconds=10)
"""For so long a look-up may miss what was just made (section 7: "wait some seconds")."""

CLOCKS = timedelta(minutes=10)
"""By so much the clocks of Usedesk and of this machine may differ."""

MESSAGE_BYTES = 60_000
"""Of one message's HTML (section 4: "about 64 kB")."""

SUBJECT_CHARS = 255
NAME_CHARS = 255
"""Of a client's name, as of a subject (section 4)."""

NAMES_PAGE = 100
"""Rows of a page of ``users`` and ``groups``, should they be paged as other lists are (section 5)."""

_REFUSED_TOKEN = re.compile(r"token|токен|api.?key|unauthori[sz]ed", re.IGNORECASE)
_TOO_MANY = re.compile(r"too many|rate.?limit|limit exceeded|превышен|слишком много", re.IGNORECASE)
_GONE = re.compile(r"not.?found|does not exist|не найден|не существует", re.IGNORECASE)

_CATEGORY_WORDS: Mapping[str, Category] = {
    "complaint": "complaint",
    "жалоба": "complaint",
    "претензия": "complaint",
    "consultation": "consultation",
    "question": "consultation",
    "консультация": "consultation",
    "вопрос": "consultation",
    "praise": "praise",
    "благодарность": "praise",
    "suggestion": "suggestion",
    "предложение": "suggestion",
    "news": "news",
    "новость": "news",
    "spam": "spam",
    "спам": "spam",
    "other": "other",
    "другое": "other",
}
_CATEGORY_NAMES: Mapping[Category, str] = {
    "complaint": "Жалоба",
    "consultation": "Консультация",
    "praise": "Благодарность",
    "suggestion": "Предложение",
    "news": "Новость",
    "spam": "Спам",
    "other": "Другое",
}


def is_refused_token(text: str, code: str) -> bool:
    """Whether an error is about the token: which codes mean that is not known (section 13), words and HTTP's numbers
    are looked at."""
    return code in ("401", "403") or bool(_REFUSED_TOKEN.search(text))


def is_too_many(text: str, code: str) -> bool:
    """Whether an error says that there were too many calls."""
    return code == "429" or bool(_TOO_MANY.search(text))


def is_gone(text: str, code: str) -> bool:
    """Whether an error says that the ticket is not there (any more)."""
    return code == "404" or bool(_GONE.search(text))


def ticket_url(site: str, ticket: str) -> str:
    """Return where a person finds a ticket."""
    return f"{site}/tickets/{ticket}"


def site_of(base_url: str | None) -> str | None:
    """Return the address of the pages for people that goes with the API's; None where it cannot be told."""
    if base_url is None or "://api.usedesk.ru" in base_url:
        return "https://secure.usedesk.ru"
    return "https://secure.usedesk.com" if "://secure.usedesk.com" in base_url else None


def person(row: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return id, name and e-mail of an agent; the rows of ``users`` are not documented (section 5)."""
    name = string(row.get("name")) or string(row.get("user_name"))
    parts = (string(row.get("first_name")), string(row.get("last_name")))
    ident = text_id(row.get("id")) or text_id(row.get("user_id"))
    return ident, name.strip() or " ".join(filter(None, parts)), string(row.get("email"))


def group(row: Mapping[str, Any]) -> tuple[str, str]:
    """Return id and name of a group; the rows of ``groups`` are not documented (section 5)."""
    name = string(row.get("name")) or string(row.get("group_name"))
    return text_id(row.get("id")) or text_id(row.get("group_id")), name.strip()


def field_values(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield id and value of a ticket's own fields: as in webhooks and lists (sections 4 and 6)."""
    for key in ("custom_fields", "ticket_fields"):
        for row in rows(record.get(key)):
            yield text_id(row.get("id")), str(row.get("value") or "").strip()


def merged_into(record: Mapping[str, Any]) -> str | None:
    """Return the ticket that this one became a part of, where its changes name one: how they do is not documented."""
    own = text_id(mapping(record.get("ticket")).get("id"))
    for change in reversed(rows(record.get("changes"))):
        for item in rows(change.get("data")):
            other = text_id(item.get("value"))
            if string(item.get("target")).startswith("merge") and other and other != own:
                return other
    return None


def files(comment: Mapping[str, Any]) -> tuple[Attachment, ...]:
    """Return the files of a comment: addresses, or maps with one; their shape is not documented."""
    listed = comment.get("files")
    found = []
    for row in listed if isinstance(listed, list) else []:
        named = mapping(row)
        url = string(row) or string(named.get("file")) or string(named.get("url"))
        if url.startswith(("http://", "https://")):
            found.append(Attachment(url=url, kind="file", name=string(named.get("name")) or None))
    return tuple(found)


def category_named(value: str, own: Mapping[str, Category]) -> Category | None:
    """Return the category that a value of the account's own field means: by the settings, else by usual words."""
    wanted = value.casefold()
    named = {name.casefold(): category for name, category in own.items()}
    return named.get(wanted) or _CATEGORY_WORDS.get(wanted)


def category_value(category: Category, own: Mapping[str, Category]) -> str:
    """Return what the account's own field says for a category."""
    return next((name for name, one in own.items() if one == category), _CATEGORY_NAMES[category])
