"""Requests and pages of reading the hub's own tickets back. Pure.

Vendor sheet, section 11, and what Debian's RT 5.0.3 was seen to do:

* TicketSQL reads a time in the time zone of the account, or of the site where the account has none; a zone in the
  literal (``UTC``, ``+0000``, ``Z``) does not count and seconds since 1970 are not taken. The API tells neither zone.
  So the bound of a search is moved back by the widest zone and rows come newest first: reading stops at the first that
  is too old.
* A search shows a merged ticket only if the query names ``EffectiveId``, and a deleted one never; ``GET /ticket/{id}``
  gives a deleted one with its status, and for a merged one the ticket that it became part of.
* ``total``, ``pages`` and ``next_page`` are lacking in lists of transactions and attachments, and on a site that does
  not check rights in SQL. What the account may not see is taken out after a page was cut: only an empty one is last.
  A page past the end is empty in RT 5 and the last one again in RT 6, which the answer's own ``page`` tells.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hub.sdk import Page, Request, Response
from hub_rt import assumed
from hub_rt.config import RtConfig
from hub_rt.deliver import API
from hub_rt.tickets import DELETED
from hub_rt.values import instant, mapping, ref, rows, text

ROWS = 25
"""Tickets a page of a poll: few change between two of them, and each row costs RT several queries."""

AT_ONCE = 100
"""Rows a page of anything else, and cases a query names: RT gives no more."""

_FIELDS = "Subject,Status,Priority,Queue,Owner,Requestor,EffectiveId,Created,LastUpdated,Resolved,CustomFields"
_SAID_FIELDS = "Type,Creator,Created,ObjectId,Data"
_TEXT_FIELDS = "Content,ContentType,Filename,TransactionId"
_TEXTS = "text/"


class Changes:
    """What changed in ``[since, until)``, newest first.

    Args:
        config: the settings.
        since: the bound.
        until: None: no bound.
        size: rows a page.
    """

    def __init__(self, config: RtConfig, since: datetime, until: datetime | None, size: int) -> None:
        self._config, self._since, self._until, self._size = config, since, until, size

    def request(self, page: int = 1, newest: str = "") -> Request:
        """Return the request of one page; *newest*: the latest change that the pages before it had."""
        bound = self._since - assumed.ZONES
        clauses = [f"'CF.{{{self._config.fields.id}}}' LIKE 'hub-'", f"LastUpdated > '{bound:%Y-%m-%d %H:%M:%S}'"]
        order = {"orderby": "LastUpdated", "order": "DESC"}
        return _tickets(" AND ".join(clauses), self._size, page, **order).with_context(newest=newest)

    def page(self, response: Response) -> Page:
        """Return the rows of the window with the request for those after them, and what was said in their tickets.

        The cursor moves with the last page: what comes first is the newest.
        """
        found = tickets_of(response)
        ages = [instant(row.get("LastUpdated")) for row in found]
        new = [row for row, at in zip(found, ages, strict=True) if at is None or self._holds(at)]
        newest = response.request.context["newest"]
        newest = max([newest, *(stamp(at) for at in ages if at is not None)])
        older = any(at is not None and at < self._since for at in ages)
        after = None if older or is_last(response) else self.request(response.request.params["page"] + 1, newest)
        begun = stamp(self._since + assumed.COMMIT)  # from there a poll reads this window again
        reached = begun if after else max(newest, begun)
        return Page(records=new, next_request=after, cursor={"updated": reached}, details=said_in(new))

    def _holds(self, at: datetime) -> bool:
        return at >= self._since and (self._until is None or at < self._until)


class Cases:
    """The cases that have to be followed, by id: also those that a search by change does not show.

    Args:
        ids: of all of them.
        since: only of those that changed since is read what was said in them.
    """

    def __init__(self, ids: Sequence[str], since: datetime) -> None:
        self._ids = [one for one in ids if one.isdigit()]
        self._since = since

    def request(self, at: int = 0) -> Request | None:
        """Return the request for the cases from the place *at* on; None where there are none."""
        some = self._ids[at : at + AT_ONCE]
        if not some:
            return None
        return _tickets(f"({' OR '.join(f'id = {one}' for one in some)})", AT_ONCE, 1).with_context(at=at)

    def page(self, response: Response) -> Page:
        """Return the tickets that came; those that did not are asked for one by one."""
        found = tickets_of(response)
        at = response.request.context["at"]
        there = {ref(row.get("id")) for row in found}
        lost = [one for one in self._ids[at : at + AT_ONCE] if one not in there]
        alone = [Request("GET", f"{API}/ticket/{one}", context={"alone": one}, redirects=False) for one in lost]
        fresh = [row for row in found if (instant(row.get("LastUpdated")) or self._since) >= self._since]
        return Page(records=found, next_request=self.request(at + AT_ONCE), details=[*said_in(fresh), *alone])


def alone(response: Response) -> Page:
    """Return what one ticket says that no search shows: it was deleted, is gone, or became part of another one.

    One that the account may not see (any more) says nothing, which a person should know.
    """
    ident = response.request.context["alone"]
    if response.status == 403:
        told = f"ticket {ident} can no longer be seen: it was moved to a queue where the account lacks ShowTicket"
        return Page(warnings=[f"{told}; give the right, or finish the ticket by hand"])
    if response.status == 404:
        return Page(records=[{"id": ident, "gone": True}])
    row = mapping(response.json())
    other = ref(row.get("id"))
    if other and other != ident:
        return Page(records=[{"id": ident, "merged": other}])
    return Page(records=[{"id": ident, "gone": True}] if text(row.get("Status")) == DELETED else [])


# --- what was said ----------------------------------------------------------------------------------------------------


def said_in(found: Sequence[Mapping[str, Any]]) -> list[Request]:
    """Return the request for what was said in the tickets *found*: their history, then its texts, page by page."""
    people = {ref(row.get("id")): [ref(one) for one in row.get("Requestor") or ()] for row in found}
    people = {ident: requestors for ident, requestors in people.items() if ident}
    return [_said(people)] if people else []


def said(response: Response) -> Page:
    """Return the texts' request for a page of history; nothing where it is empty."""
    found = rows(mapping(response.json()).get("items"))
    if not found or _is_another(response):
        return Page()
    context, page = response.request.context, response.request.params["page"]
    return Page(next_request=_texts(context["people"], {ref(row.get("id")): row for row in found}, page, {}, 1))


