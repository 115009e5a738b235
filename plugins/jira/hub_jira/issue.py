"""An issue, its comments and its changelog as a conversation: vendor sheet, sections 6 and 8.

The issue's ``id`` never changes, its ``key`` moves with it from project to project: the id is the thread, the key is
shown. Only the id and one date are needed; any other field of an unexpected shape is left out, never the issue.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any, Self

from hub.sdk import (
    Attachment,
    Author,
    Change,
    Draft,
    FollowUp,
    MessageDraft,
    RecordError,
    State,
    TicketDraft,
    find_marker,
)
from hub_jira import assumed
from hub_jira.adf import adf_to_text
from hub_jira.wiki import wiki_to_text

PLATFORM = "jira"
SERVICE = "service_desk"
STATES: Mapping[str, State] = {"undefined": "new", "new": "new", "indeterminate": "open", "done": "solved"}
"""Of each status category, where the case stands (sheet, section 6)."""

SHOWN_CHANGES = ("status", "resolution", "assignee", "priority", "project", "key")
"""Fields whose changes are part of the story."""

_INVISIBLE = " \t\r\n\u200b\u200c\u200d\u2060\ufeff"
_NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known beside the record.

    Args:
        site: where a person opens an issue, without the last slash.
        states: our word for a status, by its name or id; the others go by their category.
        statuses: the status object, by id.
        priorities: ids of the priorities, highest first.
        own: keys of the account that the hub writes with.
    """

    site: str
    states: Mapping[str, State]
    statuses: Mapping[str, Mapping[str, Any]]
    priorities: Sequence[str]
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class Case:
    """What a comment or a change must know of its issue; JSON values, so that it can travel with a request."""

    id: str
    key: str
    title: str | None
    service: bool
    reporter: str

    @classmethod
    def of(cls, issue: Any) -> Self:
        """Return the case of an issue.

        Raises:
            RecordError: it is no issue, or has no id.
        """
        if not isinstance(issue, Mapping):
            raise RecordError(f"expected an issue as an object, got {type(issue).__name__}")
        ident = text_id(issue.get("id"))
        if not ident:
            raise RecordError(f"the issue has no usable id: {issue.get('id')!r} (key {issue.get('key')!r})")
        fields = mapping(issue.get("fields"))
        service = mapping(fields.get("project")).get("projectTypeKey") == SERVICE
        title = string(fields.get("summary"))
        return cls(ident, text_id(issue.get("key")), title, service, person_key(fields.get("reporter")))

    def json(self) -> dict[str, Any]:
        return asdict(self)


def text_id(value: Any) -> str:
    """Return an id as text, whether it came as a number or as text; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if type(value) is int else ""


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else _NOTHING


def rows(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; none for anything else."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def string(value: Any) -> str | None:
    return value.strip(_INVISIBLE) or None if isinstance(value, str) else None


def rich(value: Any) -> str:
    """Return a text field as text: a document of v3, or markup of v2."""
    return (wiki_to_text(value) if isinstance(value, str) else adf_to_text(value)).strip()


def person_key(user: Any) -> str:
    """Return what names a person for good: the account's id on Cloud, the user's key on Data Center."""
    row = mapping(user)
    return next(filter(None, (text_id(row.get(name)) for name in ("accountId", "key", "name"))), "")


def comment_id(issue: str, comment: str) -> str:
    """Return the source id of a comment."""
    return f"{issue}/comment/{comment}"


def state_of(status: Any, setting: Setting) -> State | None:
    """Return where a case with *status* stands; None for a category that nobody knows."""
    row = mapping(status)
    for name in (string(row.get("name")), text_id(row.get("id"))):
        if name is not None and name in setting.states:
            return setting.states[name]
    known = mapping(row.get("statusCategory")) or mapping(
        setting.statuses.get(text_id(row.get("id")), _NOTHING).get("statusCategory")
    )
    return STATES.get(text_id(known.get("key")))


# --- the issue ----------------------------------------------------------------------------------------------------


def drafts(record: Any, setting: Setting) -> Sequence[Draft]:
    """Return what a record says: an issue with what came with it, or one comment or change that was read apart.

    Raises:
        RecordError: no id, or no date at all.
    """
    row = mapping(record)
    if "fields" not in row and "issue" in row:
        return _detail(Case(**row["issue"]), row, setting)
    case = Case.of(record)
    fields = mapping(row.get("fields"))
    comments = comments_of(fields)
    histories = histories_of(row)
    messages = [_description(case, fields, setting)]
    messages += [_comment(case, comment, setting) for comment in (comments or ()) if _is_readable(comment)]
    messages += [note for history in (histories or ()) for note in _notes(case, history, setting)]
    state = state_of(fields.get("status"), setting)
    ticket = TicketDraft(
        thread=case.id,
        kind="issue",
        platform=PLATFORM,
        messages=tuple(messages),
        url=url(case, setting),
        title=case.title,
        state=state,
        extra=_extra(case, fields, setting),
    )
    follow_up = FollowUp(
        external_id=case.id,
        marker=find_marker(*_labels(fields)),
        state=state,
        status=string(mapping(fields.get("status")).get("name")),
        department=string(mapping(fields.get("project")).get("name")),
        assignee=string(mapping(fields.get("assignee")).get("displayName")),
        url=url(case, setting),
        messages=_notes_of(messages[1:]),
        otherwise=ticket,
    )
    return [follow_up, *_deleted(case, histories or ())]


def _notes_of(messages: Sequence[MessageDraft]) -> tuple[MessageDraft, ...]:
    """Return what was said in a case of our own: whoever sees it there, the ticket's customer does not."""
    return tuple(one if one.direction == "note" else one.model_copy(update={"direction": "note"}) for one in messages)


