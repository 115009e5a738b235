"""Records of amoCRM as tickets: tasks, leads and what was noted about leads (sections 12, 13, 18).

A task has no subject, no priority and no states but done or not: its first line stands for the subject. Only the id and
the time of creation are needed; an optional field of another shape is left out, never the record.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hub.sdk import Author, Change, Draft, FollowUp, MessageDraft, RecordError, State, TicketDraft, find_marker
from hub_crm import assumed, words
from hub_crm.settings import CrmConfig
from hub_crm.values import Names, known, mapping, text, text_id, unix

PLATFORM = "amocrm"
RESULT = "/result"
_MARK_CHARS = 30  # of a line that holds a marker and its brackets alone
_CALLS = {"call_in": "Incoming call", "call_out": "Outgoing call"}


class Records:
    """Makes drafts.

    Args:
        site: address of the account, without a slash at its end.
        config: knows the departments.
    """

    def __init__(self, site: str, config: CrmConfig) -> None:
        self._site, self._config = site, config
        self._people, self._stages, self._types = Names(), Names(), Names()

    def task(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> Sequence[Draft]:
        """Return a task with its result; a result that is gone is hidden.

        Raises:
            RecordError: no id, or no time of creation.
        """
        source_id, created = _essentials(record, "task")
        written = text(record.get("text"))
        marker, body = find_marker(written), _unmarked(written)
        done = record.get("is_completed") is True
        message = MessageDraft(
            source_id=source_id,
            author=self._author(record.get("created_by"), reference),
            body=body,
            created_at=created,
            updated_at=_later(record.get("updated_at"), created),
            url=self._entity_url(record),
        )
        result = self._result(record, source_id, created, reference)
        state: State = "solved" if done else "open"
        ticket = TicketDraft(
            thread=f"task/{source_id}",
            kind="task",
            platform=PLATFORM,
            title=assumed.first_line(body) or None,
            url=message.url,
            state=state,
            extra=self._task_extra(record, reference),
            messages=(message, *result),
        )
        follow = FollowUp(
            external_id=ticket.thread,
            marker=marker,
            state=state,
            status="completed" if done else "open",
            department=self._department(record, reference),
            assignee=self._name(record.get("responsible_user_id"), reference),
            url=message.url,
            messages=result,
            otherwise=ticket,
        )
        return [follow] if result else [follow, Change(source_id=source_id + RESULT, hidden=True)]

    def _result(
        self, record: Mapping[str, Any], source_id: str, created: datetime, reference: Mapping[str, Sequence[Any]]
    ) -> tuple[MessageDraft, ...]:
        said = text(mapping(record.get("result")).get("text"))
        if not said.strip():
            return ()
        message = MessageDraft(
            source_id=source_id + RESULT,
            direction="note",
            author=self._author(record.get("responsible_user_id"), reference),
            body=_unmarked(said),
            created_at=unix(record.get("updated_at")) or created,
            hidden=False,
            echo_of=find_marker(said),
        )
        return (message,)

    def _task_extra(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        deadline = unix(record.get("complete_till"))
        kind = text_id(record.get("task_type_id"))
        entity = text_id(record.get("entity_id"))
        row = self._types.get(_task_types(reference), kind)
        return known(
            {
                "type": text(row.get("name")) or kind,
                "deadline": deadline and deadline.isoformat(),
                "responsible": self._name(record.get("responsible_user_id"), reference),
                "crm": [f"{text(record.get('entity_type'))}/{entity}"] if entity else [],
            }
        )

    def lead(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> FollowUp:
        """Return a lead.

        Raises:
            RecordError: no id, or no time of creation.
        """
        source_id, created = _essentials(record, "lead")
        url = self._site + assumed.amocrm_path("leads", source_id)
        inside = mapping(record.get("_embedded"))
        message = MessageDraft(
            source_id=source_id,
            author=self._author(record.get("created_by"), reference),
            created_at=created,
            updated_at=_later(record.get("updated_at"), created),
            url=url,
            tags=tuple(filter(None, (text(mapping(tag).get("name")) for tag in assumed.rows(inside.get("tags"))))),
            hidden=record.get("is_deleted") is True,
        )
        stage = self._stages.get(reference.get("stages", ()), text_id(record.get("status_id")))
        state = _lead_state(record)
        facts = {
            "stage": text(stage.get("name")) or text_id(record.get("status_id")),
            "pipeline": text_id(record.get("pipeline_id")),
            "amount": record.get("price") if type(record.get("price")) is int else None,
            "contacts": [
                one for row in map(mapping, assumed.rows(inside.get("contacts"))) if (one := text_id(row.get("id")))
            ],
            "responsible": self._name(record.get("responsible_user_id"), reference),
        }
        ticket = TicketDraft(
            thread=f"lead/{source_id}",
            kind="task",
            platform=PLATFORM,
            title=text(record.get("name")).strip() or None,
            url=url,
            state=state,
            extra=known(facts),
            messages=(message,),
        )
        return FollowUp(
            external_id=ticket.thread,
            state=state,
            status=text(stage.get("name")) or text_id(record.get("status_id")) or None,
            department=self._department(record, reference),
            assignee=self._name(record.get("responsible_user_id"), reference),
            url=url,
            otherwise=ticket,
        )

    def note(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> FollowUp | None:
        """Return what was noted about a lead; None for a note without words.

        Raises:
            RecordError: no id, no lead, or no time of creation.
        """
        source_id, created = _essentials(record, "note")
        lead = text_id(record.get("entity_id"))
        if not lead:
            raise RecordError(f"note {source_id} belongs to no lead: entity_id is {record.get('entity_id')!r}")
        said = _noted(record)
        if not said:
            return None
        message = MessageDraft(
            source_id=source_id,
            direction="note",
            author=self._author(record.get("created_by"), reference),
            body=_unmarked(said),
            created_at=created,
            updated_at=_later(record.get("updated_at"), created),
            echo_of=find_marker(said),
        )
        url = self._site + assumed.amocrm_path("leads", lead)
        thread = f"lead/{lead}"
        ticket = TicketDraft(thread=thread, kind="task", platform=PLATFORM, url=url, messages=(message,))
        return FollowUp(external_id=thread, messages=(message,), otherwise=ticket)

    def card_note(self, record: Any, task: str, reference: Mapping[str, Sequence[Any]]) -> FollowUp | None:
        """Return what was noted on the card that our *task* hangs on; None for a note without words, and for what the
        hub wrote there itself.

        Raises:
            RecordError: no id, or no time of creation.
        """
        source_id, created = _essentials(record, "note")
        said = _noted(record)
        if not said or find_marker(said) or words.is_on_card(said):
            return None
        message = MessageDraft(
            source_id=f"{task}/note/{source_id}",
            direction="note",
            author=self._author(record.get("created_by"), reference),
            body=said,
            created_at=created,
            updated_at=_later(record.get("updated_at"), created),
        )
        return FollowUp(external_id=f"task/{task}", messages=(message,))

    def _entity_url(self, record: Mapping[str, Any]) -> str:
        """Return the card that a task hangs on, which is where a person finds it."""
        kind, entity = text(record.get("entity_type")), text_id(record.get("entity_id"))
        return self._site + (assumed.amocrm_path(kind, entity) if kind and entity else "/todo/line/")

    def _department(self, record: Mapping[str, Any], reference: Mapping[str, Sequence[Any]]) -> str | None:
        """Return the department of the map whose responsible has it, else the group of that person."""
        responsible = text_id(record.get("responsible_user_id"))
        row = self._people.get(reference.get("people", ()), responsible)
        return self._config.department_of(group="", responsible=responsible) or text(row.get("group")) or None

    def _author(self, value: Any, reference: Mapping[str, Sequence[Any]]) -> Author | None:
        key = text_id(value)
        return Author(key=f"user/{key}", name=self._name(value, reference)) if key else None

    def _name(self, value: Any, reference: Mapping[str, Sequence[Any]]) -> str | None:
        key = text_id(value)
        return text(self._people.get(reference.get("people", ()), key).get("name")) or key or None


def _essentials(record: Any, what: str) -> tuple[str, datetime]:
    if not isinstance(record, Mapping):
        raise RecordError(f"expected a {what} as an object, got {type(record).__name__}")
    source_id = text_id(record.get("id"))
    if not source_id:
        raise RecordError(f"the {what} has no usable id: {record.get('id')!r}")
    created = unix(record.get("created_at"))
    if created is None:
        raise RecordError(f"{what} {source_id} has no usable time: created_at is {record.get('created_at')!r}")
    return source_id, created


def _later(value: Any, created: datetime) -> datetime | None:
    at = unix(value)
    return at if at != created else None


def _unmarked(written: str) -> str:
    """Return *written* without the line that holds only our marker."""
    lines = [line for line in written.split("\n") if not (find_marker(line) and len(line.strip()) <= _MARK_CHARS)]
    return "\n".join(lines).strip()


def _lead_state(record: Mapping[str, Any]) -> State:
    stages: Mapping[Any, State] = {assumed.AMOCRM_WON: "solved", assumed.AMOCRM_LOST: "closed"}
    return stages.get(record.get("status_id"), "open")


def _task_types(reference: Mapping[str, Sequence[Any]]) -> Sequence[Any]:
    return next((row["task_types"] for row in reference.get("about", ()) if "task_types" in row), ())


def _noted(record: Mapping[str, Any]) -> str:
    kind, params = text(record.get("note_type")), mapping(record.get("params"))
    if kind in _CALLS:
        seconds = params.get("duration")
        length = f", {seconds} s" if type(seconds) is int else ""
        return f"{_CALLS[kind]}: {text(params.get('phone')) or '?'}{length}"
    return text(params.get("text")).strip()
