"""What is noted on the cards that our own tasks hang on: there it is that people answer, for a task has no comments."""

from collections.abc import Sequence
from typing import Any

from hub.sdk import Page, Request, Response
from hub_crm.products.amocrm.calls import MAX_LIMIT, embedded, get, has_next
from hub_crm.values import mapping, text, text_id, unix

_RIGHT = "give the integration's user the right to see it (Settings, Users, Rights)"


def of(tasks: Sequence[Any]) -> list[Request]:
    """Return the requests for what was noted on the cards of *tasks* since the first task of each was made."""
    by_card: dict[str, list[dict[str, Any]]] = {}
    for task in map(mapping, tasks):
        kind, entity = text(task.get("entity_type")), text_id(task.get("entity_id"))
        task_id, created = text_id(task.get("id")), task.get("created_at")
        if kind and entity and task_id and unix(created):
            by_card.setdefault(f"{kind}/{entity}", []).append({"id": task_id, "created_at": created})
    return [_page(card, mine, 1) for card, mine in by_card.items()]


def _page(card: str, tasks: Sequence[dict[str, Any]], number: int) -> Request:
    since = min(task["created_at"] for task in tasks)
    params = {"filter[updated_at][from]": since, "limit": MAX_LIMIT, "page": number}
    return get(f"{card}/notes", params, what="card", card=card, tasks=list(tasks), page=number)


def read(response: Response) -> Page:
    """Return a record for each note and each task that was there before it: ``{"task", "note"}``.

    A card that may not be seen is told, one that is gone has no notes.
    """
    context = response.request.context
    if response.status >= 400:
        seen = f"the notes of {context['card']} may not be read, on which a task of ours hangs; {_RIGHT}"
        return Page(warnings=(seen,) if response.status == 403 else ())
    rows = embedded(response, "notes")
    records = [
        {"task": task["id"], "note": note}
        for note in rows
        for task in context["tasks"]
        # What is noted in the very second in which a task is made, the hub noted: who the customer is.
        if type(at := mapping(note).get("created_at")) is not int or at > task["created_at"]
    ]
    onward = _page(context["card"], context["tasks"], context["page"] + 1) if has_next(response) else None
    return Page(records=records, next_request=onward)
