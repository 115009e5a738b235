"""Records of Bitrix24 as tickets: tasks, leads, deals and what was said about them (sections 6, 8, 18).

Only the id and the time of creation are needed. An optional field of another shape than expected is left out, never
the record. Each record is a :class:`hub.sdk.FollowUp`: where the hub opened the case itself, it tells of that ticket.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from hub.sdk import Attachment, Author, FollowUp, MessageDraft, RecordError, State, TicketDraft, find_marker, plain_text
from hub_crm import assumed
from hub_crm.bbcode import to_text
from hub_crm.settings import CrmConfig
from hub_crm.values import Names, known, mapping, moment, text, text_id

PLATFORM = "bitrix24"
HUB = "hub"
"""Our name as ``originatorId``: ``originId`` is then a marker."""

STATES: Mapping[str, State] = {"1": "new", "2": "new", "3": "open", "4": "on_hold", "5": "solved", "6": "on_hold"}
STATUSES = {
    "1": "new",
    "2": "waiting",
    "3": "in progress",
    "4": "awaiting approval",
    "5": "completed",
    "6": "deferred",
}
PRIORITIES = {"0": "low", "1": "normal", "2": "high"}
SEMANTICS: Mapping[str, State] = {"S": "solved", "F": "closed"}


class Records:
    """Makes drafts.

    Args:
        site: address of the portal, without a slash at its end.
        marker_field: the task's own field for markers, in the list's spelling (``UF_HUB_ID``), where there is one.
        config: knows the departments.
    """

    def __init__(self, site: str, marker_field: str | None, config: CrmConfig) -> None:
        self._site = site
        self._config = config
        self._marker_key = _camel(marker_field) if marker_field else ""
        self._people, self._stages = Names(), Names()

    # --- tasks --------------------------------------------------------------------------------------------------

    def task(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> FollowUp:
        """Return a task.

        Raises:
            RecordError: no id, or no time of creation.
        """
        source_id, created = _essentials(record, "createdDate", "task")
        changed = moment(record.get("changedDate"))
        body = self._markup(record.get("description"), bbcode=record.get("descriptionInBbcode") != "N")
        message = MessageDraft(
            source_id=source_id,
            author=self._author(record.get("creator"), text_id(record.get("createdBy")), reference),
            body=body,
            created_at=created,
            updated_at=changed if changed != created else None,
            url=self._task_url(record),
            tags=_tags(record.get("tags")),
        )
        return self._follow_task(record, message, find_marker(*self._markers(record), body), reference, leads=True)

    def _follow_task(
        self,
        record: Mapping[str, Any],
        message: MessageDraft,
        marker: str | None,
        reference: Mapping[str, Sequence[Any]],
        *,
        leads: bool,
    ) -> FollowUp:
        """Return what *record* says of the case; a comment (not *leads*) says nothing of its state."""
        thread = f"task/{text_id(record.get('id'))}"
        status, url = text_id(record.get("status")), self._task_url(record)
        responsible = text_id(record.get("responsibleId"))
        state = STATES.get(status) if leads else None
        ticket = TicketDraft(
            thread=thread,
            kind="task",
            platform=PLATFORM,
            title=plain_text(text(record.get("title"))) or None,
            url=url,
            state=state,
            extra=self._task_extra(record, reference) if leads else {},
            messages=(message,),
        )
        return FollowUp(
            external_id=thread,
            marker=marker,
            state=state,
            status=STATUSES.get(status) if leads else None,
            department=self._department(record, responsible) if leads else None,
            assignee=self._name(record.get("responsible"), responsible, reference) if leads else None,
            url=url,
            messages=() if leads else (message,),
            otherwise=ticket,
        )

    def _task_extra(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        deadline, closed = moment(record.get("deadline")), moment(record.get("closedDate"))
        responsible = text_id(record.get("responsibleId"))
        group = mapping(record.get("group"))
        return known(
            {
                "status": STATUSES.get(text_id(record.get("status"))),
                "priority": PRIORITIES.get(str(record.get("priority"))),
                "deadline": deadline and deadline.isoformat(),
                "closed_at": closed and closed.isoformat(),
                "responsible": self._name(record.get("responsible"), responsible, reference),
                "group": text(group.get("name")) or text_id(record.get("groupId")),
                "crm": [item for item in assumed.rows(record.get("ufCrmTask")) if isinstance(item, str)],
                "files": len(assumed.rows(record.get("ufTaskWebdavFiles"))) or None,
            }
        )

    def _markers(self, record: Mapping[str, Any]) -> list[str]:
        return [text(record.get("xmlId")), text(record.get(self._marker_key)), *_tags(record.get("tags"))]

    def _task_url(self, record: Mapping[str, Any]) -> str:
        return self._site + assumed.bitrix24_task_path(text_id(record.get("id")))

    def _department(self, record: Mapping[str, Any], responsible: str) -> str | None:
        """Return the department of the map that the task is with, else the name of its group."""
        named = self._config.department_of(group=text_id(record.get("groupId")), responsible=responsible)
        return named or text(mapping(record.get("group")).get("name")) or None

    # --- leads and deals ----------------------------------------------------------------------------------------

    def item(self, record: Mapping[str, Any], kind: str, reference: Mapping[str, Sequence[Any]]) -> FollowUp:
        """Return a lead or a deal.

        Raises:
            RecordError: no id, or no time of creation.
        """
        source_id, created = _essentials(record, "createdTime", kind)
        changed = moment(record.get("updatedTime"))
        message = MessageDraft(
            source_id=source_id,
            author=self._author(None, text_id(record.get("createdBy")), reference),
            body=self._markup(record.get("comments")),
            created_at=created,
            updated_at=changed if changed != created else None,
            url=self._item_url(kind, source_id),
        )
        marker = find_marker(text(record.get("originId"))) if record.get("originatorId") == HUB else None
        return self._follow_item(record, kind, message, marker, reference, leads=True)

    def _follow_item(
        self,
        record: Mapping[str, Any],
        kind: str,
        message: MessageDraft,
        marker: str | None,
        reference: Mapping[str, Sequence[Any]],
        *,
        leads: bool,
    ) -> FollowUp:
        source_id = text_id(record.get("id"))
        stage = self._stages.get(reference.get("stages", ()), f"{kind}/{text(record.get('stageId'))}")
        state = _stage_state(record, stage) if leads else None
        assigned = text_id(record.get("assignedById"))
        assignee = self._name(None, assigned, reference) if leads else None
        facts = {
            "stage": text(stage.get("name")) or text(record.get("stageId")),
            "amount": record.get("opportunity") or None,
            "currency": text(record.get("currencyId")),
            "contact": text_id(record.get("contactId")),
            "company": text_id(record.get("companyId")),
            "source": text(record.get("sourceId")),
            "responsible": assignee,
        }
        ticket = TicketDraft(
            thread=f"{kind}/{source_id}",
            kind="task",
            platform=PLATFORM,
            title=plain_text(text(record.get("title"))) or None,
            url=self._item_url(kind, source_id),
            state=state,
            extra=known(facts) if leads else {},
            messages=(message,),
        )
        return FollowUp(
            external_id=ticket.thread,
            marker=marker,
            state=state,
            status=(text(stage.get("name")) or text(record.get("stageId")) or None) if leads else None,
            assignee=assignee,
            url=ticket.url,
            messages=() if leads else (message,),
            otherwise=ticket,
        )

    def _item_url(self, kind: str, item: str) -> str:
        return self._site + assumed.bitrix24_item_path(kind, item)

    # --- comments -----------------------------------------------------------------------------------------------

    def comment(self, record: Mapping[str, Any], kind: str, reference: Mapping[str, Sequence[Any]]) -> FollowUp | None:
        """Return a comment; None for what the portal itself put into the chat.

        Raises:
            RecordError: it was refused, or has no id or time.
        """
        case = record["case"]
        if "refused" in record:
            raise RecordError(f"comments of {kind} {case['id']} cannot be read: {record['refused']}")
        if "message" in record:
            message = self._chat_message(record, reference)
        elif kind == "task":
            message = self._classic(record["comment"], case)
        else:
            message = self._timeline(record["comment"], case, reference)
        if message is None:
            return None
        if kind == "task":
            return self._follow_task(case, message, None, reference, leads=False)
        return self._follow_item(case, kind, message, None, reference, leads=False)

    def _chat_message(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> MessageDraft | None:
        said = mapping(record["message"])
        comment_id, at = _essentials(said, "date", "message of a task's chat")
        author = text_id(said.get("author_id"))
        if not author:
            return None
        params = mapping(said.get("params"))
        body = self._markup(said.get("text"))
        return MessageDraft(
            source_id=f"{record['case']['id']}/{comment_id}",
            direction="note",
            author=self._author(record.get("author"), author, reference),
            body=body,
            created_at=at,
            attachments=tuple(filter(None, map(self._file, assumed.rows(record.get("files"))))),
            hidden=params.get(assumed.BITRIX24_DELETED) == "Y",
            echo_of=find_marker(body),
        )

    def _classic(self, comment: Any, case: Mapping[str, Any]) -> MessageDraft:
        said = mapping(comment)
        comment_id, at = _essentials(said, "POST_DATE", "comment", key="ID")
        body = self._markup(said.get("POST_MESSAGE"))
        author, name = text_id(said.get("AUTHOR_ID")), text(said.get("AUTHOR_NAME")).strip()
        return MessageDraft(
            source_id=f"{case['id']}/{comment_id}",
            direction="note",
            author=Author(key=f"user/{author}", name=name or None) if author else None,
            body=body,
            created_at=at,
            attachments=tuple(filter(None, map(self._file, assumed.rows(said.get("ATTACHED_OBJECTS"))))),
            echo_of=find_marker(body),
        )

    def _timeline(self, comment: Any, case: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> MessageDraft:
        said = mapping(comment)
        comment_id, at = _essentials(said, "CREATED", "comment", key="ID")
        body = self._markup(said.get("COMMENT"))
        return MessageDraft(
            source_id=f"{case['id']}/{comment_id}",
            direction="note",
            author=self._author(None, text_id(said.get("AUTHOR_ID")), reference),
            body=body,
            created_at=at,
            attachments=tuple(filter(None, map(self._file, assumed.rows(said.get("FILES"))))),
            echo_of=find_marker(body),
        )

    # --- people, files, texts -----------------------------------------------------------------------------------

    def _author(self, person: Any, key: str, reference: Mapping[str, Sequence[Any]]) -> Author | None:
        if not key:
            return None
        link = text(mapping(person).get("link"))
        url = self._site + link if link.startswith("/") else None
        return Author(key=f"user/{key}", name=self._name(person, key, reference), url=url)

    def _name(self, person: Any, key: str, reference: Mapping[str, Sequence[Any]]) -> str | None:
        """Return a person's name as the record has it, else as the list of users has it, else the id."""
        said = text(mapping(person).get("name")).strip()
        row = self._people.get(reference.get("people", ()), key)
        return said or text(row.get("name")) or key or None

    def _file(self, file: Any) -> Attachment | None:
        said = mapping(file)
        addresses = (said.get(key) for key in ("urlDownload", "urlShow", "DOWNLOAD_URL", "VIEW_URL"))
        address = next((text(url) for url in addresses if text(url)), "")
        if not address:
            return None
        parts = urlsplit(address if address.startswith("http") else self._site + address)
        # A link carries a short-lived key of whoever asked; people have their own session.
        kept = [(name, value) for name, value in parse_qsl(parts.query) if not name.startswith("auth")]
        kind = text(said.get("type")) or "file"
        return Attachment(
            url=parts._replace(query=urlencode(kept)).geturl(),
            kind="image" if kind == "image" else "video" if kind == "video" else "file",
            name=text(said.get("name") or said.get("NAME")) or None,
        )

    def _markup(self, value: Any, *, bbcode: bool = True) -> str:
        return to_text(text(value)) if bbcode else plain_text(text(value))