def comments_of(fields: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the comments that came with an issue; None where they are cut and must be read apart."""
    return _whole(mapping(fields.get("comment")), "comments")


def histories_of(issue: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """Return the changelog that came with an issue; None where it is cut and must be read apart."""
    return _whole(mapping(issue.get("changelog")), "histories")


def _whole(listing: Mapping[str, Any], name: str) -> list[Mapping[str, Any]] | None:
    found = listing.get(name)
    total = listing.get("total")
    several = isinstance(found, list) and type(total) is int and total > len(found)
    return None if several else rows(found)


def url(case: Case, setting: Setting) -> str | None:
    return f"{setting.site}/browse/{case.key}" if case.key else None


def _detail(case: Case, row: Mapping[str, Any], setting: Setting) -> Sequence[Draft]:
    history = mapping(row.get("history"))
    messages = _notes(case, history, setting) if history else [_comment(case, mapping(row.get("comment")), setting)]
    gone = _deleted(case, [history])
    if not messages:
        return gone
    ticket = TicketDraft(
        thread=case.id,
        kind="issue",
        platform=PLATFORM,
        messages=tuple(messages),
        url=url(case, setting),
        title=case.title,
    )
    return [FollowUp(external_id=case.id, messages=_notes_of(messages), otherwise=ticket), *gone]


def _description(case: Case, fields: Mapping[str, Any], setting: Setting) -> MessageDraft:
    created, updated = (assumed.instant(fields.get(name)) for name in ("created", "updated"))
    at = created or updated
    if at is None:
        raise RecordError(f"issue {case.key or case.id} has no usable date: created is {fields.get('created')!r}")
    return MessageDraft(
        source_id=case.id,
        author=author(fields.get("reporter") or fields.get("creator")),
        body=rich(fields.get("description")),
        created_at=at,
        updated_at=updated,
        url=url(case, setting),
        attachments=tuple(_attachments(fields)),
        tags=_labels(fields),
        hidden=False,
    )


def author(user: Any) -> Author | None:
    row = mapping(user)
    name = string(row.get("displayName"))
    if not row or not (name or person_key(row)):
        return None
    return Author(key=person_key(row), name=name, handle=string(row.get("name")))


def _labels(fields: Mapping[str, Any]) -> tuple[str, ...]:
    labels = fields.get("labels")
    found = [label.strip() for label in labels if isinstance(label, str)] if isinstance(labels, list) else []
    return tuple(dict.fromkeys(filter(None, found)))


def _attachments(fields: Mapping[str, Any]) -> Iterator[Attachment]:
    for row in rows(fields.get("attachment")):
        link, kind = row.get("content"), str(row.get("mimeType")).partition("/")[0]
        if isinstance(link, str) and link.startswith(("https://", "http://")):
            named = string(row.get("filename"))
            yield Attachment(url=link, kind={"image": "image", "video": "video"}.get(kind, "file"), name=named)


def _extra(case: Case, fields: Mapping[str, Any], setting: Setting) -> dict[str, Any]:
    status, priority = mapping(fields.get("status")), mapping(fields.get("priority"))
    ident, named = text_id(priority.get("id")), string(priority.get("name"))
    place = setting.priorities.index(ident) if ident in setting.priorities else None
    resolved = assumed.instant(fields.get("resolutiondate"))
    facts = {
        "key": case.key,
        "project": string(mapping(fields.get("project")).get("key")),
        "issue_type": string(mapping(fields.get("issuetype")).get("name")),
        "status": string(status.get("name")),
        "status_category": string(mapping(status.get("statusCategory")).get("key")),
        "priority": named,
        "priority_level": assumed.priority_level(named, place, len(setting.priorities)) if named else None,
        "resolution": string(mapping(fields.get("resolution")).get("name")),
        "resolved_at": resolved.astimezone(UTC).isoformat() if resolved else None,
        "assignee": string(mapping(fields.get("assignee")).get("displayName")),
        "due": string(fields.get("duedate")),
        "components": [name for row in rows(fields.get("components")) if (name := string(row.get("name")))],
    }
    return {name: fact for name, fact in facts.items() if fact}


# --- what was said and done in it ---------------------------------------------------------------------------------


def _comment(case: Case, comment: Mapping[str, Any], setting: Setting) -> MessageDraft:
    ident, at = text_id(comment.get("id")), assumed.instant(comment.get("created"))
    if not ident or at is None:
        raise RecordError(f"a comment of issue {case.key or case.id} has no usable id or date: {comment.get('id')!r}")
    body = rich(comment.get("body"))
    writer = comment.get("author")
    own = person_key(writer) in setting.own
    internal = assumed.is_internal(comment, service_project=case.service)
    return MessageDraft(
        source_id=comment_id(case.id, ident),
        direction="note" if internal else "in" if _is_customer(writer, case) else "out",
        author=author(writer),
        body=body,
        created_at=at,
        updated_at=assumed.instant(comment.get("updated")),
        url=f"{setting.site}/browse/{case.key}?focusedCommentId={ident}" if case.key else None,
        hidden=False,
        echo_of=find_marker(body) if own else None,
    )


def _is_readable(comment: Mapping[str, Any]) -> bool:
    return bool(text_id(comment.get("id"))) and assumed.instant(comment.get("created")) is not None


def _is_customer(writer: Any, case: Case) -> bool:
    reported = bool(case.reporter) and person_key(writer) == case.reporter
    return reported or mapping(writer).get("accountType") == "customer"


def _notes(case: Case, history: Mapping[str, Any], setting: Setting) -> list[MessageDraft]:
    """Return what an entry of the changelog tells of the case's state: one note, or none."""
    ident, at = text_id(history.get("id")), assumed.instant(history.get("created"))
    lines = [_change(item) for item in rows(history.get("items")) if _field(item) in SHOWN_CHANGES]
    if not lines or not ident or at is None:
        return []
    return [
        MessageDraft(
            source_id=f"{case.id}/change/{ident}",
            automatic=True,
            direction="note",
            author=author(history.get("author")),
            body="\n".join(lines),
            created_at=at,
        )
    ]


def _field(item: Mapping[str, Any]) -> str:
    return text_id(item.get("fieldId") or item.get("field")).lower()


def _change(item: Mapping[str, Any]) -> str:
    before, after = (string(item.get(name)) or "—" for name in ("fromString", "toString"))
    return f"{_field(item)}: {before} → {after}"


def _deleted(case: Case, histories: Sequence[Mapping[str, Any]]) -> list[Change]:
    entries = [item for history in histories for item in rows(history.get("items"))]
    gone = filter(None, map(assumed.deleted_comment, entries))
    return [Change(source_id=comment_id(case.id, ident), hidden=True) for ident in gone]
