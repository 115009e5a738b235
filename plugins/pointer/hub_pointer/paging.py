"""Lists that move while they are read: ``{items, meta: {total, limit, offset}}`` in overlapping pages. Pure.

The order of rows is not documented and offsets shift when rows come or go (vendor sheet, sections 4 and 8), so each
page repeats the end of the one before, and the walk begins anew when ``total`` moves. The first page tells how many
there are; the others are then known and may be read ahead. How often a list was begun anew stands in its requests'
context: one that moves takes nothing from the next.
"""

from dataclasses import dataclass, replace
from typing import Any

from hub.sdk import Request, Response, SourceError

MAX_LIMIT = 100  # rows; the vendor's maximum
MAX_RESTARTS = 3  # of one list
RUN_RESTARTS = (
    6  # of all lists of a run; the engine ends a run that begins anew many times, and needs some for `complete`
)
OVERLAP = 10  # one row in so many is read again with the next page


@dataclass(frozen=True, slots=True)
class Listing:
    """One page: its rows, and how many there are in all."""

    items: list[Any]
    total: int


@dataclass(frozen=True, slots=True)
class Progress:
    """What follows after a page.

    ``ended``: this was the list's last page. ``torn``: more rows went while the list was read than pages repeat, so
    that it may lack some.
    """

    ahead: tuple[Request, ...] = ()
    restart: Request | None = None
    ended: bool = False
    torn: bool = False


def read_items(response: Response) -> list[Any]:
    """Return ``items``.

    Raises:
        SourceError: the body has none.
    """
    body = response.json()
    items = body.get("items") if isinstance(body, dict) else None
    if not isinstance(items, list):
        raise _unreadable(response, "an object with the list `items`")
    return items


def read_listing(response: Response) -> Listing:
    """Return the page with its ``meta``.

    Raises:
        SourceError: ``items`` or ``meta.total`` is missing, or a first page is empty though there are rows.
    """
    items = read_items(response)
    meta = response.json().get("meta")
    total = _count(meta.get("total")) if isinstance(meta, dict) else None
    if total is None:
        raise _unreadable(response, "a whole number in `meta.total`")
    if total and not items and not response.request.params.get("offset"):
        raise _unreadable(response, f"some of {total} rows on the first page")
    return Listing(items, total)


def follow(response: Response, listing: Listing, restarts: int, *, complete: bool = False) -> Progress:
    """Return what follows after *listing*.

    Args:
        response: of a request made with ``limit`` and ``offset``; later pages carry the plan in their context.
        restarts: how often this run already began anew, whichever of its lists it was.
        complete: no row may be passed over, however often that takes: the engine bounds it, and fails the run.
    """
    request = response.request
    planned = request.context.get("total")
    if planned is None:
        return _plan(request, _page_size(request, listing), listing.total)
    size: int = request.context["size"]
    torn = planned - listing.total > _overlap(size)  # more rows went than pages repeat
    begun_anew: int = request.context.get("restarts", 0)
    may_restart = begun_anew < MAX_RESTARTS and restarts < RUN_RESTARTS
    if (listing.total != planned and may_restart) or (torn and complete):
        anew = request.with_context(total=None, size=None, restarts=begun_anew + 1)
        return Progress(restart=anew.with_params(offset=0))
    if request.params["offset"] + size < planned:
        return Progress(torn=torn)
    return replace(_plan(request, size, listing.total), torn=torn)


def next_page(request: Request, listing: Listing) -> Request | None:
    """Return the request after *request* when pages are read one by one; None after the last."""
    size = _page_size(request, listing)
    offset: int = request.params["offset"]
    return request.with_params(offset=offset + size - _overlap(size)) if offset + size < listing.total else None


def _page_size(request: Request, listing: Listing) -> int:
    """Return how many rows a page really has: as many as came, where there are more, whatever `meta.limit` says."""
    asked: int = request.params["limit"]
    return min(asked, len(listing.items)) if listing.total > len(listing.items) > 0 else asked


def _overlap(size: int) -> int:
    """Return how many rows of a page the next one repeats."""
    return max(1, size // OVERLAP) if size > 1 else 0


def _plan(request: Request, size: int, total: int) -> Progress:
    offset: int = request.params["offset"]
    ahead = []
    while offset + size < total:
        offset += size - _overlap(size)
        ahead.append(request.with_params(offset=offset).with_context(total=total, size=size))
    return Progress(ahead=tuple(ahead), ended=not ahead)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _unreadable(response: Response, expected: str) -> SourceError:
    seen = " ".join(response.text[:120].split())
    request = response.request
    return SourceError(f"{request.method} {request.path}: expected {expected}, got {seen!r}", retry=True)
