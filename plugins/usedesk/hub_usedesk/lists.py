"""Walking through what changed, and reading our own tickets by id. Pure; vendor sheet, section 4.

Rows move to the end of the list while it is read, so an offset into it would pass rows over. The walk goes on from the
minute of the last row instead; only within one minute it goes by offset, with one row of overlap, and begins that
minute anew when the overlap is another row than it was.

A poll reaches back behind where the stream stands. Which of our tickets it has read there, and as of when, stands in
the cursor: they are not read one by one again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hub.sdk import Cursor, Page, Read, Request, Response, SourceError, find_marker
from hub_usedesk import assumed, faults
from hub_usedesk.values import mapping, minute, moment, rows, tag_names, text_id

PAGE = 100
"""Rows of a page; it cannot be chosen."""

OVERLAP = timedelta(minutes=2)
SETTLED = timedelta(seconds=10)
FIRST = timedelta(days=1)
"""How far back the first poll looks: what was delivered before is read by id."""

CASE = "case"
"""In a request's context: the ticket that is read by id."""

_NEXT = "next"  # in a request's context: the place of the next of our own tickets that is to be read
_GONE = "gone"  # in a request's context: ids of those before it that are not there any more
_FEW = 5  # so many may be gone at once, if at least as many stay
_SHARE = 10  # beside that one in so many; more would rather be a token of another account
_Key = Sequence[str]
_Warnings = Callable[[Mapping[str, Any]], Sequence[str]]


def first(read: Read) -> Request:
    """Return the first request of a poll: a little before where the stream stands; `start` brings nothing of ours."""
    if read.cursor:
        since = datetime.fromisoformat(read.cursor["updated"]) - OVERLAP
        return changed_since(since, had=read.cursor.get("had", ()))
    return changed_since(read.now - FIRST)


def changed_since(since: datetime, seen: Sequence[_Key] = (), had: Sequence[_Key] = ()) -> Request:
    """Return the request for what changed at *since* or later, oldest change first.

    Args:
        since: cut to the minute by the vendor.
        seen: rows that this walk was given already, by id and time.
        had: those of our tickets that were read one by one already, by id and time.
    """
    body = {"updated_after": minute(since), "sort": "last_updated_at", "order": "asc", "offset": 0}
    context = {"since": since.isoformat(), "seen": [list(key) for key in seen], "had": [list(key) for key in had]}
    return Request("POST", "/tickets", json=body, context=context, safe=True)


def ticket(ident: str, **context: Any) -> Request:
    """Return the request for one ticket with all that belongs to it."""
    return Request("POST", "/ticket", json={"ticket_id": int(ident)}, context={CASE: ident, **context}, safe=True)


def own_ticket(cases: Sequence[str], at: int = 0, gone: Sequence[str] = ()) -> Request | None:
    """Return the request for the first of our own tickets from the place *at* on; None where there are no more."""
    for place, ident in enumerate(cases[at:], at):
        if text_id(ident):
            return ticket(text_id(ident), **{_NEXT: place + 1, _GONE: list(gone)})
    return None


def list_page(response: Response, read: Read, warnings: _Warnings) -> Page:
    """Return a page of what changed: where the stream stands, our tickets as details, what follows.

    Args:
        response: the answer.
        read: the read it belongs to.
        warnings: what a person should look at in a ticket.
    """
    found, sent = listed(response), response.request
    since = datetime.fromisoformat(sent.context["since"])
    if "last" in sent.context and (not found or _key(found[0]) != list(sent.context["last"])):
        return Page(restart=changed_since(since, sent.context["seen"], sent.context["had"]))
    known = [list(key) for key in (*sent.context["seen"], *sent.context["had"])]
    ours = [row for row in found if _key(row) not in known and _is_ours(row, read)]
    times = [at for at in (moment(row.get("last_updated_at")) for row in found) if at is not None]
    reached = max(times, default=None)
    settled = [key for row in ours if _is_settled(key := _key(row), read)]
    had = _still_near([*sent.context["had"], *settled], reached and min(reached, read.now))
    following = _following(sent, found, since, reached, had) if len(_all_rows(response)) >= PAGE else None
    if following is None and read.cursor is None:
        following = own_ticket(read.cases)
    return Page(
        next_request=following,
        details=[ticket(text_id(row.get("id"))) for row in ours],
        cursor=_cursor(read, reached, had),
        warnings=[told for row in ours for told in warnings(row)],
    )


