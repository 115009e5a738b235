"""Lists of Bitrix24, walked by id (section 4): neither changes nor deletions during a walk make it skip a row.

The cursor is where a walk stands: since when changes are asked for, the last id seen, and when the walk began. A walk
that is done moves the first of them to shortly before its own beginning; what changed meanwhile, the next one brings.

After the list come our own cases, by id, whether they changed or not: a comment moves no date. They are read wherever
the setting ``read`` looks.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.sdk import Page, Read, Request, Response, SourceError
from hub_crm import assumed
from hub_crm.products.bitrix24 import comments
from hub_crm.products.bitrix24.calls import PAGE_SIZE, call, result, unreadable
from hub_crm.values import mapping, number, text_id

TASK_FIELDS = (
    "ID", "TITLE", "DESCRIPTION", "STATUS", "PRIORITY", "DEADLINE", "CREATED_DATE", "CHANGED_DATE", "CLOSED_DATE",
    "CREATED_BY", "RESPONSIBLE_ID", "GROUP_ID", "TAGS", "UF_CRM_TASK", "UF_TASK_WEBDAV_FILES", "XML_ID",
)  # fmt: skip
ITEM_FIELDS = (
    "id", "title", "comments", "stageId", "stageSemanticId", "categoryId", "opportunity", "currencyId", "contactId",
    "companyId", "assignedById", "createdBy", "createdTime", "updatedTime", "sourceId", "originatorId", "originId",
)  # fmt: skip
CASE_FIELDS = ("id", "title")
COMPLETED = 5
MOST_CASES = 500
"""How many of our own cases a poll reads, the newest; the sweep ``comments`` reads them all."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: what it is called, and how its list is asked for and answers."""

    name: str
    stream: str
    title: str
    method: str
    entity: int | None
    rows: str
    id_key: str
    created_key: str
    changed_key: str
    open_only: Mapping[str, Any]


