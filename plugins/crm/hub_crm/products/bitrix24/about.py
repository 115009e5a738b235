"""What a webhook or an app may do on a portal: asked first, and again every hour (section 6, ``method.get``)."""

from collections.abc import Mapping, Sequence
from typing import Any

from hub.sdk import AuthError, HubError, Page, Request, Response
from hub_crm.products.bitrix24.calls import batch, read_batch, scope_of
from hub_crm.values import mapping

CHATS = "tasks.task.chat.message.send"
"""Exists where comments are messages of chats, which is also where REST 3.0 is."""

_ALWAYS = (CHATS, "user.get", "crm.duplicate.findbycomm", "crm.item.update", "task.commentitem.add")
_TASKS = ("tasks.task.list", "tasks.task.get", "im.dialog.messages.get", "task.commentitem.getlist", "tasks.task.add")
_ITEMS = ("crm.item.list", "crm.status.list", "crm.timeline.comment.list")


class About:
    """What must be known for reading some kinds of records.

    Args:
        read: the setting ``read``.
    """

    def __init__(self, read: Sequence[str]) -> None:
        items = any(kind != "tasks" for kind in read)
        self._methods = (*_ALWAYS, *_TASKS, *(_ITEMS if items else ()))
        self.reading = (
            *(("tasks.task.list", "tasks.task.get", "batch") if "tasks" in read else ("batch",)),
            *(_ITEMS if items else ()),
        )
        """Methods without which nothing is read."""

    def request(self) -> Request:
        """Return the question, which is also the cheapest proof that the credentials are good."""
        commands = {f"q{n}": ("method.get", {"name": name}) for n, name in enumerate(self._methods)}
        return batch(commands, what="about", names=list(self._methods))

    def parse(self, response: Response) -> Page:
        """Return one record a method: ``{"id", "exists", "available"}``."""
        found = read_batch(response).results
        answers = [mapping(found.get(f"q{n}")) for n in range(len(self._methods))]
        names = response.request.context["names"]
        return Page(
            records=[
                {"id": name, "exists": answer.get("isExisting") is True, "available": answer.get("isAvailable") is True}
                for name, answer in zip(names, answers, strict=False)
            ]
        )

    def missing(self, response: Response) -> HubError | None:
        """Return what a person must grant before anything can be read; None when all is there.

        An answer that cannot be read says nothing here: ``parse`` tells of it.
        """
        try:
            rows = {row["id"]: row for row in self.parse(response).records}
        except HubError:
            return None
        wanted = [name for name in self.reading if name != "batch"]
        if "tasks.task.list" in wanted:
            wanted.append("im.dialog.messages.get" if rows[CHATS]["exists"] else "task.commentitem.getlist")
        absent = [name for name in wanted if not rows[name]["available"]]
        if not absent:
            return None
        scopes = ", ".join(dict.fromkeys(map(scope_of, absent)))
        return AuthError(
            f"the webhook may not call {', '.join(absent)}: tick the scope {scopes} of the webhook"
            " (Developer resources, Inbound webhook), then resume"
        )

    @staticmethod
    def in_chats(reference: Mapping[str, Sequence[Any]]) -> bool:
        """Whether comments of tasks are messages of chats; so where nothing is known, as in the cloud."""
        rows = {row["id"]: row for row in reference.get("about", ())}
        return rows[CHATS]["exists"] if CHATS in rows else True

    @staticmethod
    def may(reference: Mapping[str, Sequence[Any]], method: str) -> bool:
        """Whether *method* may be called, as far as is known."""
        rows = {row["id"]: row for row in reference.get("about", ())}
        return method in rows and rows[method]["available"] is True
