"""Filter, order, pages of 50; and tasks, chats, users and cards as the portal writes them (sheet, sections 4, 6, 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, TypeVar

from .data import GROUPS, USERS
from .model import PORTAL_ZONE, Comment, Item, Task, User

PAGE = 50
T = TypeVar("T")
Value = Callable[[T, str], Any]

_OPERATORS = (">=", "<=", "!@", "=%", "!", ">", "<", "@", "%", "=")


def chosen(rows: Iterable[T], wanted: Any, value: Value[T], known: Callable[[str], bool]) -> list[T]:
    """Return the rows that the filter lets through; keys that are not *known* are ignored without a word."""
    conditions = [(*_operator(key), given) for key, given in (wanted or {}).items()] if wanted else []
    useful = [(operator, key, given) for operator, key, given in conditions if known(key)]
    return [row for row in rows if all(_fits(operator, value(row, key), given) for operator, key, given in useful)]


def _operator(key: str) -> tuple[str, str]:
    operator = next((operator for operator in _OPERATORS if key.startswith(operator)), "")
    return operator or "=", key[len(operator) :]


def _fits(operator: str, value: Any, given: Any) -> bool:
    if operator in ("@", "!@") or isinstance(given, list):
        inside = _comparable(value, value) in {_comparable(one, value) for one in _listed(given)}
        return inside is not operator.startswith("!")
    if isinstance(value, set | frozenset):
        return str(given) in value
    if operator in ("%", "=%"):
        return str(given).strip("%").lower() in str(value or "").lower()
    if value is None:
        return operator == "!" and given not in (None, "")
    left, right = _comparable(value, value), _comparable(given, value)
    match operator:
        case ">=":
            return bool(left >= right)
        case "<=":
            return bool(left <= right)
        case ">":
            return bool(left > right)
        case "<":
            return bool(left < right)
        case "!":
            return bool(left != right)
        case _:
            return bool(left == right)


def _listed(given: Any) -> list[Any]:
    return list(given) if isinstance(given, list | tuple) else [given]


def _comparable(given: Any, like: Any) -> Any:
    """Return *given* as the kind of value that *like* is; a time without an offset is the portal's."""
    if isinstance(like, datetime):
        if isinstance(given, datetime):
            return given
        at = datetime.fromisoformat(str(given))
        return at if at.tzinfo else at.replace(tzinfo=PORTAL_ZONE)
    if isinstance(like, int):
        return int(given) if str(given).lstrip("-").isdigit() else -1
    return str(given)


def page(rows: Sequence[T], start: Any) -> tuple[Sequence[T], dict[str, int]]:
    """Return one page and what the envelope says of it; `-1` counts nothing and names no next page."""
    first = int(start or 0)
    if first == -1:
        return rows[:PAGE], {"total": 0}
    paging = {"total": len(rows)}
    if first + PAGE < len(rows):
        paging["next"] = first + PAGE
    return rows[first : first + PAGE], paging


def local(at: datetime | None, zone: timezone = PORTAL_ZONE) -> str | None:
    """A time with the offset of whoever looks."""
    return at.astimezone(zone).isoformat(timespec="seconds") if at else None


# --- people ---------------------------------------------------------------------------------


def user(number: int) -> User | None:
    """The employee with this id."""
    return next((one for one in USERS if one.id == number), None)


def person(number: int) -> dict[str, Any]:
    """A person beside a task; nothing for one who is no longer there."""
    found = user(number)
    if found is None:
        return {}
    link = f"/company/personal/user/{number}/"
    icon = "/bitrix/images/tasks/default_avatar.png"
    return {"id": str(number), "name": found.full_name, "link": link, "icon": icon, "workPosition": found.position}


def user_row(one: User) -> dict[str, Any]:
    """A row of `user.get`."""
    return {
        "ID": str(one.id),
        "ACTIVE": one.active,
        "NAME": one.name,
        "LAST_NAME": one.last_name,
        "SECOND_NAME": "",
        "EMAIL": f"user{one.id}@example.com",
        "TIMESTAMP_X": {},
        "WORK_POSITION": one.position,
        "UF_DEPARTMENT": [one.department],
        "USER_TYPE": "employee",
    }


# --- tasks ----------------------------------------------------------------------------------

TASK_KEYS = {
    "ID": "id", "TITLE": "title", "STATUS": "status", "REAL_STATUS": "status", "PRIORITY": "priority",
    "GROUP_ID": "group", "CREATED_BY": "creator", "RESPONSIBLE_ID": "responsible", "CREATED_DATE": "created",
    "CHANGED_DATE": "changed", "CLOSED_DATE": "closed", "DEADLINE": "deadline", "TAG": "tag", "UF_CRM_TASK": "crm",
}  # fmt: skip
"""What the list can be filtered by. XML_ID is not among it."""


def task_value(task: Task, key: str) -> Any:
    """The value that a filter or an order looks at."""
    if key == "TAG":
        return frozenset(task.tags.values())
    if key == "UF_CRM_TASK":
        return frozenset(task.crm)
    if key.startswith("UF_"):
        return task.own_fields.get(key)
    return getattr(task, TASK_KEYS[key])


