"""What the control API can do to a portal: employees and administrators at work, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .budget import BUDGET_S
from .model import CODE, Task

if TYPE_CHECKING:
    from .world import Bitrix24World


class Changes:
    """Actions on one world."""

    def __init__(self, world: Bitrix24World) -> None:
        """Change *world*."""
        self._world = world

    def do(self, action: str, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Do what the control API asks.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such task.
        """
        of_task: dict[str, Callable[[Task, datetime, Mapping[str, Any]], object]] = {
            "work": lambda task, at, _: self._world.work(task, at),
            "finish": lambda task, at, _: self._world.finish(task, at),
            "comment": self._commented,
            "assign": self._assigned,
            "edit": self._edited,
            "delete": lambda task, at, _: self._world.delete(task, at),
        }
        others: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "add": self._added,
            "portal": self._portal,
            "spend": self._spent,
            "revoke_key": self._key_revoked,
            "restore_key": self._key_restored,
            "expire_tokens": self._tokens_expired,
        }
        if action in others:
            return others[action](what)
        if action not in of_task:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join([*of_task, *others])}")
        task = self._world.task(what.get("id"))
        of_task[action](task, now, what)
        return {"stream": "tasks", "source_id": str(task.id)}

    def _commented(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        comment = self._world.talk(task, at)
        if "text" in what:
            comment.wire = comment.plain = str(what["text"])
        if "author" in what:
            comment.author = int(what["author"])

    def _assigned(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        task.responsible = int(what.get("responsible", task.responsible))
        task.group = int(what.get("group", task.group))
        self._world.touch(task, at)

    def _edited(self, task: Task, at: datetime, what: Mapping[str, Any]) -> None:
        task.title = str(what.get("title", task.title))
        if "text" in what:
            task.wire = task.plain = str(what["text"])
        self._world.touch(task, at)

    def _added(self, what: Mapping[str, Any]) -> dict[str, Any]:
        text = str(what.get("text", "Новая задача"))
        task = self._world.add_task(title=str(what.get("title", "Задача")), wire=text, plain=text, bbcode=True)
        return {"stream": "tasks", "source_id": str(task.id)}

    def _portal(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Switch what the portal is: `chats` (comments in chats), `rest` (its plan has REST), `overloaded`, and the
        tasks' `own_field`."""
        world = self._world
        world.chats = bool(what.get("chats", world.chats))
        world.rest = bool(what.get("rest", world.rest))
        world.overloaded = bool(what.get("overloaded", world.overloaded))
        if "own_field" in what:
            world.own_fields.add(str(what["own_field"]))
        return {"chats": world.chats, "rest": world.rest, "overloaded": world.overloaded}

    def _spent(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """A method's run time is used up."""
        method, code = str(what["method"]), str(what.get("key") or CODE)
        self._world.budget.spend(code, method, BUDGET_S)
        return {"operating": self._world.budget.operating(code, method)}

    def _key_revoked(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.add(str(what.get("key") or CODE))
        return {"revoked": len(self._world.revoked)}

    def _key_restored(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.discard(str(what.get("key") or CODE))
        return {"revoked": len(self._world.revoked)}

    def _tokens_expired(self, _what: Mapping[str, Any]) -> dict[str, Any]:
        count = len(self._world.tokens)
        self._world.tokens.clear()
        return {"expired": count}
