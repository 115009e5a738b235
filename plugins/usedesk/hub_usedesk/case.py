"""One of our tickets in Usedesk as a follow-up: where it stands, whose it is, what people there said. Pure.

Vendor sheet, sections 3 and 4. The first comment is the text that we made the ticket with, and what we told later is
known by how it begins or by its id: neither comes back. What a trigger says by itself is a note, for nobody is to be
answered with it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.sdk import (
    Author,
    Category,
    FollowUp,
    MessageDraft,
    RecordError,
    State,
    find_marker,
    plain_text,
)
from hub_usedesk import assumed, words
from hub_usedesk.config import UsedeskConfig
from hub_usedesk.dictionary import DELETED, LEVELS, MERGED, SPAM, STATES, STATUS_NAMES
from hub_usedesk.values import mapping, moment, rows, string, tag_names, text_id

Names = Mapping[str, str]
_OURS = (("client", "public"), ("user", "private"))


def comment_id(ticket: str, comment: str) -> str:
    """Return the id of a comment among the ids of everything that we made: tickets and comments count apart."""
    return f"{ticket}/comment/{comment}"


def status_of(record: Mapping[str, Any]) -> str:
    """Return the id of a ticket's status, which the list calls ``status`` and a single ticket ``status_id``."""
    return text_id(record.get("status_id")) or text_id(record.get("status"))


def unknown_status(ticket: Mapping[str, Any], config: UsedeskConfig) -> Sequence[str]:
    """Return what is told of a ticket's status that neither Usedesk's dictionary nor the settings know."""
    status = status_of(ticket)
    if not status or status in STATUS_NAMES or status in config.statuses:
        return ()
    return (
        f'status {status} is one of the account\'s own: say what it means, such as statuses = {{ {status} = "open" }}',
    )


class Follow:
    """How tickets of one account are read.

    Args:
        config: the settings.
        people: names of agents by id.
        groups: names of groups by id.
    """

    def __init__(self, config: UsedeskConfig, people: Names, groups: Names) -> None:
        self._config, self._people, self._groups = config, people, groups

    def read(self, record: Any) -> FollowUp:
        """Return what a ticket says.

        Raises:
            RecordError: it has no id.
        """
        gone = text_id(mapping(record).get("gone"))
        if gone:
            return FollowUp(external_id=gone, state="hidden", status=self._status_name(DELETED))
        ticket = mapping(mapping(record).get("ticket"))
        ident, status = text_id(ticket.get("id")), status_of(ticket)
        if not ident:
            raise RecordError("the ticket has no id")
        group, tags = text_id(ticket.get("group")) or text_id(ticket.get("group_id")), tag_names(record.get("tags"))
        site = self._config.home
        return FollowUp(
            external_id=ident,
            marker=find_marker(*tags),
            state=self._state(status),
            status=self._status_name(status) if status else None,
            department=self._groups.get(group, group) or None,
            assignee=self._person(text_id(ticket.get("assignee_id"))) or None,
            queue=self._config.map.queue_where(lambda target: str(target.group) == group) if group else None,
            priority=LEVELS.get(string(ticket.get("priority"))),
            category=self._category(status, record),
            tags=tuple(tag for tag in tags if find_marker(tag) is None),
            merged_into=assumed.merged_into(record) if status == MERGED else None,
            url=assumed.ticket_url(site, ident) if site else None,
            messages=tuple(self._messages(ident, rows(record.get("comments")))),
        )

    def _state(self, status: str) -> State | None:
        return self._config.statuses.get(status) or STATES.get(status)

    def _status_name(self, status: str) -> str:
        named = STATUS_NAMES.get(status)
        return named[self._config.lang] if named else status

    def _person(self, ident: str) -> str:
        return self._people.get(ident, ident)

    def _category(self, status: str, record: Mapping[str, Any]) -> Category | None:
        if status == SPAM:
            return "spam"
        wanted = str(self._config.category_field)
        values = (value for ident, value in assumed.field_values(record) if ident == wanted and value)
        value = next(values, None) if self._config.category_field else None
        return assumed.category_named(value, self._config.categories) if value else None

    def _messages(self, ticket: str, comments: Sequence[Mapping[str, Any]]) -> Iterator[MessageDraft]:
        bodies = [plain_text(string(comment.get("message"))) for comment in comments]
        ours = [_is_ours(comment, body) for comment, body in zip(comments, bodies, strict=True)]
        firsts = [_is_true(comment.get("is_first")) for comment in comments]
        # With a ticket that was merged into ours comes a first comment that is the customer's own.
        known = any(mine and first for mine, first in zip(ours, firsts, strict=True))
        for comment, body, mine, first in zip(comments, bodies, ours, firsts, strict=True):
            ident, at = text_id(comment.get("id")), moment(comment.get("published_at"))
            if not ident or at is None or mine or (first and not known):
                continue
            files = assumed.files(comment)
            if body or files:
                yield MessageDraft(
                    source_id=comment_id(ticket, ident),
                    created_at=at,
                    direction=_direction(comment),
                    author=self._author(comment),
                    body=body,
                    attachments=files,
                )

    def _author(self, comment: Mapping[str, Any]) -> Author | None:
        if comment.get("from") == "client":
            client = text_id(comment.get("client_id"))
            return Author(key=f"client/{client}") if client else None
        user = text_id(comment.get("user_id"))
        return Author(key=f"user/{user}", name=self._people.get(user)) if user else None


def _direction(comment: Mapping[str, Any]) -> Any:
    """Return who speaks to whom: only what an agent says in public is an answer."""
    said_by = comment.get("from")
    if comment.get("type") != "public":
        return "note"
    return {"client": "in", "user": "out"}.get(string(said_by), "note")


def _is_ours(comment: Mapping[str, Any], body: str) -> bool:
    """Whether it is one that we write: public of the client, private of an agent. An agent who quotes us in public
    answers the customer."""
    return (comment.get("from"), comment.get("type")) in _OURS and words.is_ours(body)


def _is_true(value: Any) -> bool:
    return value in (True, 1, "1", "true")
