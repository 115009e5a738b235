"""The Acme shop's API on this machine, so that the connector can be tried without an account.

It shares no code with the connector, or it would prove nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hub.sandbox import Limit, SandboxOptions, Vendor, Verdict, VirtualClock, Wire, endless, load

KEY = "sandbox-acme-key"
CUSTOMERS = 40
MAX_PAGE = 100


@dataclass
class Review:
    """One review. `also` is what its text became on the wire where a fault spoiled it."""

    id: str
    customer: int
    stars: float
    text: str
    created: datetime
    updated: datetime
    also: str | None = None

    @property
    def place(self) -> str:
        """Where it stands in the order of changes: also the token of what follows it."""
        return f"{stamp(self.updated)}~{self.id}"


class AcmeWorld:
    """What the shop holds: past reviews, one every few hours, and some that are still to come."""

    def __init__(self, options: SandboxOptions) -> None:
        self.clock = VirtualClock(options.start, options.pace)
        step = timedelta(days=options.history_days) / options.items
        first = self.clock.start - step * options.items
        texts = endless(load(options.corpus), "review", options.seed)
        self._reviews: dict[str, Review] = {}
        for number in range(1, options.items + round(options.items * options.future) + 1):
            text, at = next(texts), (first + step * number).replace(microsecond=0)
            self._add(Review(f"r-{number:05}", number % CUSTOMERS + 1, text.rating or 3, text.text, at, at))

    def _add(self, review: Review) -> Review:
        self._reviews[review.id] = review
        return review

    def visible(self) -> list[Review]:
        """Every review that is written by now, oldest change first."""
        now = self.clock.now()
        return sorted((r for r in self._reviews.values() if r.created <= now), key=lambda review: review.place)

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)

    def items(self) -> list[dict[str, Any]]:
        """What a client that misses nothing ends with."""
        return [
            {"stream": "acme", "source_id": r.id, "text": r.text, "also": [r.also] if r.also else [], "rating": r.stars}
            for r in self.visible()
        ]

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """`edit` a review (`id`, `text`), or `write` a new one (`text`, `stars`)."""
        now = self.clock.now().replace(microsecond=0)
        if action == "edit":
            review = self._reviews[what["id"]]
            review.text, review.updated = str(what["text"]), now
        elif action == "write":
            number = f"w-{len(self._reviews) + 1:05}"
            review = self._add(Review(number, 1, float(what["stars"]), str(what["text"]), now, now))
        else:
            raise ValueError(f"action {action!r} is unknown; choose edit or write")
        return {"id": review.id}

    def tampered(self, record: Mapping[str, Any]) -> None:
        """A fault put a lone surrogate at the end of this review's text."""
        review = self._reviews[record["id"]]
        review.also = f"{review.text}\ufffd"

    async def reviews(self, request: Request) -> Response:
        """GET /v2/reviews?since=&limit=&token=."""
        query = request.query_params
        try:
            limit = min(int(query.get("limit", "20")), MAX_PAGE)
            since = datetime.fromisoformat(query["since"]) if "since" in query else self.clock.start.min
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400)
        start, after = stamp(since), query.get("token", "")
        wanted = [r for r in self.visible() if stamp(r.updated) >= start and r.place > after]
        page = wanted[:limit]
        following = page[-1].place if len(wanted) > limit else None
        return JSONResponse({"reviews": [shown(review) for review in page], "next": following})


def stamp(at: datetime) -> str:
    """UTC, to the second, with `Z`; such texts have the order of their times."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(review: Review) -> dict[str, Any]:
    """A review as the API shows it."""
    return {
        "id": review.id,
        "customer": {"id": f"c-{review.customer}", "name": f"Customer {review.customer}"},
        "stars": review.stars,
        "text": review.text,
        "created": stamp(review.created),
        "updated": stamp(review.updated),
    }


def too_many(verdict: Verdict) -> Response:
    """429 with the seconds to wait."""
    return JSONResponse({"error": "slow down"}, 429, headers={"retry-after": str(math.ceil(verdict.wait_s))})


def create(options: SandboxOptions) -> Vendor:
    """Return the shop behind its gate: key, limits, faults and ledger are the host's work."""
    world = AcmeWorld(options)
    wire = Wire(
        limit=Limit(60, 60.0),
        account=lambda request: KEY if request.headers.get("authorization") == f"Bearer {KEY}" else None,
        refuse=too_many,
        unauthorized=lambda: JSONResponse({"error": "unknown token"}, 401),
        has_records=lambda method, path: method == "GET" and path == "/v2/reviews",
        list_key="reviews",
        text_keys=("text",),
    )
    vendor = Vendor("acme", "/acme", (KEY,), world, wire, options)
    return vendor.serve_with(Starlette(routes=[Route("/v2/reviews", world.reviews)]))