KINDS: Mapping[str, Kind] = {
    "tasks": Kind(
        "task", "tasks", "Tasks", "tasks.task.list", None, "tasks", "ID", "CREATED_DATE", "CHANGED_DATE",
        {"!REAL_STATUS": COMPLETED},
    ),
    "leads": Kind("lead", "leads", "Leads", "crm.item.list", 1, "items", "id", "createdTime", "updatedTime", {}),
    "deals": Kind("deal", "deals", "Deals", "crm.item.list", 2, "items", "id", "createdTime", "updatedTime", {}),
}  # fmt: skip
"""By the word in the setting ``read``, which names the stream as well."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One read of one list.

    Args:
        kind: what is listed.
        read: the read.
        marker_field: the task's own field for markers, where there is one.
        in_chats: whether comments of tasks are messages of chats.
        listed: whether all records of the kind are read; else only our own cases.
    """

    kind: Kind
    read: Read
    marker_field: str | None
    in_chats: bool
    listed: bool

    def first(self) -> Request | None:
        """Return the first request, or the one that goes on from the cursor; None where there is nothing to read."""
        if not self.listed or (self.read.name == "comments" and not self.kind.open_only):
            return self._own_cases(0)
        cursor = self.read.cursor
        if cursor is None:
            return self._request(self._since(), 0, _stamp(self.read.now))
        return self._request(cursor["changed"], cursor["id"], cursor["began"] or _stamp(self.read.now))

    def _since(self) -> str:
        return _stamp(self.read.since) if self.read.since else ""

    def _request(self, since: str, after: int, began: str) -> Request:
        query = self._query({**self._filter(since), f">{self.kind.id_key}": after})
        return call(self.kind.method, query, what="list", since=since, after=after, began=began)

    def total(self) -> Request | None:
        """Return what asks how many there are in the window of a backfill; None where all records are not read.

        Counting is slow (section 4), but it is one request.
        """
        if not self.listed:
            return None
        query = {**self._query(self._filter(self._since())), "select": [self.kind.id_key], "start": 0}
        return call(self.kind.method, query, what="total")

    def _query(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        kind = self.kind
        query: dict[str, Any] = {
            "filter": wanted,
            "order": {kind.id_key: "asc" if kind.entity is None else "ASC"},
            "select": list(self._fields()),
            "start": -1,
        }
        return {**query, "entityTypeId": kind.entity} if kind.entity else query

    def _own_cases(self, start: int) -> Request | None:
        """Return the request for our own cases from the one at *start* on; None: there are no more."""
        ids = self._own()[start : start + PAGE_SIZE]
        query = self._query({assumed.BITRIX24_BY_IDS[self.kind.entity is not None]: ids})
        return call(self.kind.method, query, what="cases", start=start, ids=ids) if ids else None

    def _own(self) -> list[int]:
        read = self.read
        if read.mode == "backfill" or read.name == "deleted":
            return []
        named = (case.partition("/") for case in read.cases)
        ids = [found for kind, _, case in named if kind == self.kind.name and (found := number(case))]
        return ids if read.mode == "sweep" else ids[-MOST_CASES:]

    def _filter(self, since: str) -> dict[str, Any]:
        kind, read = self.kind, self.read
        if read.mode == "sweep" and read.name == "comments":
            return dict(kind.open_only)
        by = kind.created_key if read.mode in ("sweep", "backfill") else kind.changed_key
        bounds = {f">={by}": since} if since else {}
        if read.mode == "backfill" and read.until:
            bounds[f"<{by}"] = _stamp(read.until)
        return bounds

    def _fields(self) -> Sequence[str]:
        if self.read.name == "deleted":
            return (self.kind.id_key,)
        if self.kind.entity:
            return ITEM_FIELDS
        return (*TASK_FIELDS, self.marker_field) if self.marker_field else TASK_FIELDS

    def parse(self, response: Response) -> Page:
        """Return the page, with the requests for what was said about its cases.

        Raises:
            SourceError: it is no such list; or its ids do not go on, so that the walk would never end.
        """
        found = result(response)
        if not isinstance(found, list) and (not isinstance(found, Mapping) or self.kind.rows not in found):
            raise unreadable(response, f"a list of {self.kind.stream}")
        records = list(assumed.rows(mapping(found).get(self.kind.rows)))
        context = response.request.context
        if context["what"] == "cases":
            own = [row for row in records if number(mapping(row).get("id")) in context["ids"]]
            following = self._own_cases(context["start"] + PAGE_SIZE)
            return Page(records=own, details=self._details(own), next_request=following)
        last = max((at for row in records if (at := number(mapping(row).get("id")))), default=0)
        details = self._details(records)
        if len(records) < PAGE_SIZE:
            return Page(records=records, details=details, cursor=self._done(context), next_request=self._own_cases(0))
        if last <= context["after"]:
            raise SourceError(
                f"{response.request.path}: a full page after id {context['after']} ends at id {last};"
                " the filter is not obeyed, look for a proxy in between"
            )
        cursor = {"changed": context["since"], "id": last, "began": context["began"]}
        onward = self._request(context["since"], last, context["began"])
        return Page(records=records, details=details, next_request=onward, cursor=cursor)

    def _done(self, context: Mapping[str, Any]) -> dict[str, Any]:
        began = datetime.fromisoformat(context["began"]) - assumed.BITRIX24_OVERLAP
        if self.read.mode == "backfill":  # its window is read; what changes from now on is for the polls
            return {"changed": context["since"], "id": 2**62, "began": context["began"]}
        return {"changed": max(_stamp(began), context["since"]), "id": 0, "began": ""}

    def _details(self, records: Sequence[Any]) -> Sequence[Request]:
        if self.read.name == "deleted":
            return ()
        keep: Callable[[Mapping[str, Any]], dict[str, Any]] = lambda row: {key: row.get(key) for key in CASE_FIELDS}  # noqa: E731
        cases = [{**keep(row), "id": text_id(row.get("id"))} for row in map(mapping, records) if number(row.get("id"))]
        if self.kind.entity:
            return comments.of_items(cases, self.kind.name)
        return comments.of_tasks(cases, in_chats=self.in_chats)


def _stamp(at: datetime) -> str:
    return assumed.bitrix24_moment(at.astimezone(UTC))
