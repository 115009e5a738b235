"""Lists of amoCRM, read by time of change (section 12).

A full page leads on from its last second, not to "page 2": a row that changes while a list is read moves to its end,
and with page numbers another would slip through. The rows of that second come again and are passed over. Where the
order is not obeyed, the walk goes by id, page by page, and its cursor moves only when it is done.

After the list of tasks come our own, by id, and the notes of the cards they hang on, changed or not: a note moves no
task's time of change. Their records are wrapped, so that they move no cursor.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

from hub.sdk import Page, Read, Request, Response
from hub_crm import assumed
from hub_crm.products.amocrm import card_notes
from hub_crm.products.amocrm.calls import MAX_LIMIT, embedded, get, has_next
from hub_crm.values import mapping, text_id, unix

BY_CHANGE, BY_ID = "change", "id"
MOST_CASES = 250
"""How many of our own cases a poll reads, the newest; each may cost a request for the notes of its card."""
CHUNK = 100  # ids that a URL has room for


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of record: its name here, its path and the name of its list."""

    name: str
    path: str
    rows: str
    params: Mapping[str, Any]


KINDS: Mapping[str, Kind] = {
    "tasks": Kind("task", "tasks", "tasks", {}),
    "leads": Kind("lead", "leads", "leads", {"with": "contacts"}),
    "notes": Kind("note", assumed.amocrm_notes_path("leads"), "notes", {}),
}
"""By stream."""


@dataclass(frozen=True, slots=True)
class Walk:
    """One read of one list.

    Args:
        kind: what is listed.
        read: the read.
        limit: rows a page.
        by_change: whether the source orders them by time of change.
        listed: whether all records of the kind are read; else only our own cases.
    """

    kind: Kind
    read: Read
    limit: int
    by_change: bool
    listed: bool

    def first(self) -> Request | None:
        """Return the first request, or the one that goes on from the cursor; None where there is nothing to read."""
        if not self.listed:
            return self._own_cases(0)
        return self._request(BY_CHANGE if self.by_change else BY_ID, self._start(), 1, ())

    def _start(self) -> int:
        read = self.read
        if read.cursor is not None:
            return max(int(read.cursor["updated"]) - int(assumed.AMOCRM_OVERLAP.total_seconds()), 0)
        return _seconds(read.since) if read.since else 0

    def _request(self, order: str, since: int, page: int, seen: Sequence[int]) -> Request:
        params = {
            **self.kind.params,
            "limit": self.limit,
            "page": page,
            **({"filter[updated_at][from]": since} if since else {}),
            **(assumed.AMOCRM_ORDER if order == BY_CHANGE else assumed.AMOCRM_PLAIN_ORDER),
        }
        request = get(self.kind.path, params, what="list", order=order, since=since, page=page, seen=list(seen))
        at = unix(since)
        headers = {"If-Modified-Since": format_datetime(at, usegmt=True)} if at else {}
        return Request("GET", request.path, params=request.params, headers=headers, context=request.context)

    def parse(self, response: Response) -> Page:
        """Return the page.

        Raises:
            SourceError: it is no such list.
        """
        context = response.request.context
        if context["what"] == "card":
            return card_notes.read(response)
        rows = embedded(response, self.kind.rows)
        if context["what"] == "cases":
            own = [{"own": row} for row in rows]
            return Page(
                records=own, details=card_notes.of(rows), next_request=self._own_cases(context["start"] + CHUNK)
            )
        if context["order"] == BY_ID:
            return self._plain_page(response, rows, context)
        times = [at for row in rows if (at := _changed(row))]
        if any(later < earlier for earlier, later in pairwise(times)):
            return Page(restart=self._request(BY_ID, self._start(), 1, ()))
        seen = set(context["seen"])
        records = [row for row in rows if not (isinstance(row, Mapping) and row.get("id") in seen)]
        return Page(records=records, next_request=self._following(response, rows, times, context))

    def _following(
        self, response: Response, rows: Sequence[Any], times: Sequence[int], context: Mapping[str, Any]
    ) -> Request | None:
        if not has_next(response):
            return self._own_cases(0)
        last = max(times, default=0)
        if last <= context["since"]:  # more rows of one second than a page holds
            known = [*context["seen"], *(row.get("id") for row in map(mapping, rows))]
            return self._request(BY_CHANGE, context["since"], context["page"] + 1, known)
        of_last = [row["id"] for row in map(mapping, rows) if _changed(row) == last and type(row.get("id")) is int]
        return self._request(BY_CHANGE, last, 1, of_last)

    def _plain_page(self, response: Response, rows: Sequence[Any], context: Mapping[str, Any]) -> Page:
        if has_next(response):
            following = self._request(BY_ID, context["since"], context["page"] + 1, ())
            return Page(records=rows, next_request=following, cursor=self.read.cursor or {"updated": context["since"]})
        moved = {"updated": max(_seconds(self.read.now), context["since"])}
        return Page(records=rows, cursor=moved, next_request=self._own_cases(0))

    def _own_cases(self, start: int) -> Request | None:
        """Return the request for our own cases from the one at *start* on; None: there are no more."""
        read = self.read
        if read.mode != "poll":
            return None
        named = (case.partition("/") for case in read.cases)
        ids = [case for kind, _, case in named if kind == self.kind.name and case.isdigit()][-MOST_CASES:]
        some = ids[start : start + CHUNK]
        query = {assumed.AMOCRM_BY_IDS: some, "limit": MAX_LIMIT, **assumed.AMOCRM_PLAIN_ORDER}
        return get(self.kind.path, query, what="cases", start=start) if some else None


def within(created: datetime, read: Read) -> bool:
    """Whether a record made at *created* belongs to a backfill: the source filters by change alone."""
    return (read.since is None or created >= read.since) and (read.until is None or created < read.until)


def changed(record: Any) -> int | None:
    """Return when a record changed, seconds since 1970; None where it cannot be read."""
    return _changed(record) or None


def _changed(record: Any) -> int:
    at = mapping(record).get("updated_at")
    return at if type(at) is int and unix(at) and text_id(mapping(record).get("id")) else 0


def _seconds(at: datetime) -> int:
    return int(at.timestamp())