def task_row(task: Task, select: Sequence[str] | None) -> Any:
    """A task; ids, statuses and priorities are text, an empty map is a list, own fields come only when named."""
    if task.broken == "junk":
        return None
    wanted = set(select or ())
    row: dict[str, Any] = {
        "id": None if task.broken == "id" else str(task.id),
        "parentId": "0",
        "title": task.title,
        "description": task.wire,
        "descriptionInBbcode": "Y" if task.bbcode else "N",
        "mark": None,
        "priority": str(task.priority),
        "status": str(task.status),
        "subStatus": "-1" if task.deadline and task.status < 5 else str(task.status),
        "createdBy": str(task.creator),
        "createdDate": "" if task.broken == "createdDate" else local(task.created, task.zone),
        "changedBy": str(task.responsible),
        "changedDate": local(task.changed, task.zone),
        "closedDate": local(task.closed, task.zone),
        "deadline": local(task.deadline, task.zone),
        "responsibleId": str(task.responsible),
        "groupId": str(task.group),
        "group": {"id": str(task.group), "name": GROUPS[task.group], "opened": False} if task.group else {},
        "creator": person(task.creator),
        "responsible": person(task.responsible),
        "accomplices": [],
        "auditors": [],
        "commentsCount": None,
        "xmlId": task.xml_id,
        "tags": {str(number): {"id": number, "title": title} for number, title in task.tags.items()},
        "action": {"accept": False, "complete": True},
    }
    keep = {camel(name) for name in wanted} | {
        "id",
        "creator",
        "responsible",
        "group",
        "subStatus",
        "descriptionInBbcode",
    }
    row = {key: value for key, value in row.items() if not wanted or key in keep}
    if "UF_CRM_TASK" in wanted:
        row["ufCrmTask"] = task.crm or False
    if "UF_TASK_WEBDAV_FILES" in wanted:
        row["ufTaskWebdavFiles"] = []
    for name in wanted & task.own_fields.keys():
        row[camel(name)] = task.own_fields[name]
    return row


def camel(name: str) -> str:
    """`CREATED_DATE` -> `createdDate`."""
    first, *rest = name.lower().split("_")
    return first + "".join(word.capitalize() for word in rest)


# --- what is said ---------------------------------------------------------------------------


def message_row(comment: Comment, chat: int) -> dict[str, Any]:
    """A message of a chat."""
    params: dict[str, Any] = {"FILE_ID": [comment.file["id"]]} if comment.file else {}
    if comment.deleted:
        params["IS_DELETED"] = "Y"
    return {
        "id": comment.id,
        "chat_id": chat,
        "author_id": comment.author,
        "date": local(comment.at),
        "text": comment.wire,
        "unread": False,
        "uuid": None,
        "replaces": [],
        "params": params,
        "disappearing_date": None,
    }


def file_row(file: Mapping[str, Any]) -> dict[str, Any]:
    """A file of a chat; its links carry a key of whoever asks."""
    link = f"https://files.example/disk/{file['id']}?auth%5Bauth%5D=3edf7ca92&action=download"
    return {**file, "urlShow": link, "urlDownload": link}


def classic_row(comment: Comment) -> dict[str, Any]:
    """A comment of an older portal."""
    author = user(comment.author)
    files = {}
    if comment.file:
        number = str(comment.file["id"])
        link = f"/bitrix/tools/disk/uf.php?attachedId={number}&auth%5Bauth%5D=3edf7ca92&action=download&ncc=1"
        files = {number: {"ATTACHMENT_ID": number, "NAME": comment.file["name"], "DOWNLOAD_URL": link}}
    return {
        "POST_MESSAGE_HTML": None,
        "ID": str(comment.id),
        "AUTHOR_ID": str(comment.author),
        "AUTHOR_NAME": author.full_name if author else "",
        "AUTHOR_EMAIL": "",
        "POST_DATE": local(comment.at),
        "POST_MESSAGE": comment.wire,
        "ATTACHED_OBJECTS": files,
    }


def timeline_row(comment: Comment, where: str, number: int) -> dict[str, Any]:
    """A comment of a card's timeline."""
    return {
        "ID": str(comment.id),
        "ENTITY_ID": str(number),
        "ENTITY_TYPE": where,
        "CREATED": local(comment.at),
        "COMMENT": comment.wire,
        "AUTHOR_ID": str(comment.author),
        "FILES": {},
    }


# --- cards ----------------------------------------------------------------------------------


def item_value(item: Item, key: str) -> Any:
    """The value that a filter or an order looks at."""
    return item_row(item).get(key) if key not in ("createdTime", "updatedTime") else _time(item, key)


def _time(item: Item, key: str) -> datetime:
    return item.created if key == "createdTime" else item.updated


def item_row(item: Item, select: Sequence[str] | None = None) -> dict[str, Any]:
    """A card; ids are numbers here."""
    row = {
        "id": item.id,
        "createdTime": local(item.created),
        "updatedTime": local(item.updated),
        "entityTypeId": item.entity,
        **item.fields,
    }
    wanted = set(select or ("*",))
    return row if "*" in wanted else {key: value for key, value in row.items() if key in wanted or key == "id"}
