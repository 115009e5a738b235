"""What was said about tasks, leads and deals: read in batches, as details of the page that holds them (section 6).

Since 25.700.0 of the module ``tasks`` a task's comments are messages of its chat, read newest first; on older portals
they are ``task.commentitem``. Those of leads and deals are comments of the timeline.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.sdk import Page, Request, Response
from hub_crm import assumed
from hub_crm.products.bitrix24.calls import PAGE_SIZE, Batch, Params, batch, read_batch, why
from hub_crm.values import mapping, number, text_id

TASKS_A_BATCH = 25  # two commands each

Case = Mapping[str, Any]
"""What a comment must know of its case, to stand alone: the fields of the list that the ticket is made of."""


def of_tasks(tasks: Sequence[Case], *, in_chats: bool) -> list[Request]:
    """Return the requests for the comments of *tasks*."""
    size = TASKS_A_BATCH if in_chats else PAGE_SIZE
    parts = [tasks[at : at + size] for at in range(0, len(tasks), size)]
    return [_chats(part) if in_chats else _classic(part) for part in parts]


def of_items(items: Sequence[Case], kind: str) -> list[Request]:
    """Return the requests for the comments of leads or deals; *kind* is ``lead`` or ``deal``."""
    parts = [items[at : at + PAGE_SIZE] for at in range(0, len(items), PAGE_SIZE)]
    return [_timeline(part, kind, {}) for part in parts]


def _chats(tasks: Sequence[Case]) -> Request:
    commands: dict[str, tuple[str, Params]] = {}
    for task in tasks:
        key = f"t{task['id']}"
        commands[key] = ("tasks.task.get", {"taskId": task["id"], "select": ["ID", "CHAT_ID"]})
        chat = f"chat$result[{key}][task][chatId]"
        commands[f"m{task['id']}"] = ("im.dialog.messages.get", {"DIALOG_ID": chat, "LIMIT": PAGE_SIZE})
    return batch(commands, what="chats", cases=list(tasks))


def _older(cases: Sequence[Case], chats: Mapping[str, tuple[int, int]]) -> Request:
    """Return the request for what was said in *chats* before a message; chat and message by the case's id."""
    commands = {
        f"m{case_id}": ("im.dialog.messages.get", {"DIALOG_ID": f"chat{chat}", "LIMIT": PAGE_SIZE, "LAST_ID": before})
        for case_id, (chat, before) in chats.items()
    }
    return batch(commands, what="chats", cases=[case for case in cases if case["id"] in chats])


def _classic(tasks: Sequence[Case]) -> Request:
    commands = {f"m{task['id']}": ("task.commentitem.getlist", {"TASKID": task["id"]}) for task in tasks}
    return batch(commands, what="classic", cases=list(tasks))


def _timeline(items: Sequence[Case], kind: str, starts: Mapping[str, int]) -> Request:
    commands: dict[str, tuple[str, Params]] = {}
    for item in items:
        where = {"ENTITY_ID": item["id"], "ENTITY_TYPE": kind}
        params = {"filter": where, "order": {"ID": "asc"}, "start": starts.get(item["id"], 0)}
        commands[f"m{item['id']}"] = ("crm.timeline.comment.list", params)
    return batch(commands, what="timeline", cases=list(items), kind=kind)


def read(response: Response) -> Page:
    """Return the comments that a batch brought, and the request for those that did not fit.

    A case whose comments are refused becomes a record that says so: it is set aside with its reason.
    """
    found, context = read_batch(response), response.request.context
    cases: Sequence[Case] = context["cases"]
    records: list[Any] = []
    for case in cases:
        key = f"m{case['id']}"
        refused = found.errors.get(f"t{case['id']}") or found.errors.get(key)
        if refused:
            records.append({"case": case, "refused": why(refused)})
        else:
            records.extend(_comments(case, found.results.get(key)))
    return Page(records=records, next_request=_following(found, cases, context))


def _comments(case: Case, found: Any) -> Iterator[dict[str, Any]]:
    chat = mapping(found)
    if "messages" not in chat:
        yield from ({"case": case, "comment": comment} for comment in assumed.rows(found))
        return
    people = {text_id(mapping(user).get("id")): user for user in assumed.rows(chat.get("users"))}
    files = {text_id(mapping(file).get("id")): file for file in assumed.rows(chat.get("files"))}
    for message in assumed.rows(chat["messages"]):
        said = mapping(message)
        attached = assumed.rows(mapping(said.get("params")).get(assumed.BITRIX24_FILES))
        yield {
            "case": case,
            "message": message,
            "author": people.get(text_id(said.get("author_id"))),
            "files": [files[key] for key in map(text_id, attached) if key in files],
        }


def _following(found: Batch, cases: Sequence[Case], context: Mapping[str, Any]) -> Request | None:
    if context["what"] == "timeline":
        starts = {case["id"]: at for case in cases if (at := number(found.following.get(f"m{case['id']}")))}
        return _timeline([case for case in cases if case["id"] in starts], context["kind"], starts) if starts else None
    if context["what"] == "classic":
        return None
    chats: dict[str, tuple[int, int]] = {}
    for case in cases:
        answer = mapping(found.results.get(f"m{case['id']}"))
        messages = assumed.rows(answer.get("messages"))
        ids = [known for message in messages if (known := number(mapping(message).get("id")))]
        chat = number(answer.get("chat_id"))
        if len(messages) >= PAGE_SIZE and ids and chat:
            chats[case["id"]] = (chat, min(ids))
    return _older(cases, chats) if chats else None
