"""Tasks, leads, contacts and notes as the account writes them (sheet, sections 12 and 13)."""

from __future__ import annotations

from typing import Any

from .model import ACCOUNT_ID, Contact, Lead, Note, Task

PIPELINE = 3177727


def task_row(task: Task) -> Any:
    """A task; `result` is a list when there is none."""
    if task.broken == "junk":
        return "junk"
    return {
        "id": None if task.broken == "id" else task.id,
        "created_by": task.creator,
        "updated_by": task.responsible,
        "created_at": 0 if task.broken == "created_at" else int(task.created.timestamp()),
        "updated_at": int(task.updated.timestamp()),
        "responsible_user_id": task.responsible,
        "group_id": 0,
        "entity_id": task.entity[1] if task.entity else None,
        "entity_type": task.entity[0] if task.entity else None,
        "duration": 0,
        "is_completed": task.done,
        "task_type_id": task.type,
        "text": task.text,
        "result": {"text": task.result} if task.result else [],
        "complete_till": int(task.till.timestamp()),
        "account_id": ACCOUNT_ID,
        "_links": {},
    }


def lead_row(lead: Lead) -> dict[str, Any]:
    """A lead."""
    return {
        "id": lead.id,
        "name": lead.name,
        "price": lead.price,
        "responsible_user_id": lead.responsible,
        "group_id": 0,
        "status_id": lead.status,
        "pipeline_id": PIPELINE,
        "loss_reason_id": None,
        "created_by": lead.responsible,
        "created_at": int(lead.created.timestamp()),
        "updated_at": int(lead.updated.timestamp()),
        "closed_at": None,
        "is_deleted": lead.deleted,
        "custom_fields_values": None,
        "account_id": ACCOUNT_ID,
        "_embedded": {
            "tags": [{"id": number, "name": name} for number, name in enumerate(lead.tags, 1)],
            "contacts": [{"id": lead.contact}] if lead.contact else [],
        },
    }


def contact_row(contact: Contact) -> dict[str, Any]:
    """A contact with its fields."""
    fields = [
        {
            "field_id": key if isinstance(key, int) else len(key),
            "field_code": key if isinstance(key, str) else None,
            "values": [{"value": value} for value in values],
        }
        for key, values in contact.fields.items()
    ]
    return {
        "id": contact.id,
        "name": contact.name,
        "created_at": int(contact.created.timestamp()),
        "updated_at": int(contact.updated.timestamp()),
        "custom_fields_values": fields or None,
        "account_id": ACCOUNT_ID,
    }


def note_row(note: Note) -> dict[str, Any]:
    """A note."""
    return {
        "id": note.id,
        "entity_id": note.entity,
        "created_by": note.creator,
        "updated_by": note.creator,
        "created_at": int(note.created.timestamp()),
        "updated_at": int(note.updated.timestamp()),
        "note_type": note.type,
        "params": note.params,
        "account_id": ACCOUNT_ID,
    }