def _essentials(record: Mapping[str, Any], date: str, what: str, *, key: str = "id") -> tuple[str, datetime]:
    if not isinstance(record, Mapping):
        raise RecordError(f"expected a {what} as an object, got {type(record).__name__}")
    source_id = text_id(record.get(key))
    if not source_id:
        raise RecordError(f"the {what} has no usable id: {record.get(key)!r}")
    created = moment(record.get(date))
    if created is None:
        raise RecordError(f"{what} {source_id} has no usable time: {date} is {record.get(date)!r}")
    return source_id, created


def _stage_state(record: Mapping[str, Any], stage: Mapping[str, Any]) -> State:
    semantics = text(stage.get("semantics")) or text(record.get("stageSemanticId"))
    return SEMANTICS.get(semantics) or ("new" if text(record.get("stageId")).endswith("NEW") else "open")


def _tags(value: Any) -> tuple[str, ...]:
    titles = (text(mapping(tag).get("title")) if isinstance(tag, Mapping) else text(tag) for tag in assumed.rows(value))
    return tuple(dict.fromkeys(title.strip() for title in titles if title.strip()))


def _camel(name: str) -> str:
    """Return a field of the request as answers spell it: ``UF_HUB_ID`` -> ``ufHubId``."""
    first, *rest = name.lower().split("_")
    return first + "".join(part.capitalize() for part in rest)