def case_page(response: Response, read: Read, warnings: _Warnings) -> Page:
    """Return one of our tickets; one that cannot be read is warned of. With the last of all of them come those that are
    gone, unless they are too many to be believed.

    Args:
        response: the answer.
        read: the read it belongs to.
        warnings: what a person should look at in a ticket.
    """
    context = response.request.context
    records, told, is_gone = _one_case(response, warnings)
    if _NEXT not in context:  # a detail of the list
        return Page(records=records, warnings=told)
    gone = [*context[_GONE], *([context[CASE]] if is_gone else [])]
    following = own_ticket(read.cases, context[_NEXT], gone)
    if following is None and _are_few(len(gone), len(read.cases)):
        records = [*records, *({"gone": ident} for ident in gone)]
    elif following is None:
        seen = f"{len(gone)} of {len(read.cases)} tickets of ours are not found, too many to believe"
        told = [*told, f"{seen}: look whether `token` is of the right account"]
    return Page(records=records, next_request=following, warnings=told)


def _one_case(response: Response, warnings: _Warnings) -> tuple[Sequence[Any], Sequence[str], bool]:
    """Return the ticket as a record, if it is one; what is to be told of it; whether it is gone."""
    ident = response.request.context[CASE]
    error = faults.error_of(response) or (("not found", "404") if response.status == 404 else None)
    if error is not None:
        told = f"ticket {ident} could not be read: {faults.told(response)}; look at it in Usedesk"
        return ((), (), True) if assumed.is_gone(*error) else ((), (told,), False)
    body = mapping(response.json())
    if text_id(mapping(body.get("ticket")).get("id")) != ident:
        raise SourceError(f"POST /ticket: asked for {ident}, got {response.text[:120]!r}", retry=True)
    return (body,), warnings(mapping(body.get("ticket"))), False


def _are_few(gone: int, known: int) -> bool:
    return gone <= max(_FEW, known // _SHARE) and (gone * 2 <= known or known == 1)


def names_page(response: Response) -> Page:
    """Return agents or groups; none where the token may not list them (their ids are shown then)."""
    if faults.error_of(response) is not None or response.status >= 400:
        return Page()
    body = response.json()
    named = body if isinstance(body, list) else next((v for v in mapping(body).values() if isinstance(v, list)), [])
    sent, found = response.request, rows(named)
    first = text_id(found[0].get("id")) if found else ""
    if len(found) < assumed.NAMES_PAGE or first == sent.context.get("first"):
        return Page(records=found)
    following = replace(sent, json={**sent.json, "offset": sent.json["offset"] + len(found)})
    return Page(records=found, next_request=following.with_context(first=first))


def listed(response: Response) -> list[Mapping[str, Any]]:
    """Return the tickets of a list.

    Raises:
        SourceError: it is no list.
    """
    return rows(_all_rows(response))


def _all_rows(response: Response) -> list[Any]:
    body = response.json()
    if not isinstance(body, list):
        raise SourceError(f"POST /tickets: expected a list, got {response.text[:120]!r}", retry=True)
    return body


def _is_settled(key: _Key, read: Read) -> bool:
    """Whether the second of a change is over for good: within it, a later change would not be told from it."""
    at = moment(key[1])
    return at is not None and at <= read.now - SETTLED


def _still_near(had: Sequence[_Key], reached: datetime | None) -> list[_Key]:
    """Return those of *had* that the next poll will reach back to."""
    if reached is None:
        return list(had)
    begin = (reached - OVERLAP).replace(second=0, microsecond=0)
    return [key for key in had if (at := moment(key[1])) is not None and at >= begin]


def _following(
    sent: Request, found: Sequence[Mapping[str, Any]], since: datetime, reached: datetime | None, had: Sequence[_Key]
) -> Request | None:
    """Return the request for what follows a full page."""
    if reached is not None and minute(reached) > minute(since):
        begin = reached.replace(second=0, microsecond=0)
        late = [row for row in found if (at := moment(row.get("last_updated_at"))) is not None and at >= begin]
        return changed_since(begin, [_key(row) for row in late], had)
    if not found:
        return None
    offset = sent.json["offset"] + PAGE - 1
    seen = [*sent.context["seen"], *(_key(row) for row in found)]
    return replace(sent, json={**sent.json, "offset": offset}).with_context(
        seen=seen, last=_key(found[-1]), had=[list(key) for key in had]
    )


def _key(row: Mapping[str, Any]) -> list[str]:
    return [text_id(row.get("id")), str(row.get("last_updated_at"))]


def _is_ours(row: Mapping[str, Any], read: Read) -> bool:
    ident = text_id(row.get("id"))
    return bool(ident) and (ident in read.cases or find_marker(*tag_names(row.get("tags"))) is not None)


def _cursor(read: Read, reached: datetime | None, had: Sequence[_Key]) -> Cursor | None:
    """Return where the stream stands: never before where it stood, nor in the future (another zone, a wrong clock)."""
    if reached is None or read.mode != "poll":
        return None
    before = datetime.fromisoformat(read.cursor["updated"]) if read.cursor else None
    at = min(reached, read.now)
    return {"updated": (max(at, before) if before else at).isoformat(), "had": [list(key) for key in had]}
