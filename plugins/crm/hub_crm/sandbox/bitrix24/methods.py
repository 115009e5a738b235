"""The methods of REST 2, by name: each takes parameters and gives a result (sheet, sections 6 and 8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox import Traffic

from .answers import RefusedError
from .data import COMPANY, CONTACT, DEAL, GROUPS, LEAD, STAGES, USERS
from .model import Comment, Item, Task, Webhook
from .rows import (
    TASK_KEYS,
    chosen,
    classic_row,
    file_row,
    item_row,
    item_value,
    message_row,
    page,
    person,
    task_row,
    task_value,
    timeline_row,
    user_row,
)
from .world import Bitrix24World

ENTITIES = {"lead": LEAD, "deal": DEAL, "contact": CONTACT, "company": COMPANY}
MOST_MESSAGES = 50
MOST_VALUES = 20
SCOPES = {
    "tasks.task.chat": "tasks",
    "tasks.": "task",
    "task.": "task",
    "crm.": "crm",
    "im.": "im",
    "user.": "user",
    "sonet_group.": "sonet_group",
}
MOVES = {"complete": 5, "renew": 2, "start": 3, "pause": 2, "defer": 6, "approve": 5, "disapprove": 2}


def require_group(group: int) -> None:
    """Refuse a group that the portal does not have; 0 is none.

    Raises:
        RefusedError: there is no such group.
    """
    if group and group not in GROUPS:
        raise RefusedError(400, "100", f"Группа {group} не найдена или недоступна")


@dataclass(frozen=True)
class Result:
    """What a method gives: the result, and total and next of a list."""

    value: Any
    paging: Mapping[str, int] = field(default_factory=dict)


class Methods:
    """Methods of one world."""

    def __init__(self, world: Bitrix24World, traffic: Traffic) -> None:
        """Serve *world*; writes go to the ledger of *traffic*."""
        self._world, self._traffic = world, traffic
        self._all: dict[str, Callable[[Mapping[str, Any], Webhook], Result]] = {
            "method.get": self._method_get,
            "user.get": self._user_get,
            "sonet_group.get": self._group_get,
            "tasks.task.list": self._task_list,
            "tasks.task.get": self._task_get,
            "tasks.task.getFields": self._task_fields,
            "tasks.task.add": self._task_add,
            "tasks.task.update": self._task_update,
            **{f"tasks.task.{move}": self._mover(move) for move in MOVES},
            "task.commentitem.add": self._comment_add,
            "task.commentitem.getlist": self._comment_list,
            "im.dialog.messages.get": self._messages,
            "crm.item.list": self._item_list,
            "crm.item.get": self._item_get,
            "crm.item.update": self._item_update,
            "crm.item.add": self._item_add,
            "crm.status.list": self._status_list,
            "crm.timeline.comment.list": self._timeline_list,
            "crm.timeline.comment.add": self._timeline_add,
            "crm.duplicate.findbycomm": self._duplicates,
        }

    def call(self, method: str, params: Mapping[str, Any], webhook: Webhook) -> Result:
        """Run *method*.

        Raises:
            RefusedError: there is no such method, no right to it, or something is wrong with *params*.
        """
        scope = next((scope for start, scope in SCOPES.items() if method.startswith(start)), "")
        if scope and scope not in webhook.scopes:
            raise RefusedError(
                403, "insufficient_scope", "The request requires higher privileges than provided by the webhook"
            )
        if method not in self._all:
            raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        try:
            return self._all[method](params, webhook)
        except LookupError:
            raise RefusedError(
                400, "ERROR_CORE", "TASKS_ERROR_EXCEPTION_#8; Action failed; not found or not accessible"
            ) from None
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            raise RefusedError(400, "100", f"Could not find value for parameter {{{error}}}") from error

    # --- the portal -----------------------------------------------------------------------------

    def _method_get(self, params: Mapping[str, Any], webhook: Webhook) -> Result:
        name = str(params["name"])
        exists = name in self._all or (name == "tasks.task.chat.message.send" and self._world.chats)
        scope = next((scope for start, scope in SCOPES.items() if name.startswith(start)), "")
        return Result({"isExisting": exists, "isAvailable": exists and (not scope or scope in webhook.scopes)})

    def _user_get(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        rows, paging = page(USERS, params.get("start"))
        return Result([user_row(one) for one in rows], paging)

    def _group_get(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        rows = [number for number in GROUPS if number]
        found = chosen(rows, params.get("FILTER"), lambda number, _key: number, lambda key: key == "ID")
        numbers, paging = page(found, params.get("start"))
        return Result([{"ID": str(number), "NAME": GROUPS[number], "CLOSED": "N"} for number in numbers], paging)

    def _status_list(self, _params: Mapping[str, Any], _webhook: Webhook) -> Result:
        rows = [
            {"ID": str(100 + number), "ENTITY_ID": entity, "STATUS_ID": status, "NAME": name, "SEMANTICS": semantics}
            for number, (entity, status, name, semantics) in enumerate(STAGES)
        ]
        return Result(rows, {"total": len(rows)})

    # --- tasks ----------------------------------------------------------------------------------

    def _task_list(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        self._world.churn()
        own = self._world.own_fields
        rows = [task for task in self._world.tasks.values() if not task.deleted]
        found = chosen(rows, params.get("filter"), task_value, lambda key: key in TASK_KEYS or key in own)
        order = params.get("order") or {"ID": "desc"}
        for key, direction in reversed(list(order.items())):
            if key in TASK_KEYS:
                missing = [task for task in found if task_value(task, key) is None]
                known = [task for task in found if task_value(task, key) is not None]
                known.sort(key=lambda task: task_value(task, key), reverse=str(direction).lower() == "desc")
                found = [*known, *missing]
        tasks, paging = page(found, params.get("start"))
        return Result({"tasks": [task_row(task, params.get("select")) for task in tasks]}, paging)

    def _task_get(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        task = self._world.task(params["taskId"])
        row = task_row(task, params.get("select")) or {}
        if "CHAT_ID" in (params.get("select") or ()) and self._world.chats:
            row["chatId"] = task.chat
        return Result({"task": row})

    def _task_fields(self, _params: Mapping[str, Any], _webhook: Webhook) -> Result:
        usual = {"ID": "integer", "TITLE": "string", "STATUS": "enum", "XML_ID": "string", "UF_CRM_TASK": "crm"}
        fields = usual | dict.fromkeys(self._world.own_fields, "string")
        return Result({"fields": {name: {"title": name, "type": kind} for name, kind in fields.items()}})

    def _task_add(self, params: Mapping[str, Any], webhook: Webhook) -> Result:
        fields = params["fields"]
        task = self.new_task(
            title=fields.get("TITLE"),
            responsible=fields.get("RESPONSIBLE_ID"),
            creator=int(fields.get("CREATED_BY") or webhook.user),
            description=fields.get("DESCRIPTION", ""),
            priority=int(fields.get("PRIORITY", 1)),
            group=int(fields.get("GROUP_ID", 0)),
            crm=list(fields.get("UF_CRM_TASK") or ()),
            xml_id=fields.get("XML_ID"),
            own={name: value for name, value in fields.items() if name in self._world.own_fields},
        )
        return Result({"task": task_row(task, None)})

    def new_task(
        self, *, title: Any, responsible: Any, creator: int, description: str, priority: int, group: int,
        crm: list[str], xml_id: Any, own: dict[str, Any],
    ) -> Task:  # fmt: skip
        """Make a task and note it as a write.

        Raises:
            RefusedError: no title, nobody responsible, or no such group.
        """
        if not title or not person(int(responsible or 0)):
            raise RefusedError(400, "100", "Не указано название или исполнитель задачи")
        require_group(group)
        task = self._world.add_task(
            title=title, wire=description, plain=description, creator=creator, responsible=int(responsible),
            status=2, priority=priority, group=group, crm=crm, xml_id=xml_id, own_fields=own, bbcode=True, closed=None,
        )  # fmt: skip
        self._traffic.wrote("task.add", id=task.id, xml_id=xml_id, title=title)
        return task

    def _task_update(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        task, fields = self._world.task(params["taskId"]), params["fields"]
        if "TITLE" in fields:
            task.title = str(fields["TITLE"])
        if "PRIORITY" in fields:
            task.priority = int(fields["PRIORITY"])
        if "GROUP_ID" in fields:
            require_group(int(fields["GROUP_ID"]))
            task.group = int(fields["GROUP_ID"])
        if "RESPONSIBLE_ID" in fields:
            task.responsible = int(fields["RESPONSIBLE_ID"])
        self._world.touch(task, self._world.now())
        self._traffic.wrote("task.update", id=task.id, fields=dict(fields))
        return Result({"task": task_row(task, None)})

    def _mover(self, move: str) -> Callable[[Mapping[str, Any], Webhook], Result]:
        def moved(params: Mapping[str, Any], _webhook: Webhook) -> Result:
            task = self._world.task(params["taskId"])
            wanted = MOVES[move]
            if task.status == wanted or (task.status == 5 and move != "renew"):
                raise RefusedError(400, "ERROR_CORE", "Действие над задачей не разрешено")
            task.status = wanted
            task.closed = self._world.now().replace(microsecond=0) if wanted == 5 else None
            self._world.touch(task, self._world.now())
            self._traffic.wrote(f"task.{move}", id=task.id)
            return Result({"task": task_row(task, None)})

        return moved

    # --- what is said ---------------------------------------------------------------------------

    def _comment_add(self, params: Mapping[str, Any], webhook: Webhook) -> Result:
        if [*params][:2] != ["TASKID", "FIELDS"]:
            raise RefusedError(400, "ERROR_CORE", "Param #0 (taskId) for method ctaskcommentitem::add() must be first")
        task, fields = self._world.task(params["TASKID"]), params["FIELDS"]
        comment = self.say(task, str(fields["POST_MESSAGE"]), int(fields.get("AUTHOR_ID") or webhook.user))
        # On newer portals the number is one of another count than that of the chat's messages.
        return Result(comment.id if not self._world.chats else comment.id // 7)

    def say(self, task: Task, words: str, author: int) -> Comment:
        """Put a comment under *task* and note it as a write."""
        comment = self._world.mint.comment(author, self._world.now(), words)
        task.comments.append(comment)
        self._traffic.wrote("comment.add", id=task.id, text=words)
        return comment

    def _comment_list(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        if self._world.chats:
            raise RefusedError(400, "ERROR_CORE", "Method is deprecated: comments of tasks are messages of their chats")
        task = self._world.task(params["TASKID"])
        return Result([classic_row(comment) for comment in task.comments if comment.author and not comment.deleted])

    def _messages(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        limit = int(params.get("LIMIT", 20))
        if limit > MOST_MESSAGES:
            raise RefusedError(400, "LIMIT_ERROR", "LIMIT is at most 50")
        chat = int(re.sub(r"^chat", "", str(params["DIALOG_ID"])))
        task = next((task for task in self._world.tasks.values() if task.chat == chat and not task.deleted), None)
        if task is None:
            raise RefusedError(403, "ACCESS_ERROR", "You do not have access to the specified dialog")
        newest_first = sorted(task.comments, key=lambda comment: comment.id, reverse=True)
        if "LAST_ID" in params:
            newest_first = [comment for comment in newest_first if comment.id < int(params["LAST_ID"])]
        if "FIRST_ID" in params:
            later = [comment for comment in newest_first if comment.id > int(params["FIRST_ID"])]
            newest_first = later[-limit:]
        shown = newest_first[:limit]
        people = {comment.author for comment in shown if comment.author}
        return Result(
            {
                "chat_id": chat,
                "messages": [message_row(comment, chat) for comment in shown],
                "users": [{"id": number, "name": person(number).get("name", "")} for number in sorted(people)],
                "files": [file_row(comment.file) for comment in shown if comment.file],
            }
        )

    def _timeline_list(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        where, number = str(params["filter"]["ENTITY_TYPE"]), int(params["filter"]["ENTITY_ID"])
        item = self._item(ENTITIES[where], number)
        newest = str((params.get("order") or {}).get("ID", "")).lower() == "desc"
        comments, paging = page(sorted(item.comments, key=lambda one: one.id, reverse=newest), params.get("start"))
        return Result([timeline_row(comment, where, number) for comment in comments], paging)

    def _timeline_add(self, params: Mapping[str, Any], webhook: Webhook) -> Result:
        fields = params["fields"]
        item = self._item(ENTITIES[str(fields["ENTITY_TYPE"])], int(fields["ENTITY_ID"]))
        comment = self._world.mint.comment(webhook.user, self._world.now(), str(fields["COMMENT"]))
        item.comments.append(comment)
        self._traffic.wrote("timeline.add", entity=item.entity, id=item.id, text=comment.wire)
        return Result(comment.id)

    # --- cards ----------------------------------------------------------------------------------

    def _item(self, entity: int, number: int) -> Item:
        item = self._world.cards.get((entity, number))
        if item is None or item.deleted:
            raise LookupError(number)
        return item

    def _item_list(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        entity = int(params["entityTypeId"])
        rows = [item for (kind, _), item in self._world.cards.items() if kind == entity and not item.deleted]
        known = {key for item in rows for key in item_row(item)}
        found = chosen(rows, params.get("filter"), item_value, lambda key: key in known)
        down = str((params.get("order") or {}).get("id", "")).lower() == "desc"
        found.sort(key=lambda item: item.id, reverse=down)
        items, paging = page(found, params.get("start"))
        return Result({"items": [item_row(item, params.get("select")) for item in items]}, paging)

    def _item_get(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        return Result({"item": item_row(self._item(int(params["entityTypeId"]), int(params["id"])))})

    def _item_update(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        item = self._item(int(params["entityTypeId"]), int(params["id"]))
        item.fields |= dict(params["fields"])
        item.updated = self._world.now().replace(microsecond=0)
        self._traffic.wrote("item.update", entity=item.entity, id=item.id, fields=dict(params["fields"]))
        return Result({"item": item_row(item)})

    def _item_add(self, params: Mapping[str, Any], webhook: Webhook) -> Result:
        entity, now = int(params["entityTypeId"]), self._world.now().replace(microsecond=0)
        fields = {"createdBy": webhook.user, "comments": "", "stageId": "NEW", **params["fields"]}
        fields["contactId"] = next(iter(fields.get("contactIds") or ()), fields.get("contactId", 0))
        item = self._world.add_item(
            Item(entity, self._world.next_item(entity), now, now, fields, str(fields["comments"]))
        )
        self._traffic.wrote("item.add", entity=entity, id=item.id)
        return Result({"item": item_row(item)})

    def _duplicates(self, params: Mapping[str, Any], _webhook: Webhook) -> Result:
        values = params["values"]
        if len(values) > MOST_VALUES:
            raise RefusedError(400, "", "Too many values: at most 20")
        found: dict[str, list[int]] = {}
        for name, entity in (("LEAD", LEAD), ("CONTACT", CONTACT), ("COMPANY", COMPANY)):
            numbers = [
                number
                for (kind, number), item in sorted(self._world.cards.items())
                if kind == entity and _has(item, str(params["type"]), values)
            ]
            if numbers:
                found[name] = numbers
        return Result(found)


def _has(item: Item, kind: str, values: list[str]) -> bool:
    mine = {_bare(str(one["value"])) for one in item.fields.get("fm", ()) if one["typeId"] == kind}
    return bool(mine & {_bare(value) for value in values})


def _bare(value: str) -> str:
    return value.lower() if "@" in value else re.sub(r"\D", "", value)