def texts(response: Response) -> Page:
    """Return what was said, once all of its texts came, and the request for the history after it."""
    context, found = response.request.context, rows(mapping(response.json()).get("items"))
    people, history, bodies = context["people"], context["history"], _best(context["bodies"], found)
    if len(found) == AT_ONCE:
        following = response.request.params["page"] + 1
        return Page(next_request=_texts(people, context["said"], history, bodies, following))
    records = [
        {"transaction": row, "requestors": people.get(ref(row.get("ObjectId")), []), **bodies.get(ident, {})}
        for ident, row in context["said"].items()
    ]
    return Page(records=records, next_request=_said(people, history + 1))


def _said(people: Mapping[str, Sequence[str]], page: int = 1) -> Request:
    """Return the request for the comments and the correspondence of the tickets that *people* names, each with its
    requestors."""
    mine = " OR ".join(f"ObjectId = {ident}" for ident in people)
    query = f"ObjectType = 'RT::Ticket' AND ({mine}) AND (Type = 'Correspond' OR Type = 'Comment')"
    params = {"query": query, "orderby": "id", "page": page, "per_page": AT_ONCE, "fields": _SAID_FIELDS}
    params["fields[Creator]"] = "Name,RealName"
    return Request("GET", f"{API}/transactions", params=params, context={"people": people}, redirects=False)


def _texts(
    people: Mapping[str, Sequence[str]],
    told: Mapping[str, Mapping[str, Any]],
    history: int,
    bodies: Mapping[str, Mapping[str, Any]],
    page: int,
) -> Request:
    """Return the request for the texts of the transactions *told*; no pictures, which may be long."""
    wanted = [{"field": "TransactionId", "value": ident} for ident in told]
    wanted.append({"field": "ContentType", "operator": "STARTSWITH", "value": _TEXTS})
    params = {"orderby": "id", "page": page, "per_page": AT_ONCE, "fields": _TEXT_FIELDS}
    context = {"people": people, "said": told, "history": history, "bodies": bodies}
    return Request(
        "POST", f"{API}/attachments", params=params, json=wanted, context=context, safe=True, redirects=False
    )


def _best(known: Mapping[str, Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the text of each transaction: the first plain one, else the first of another kind; files are no text."""
    bodies = dict(known)
    for row in found:
        ident, html = ref(row.get("TransactionId")), text(row.get("ContentType")) != "text/plain"
        if text(row.get("Filename")) or (ident in bodies and (html or not bodies[ident]["html"])):
            continue
        bodies[ident] = {"body": text(row.get("Content")), "html": html}
    return bodies


# --- pages ------------------------------------------------------------------------------------------------------------


def tickets_of(response: Response) -> list[Mapping[str, Any]]:
    """Return the rows of a search; none where RT 6 gave its last page again."""
    return [] if _is_another(response) else rows(mapping(response.json()).get("items"))


def is_last(response: Response) -> bool:
    """Return whether no page comes after this one of a search for tickets."""
    body = mapping(response.json())
    if body.get("total") is not None:
        return not body.get("next_page")
    return _is_another(response) or not rows(body.get("items"))


def stamp(at: datetime) -> str:
    """Return a time as text that sorts by time."""
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _is_another(response: Response) -> bool:
    page = mapping(response.json()).get("page")
    return isinstance(page, int) and page < response.request.params["page"]


def _tickets(query: str, size: int, page: int, **order: str) -> Request:
    params = {"query": f"{query} AND EffectiveId > 0", **order, "page": page, "per_page": size, "fields": _FIELDS}
    params |= {"fields[Queue]": "Name", "fields[Owner]": "Name"}
    return Request("GET", f"{API}/tickets", params=params, redirects=False)
