"""Request Tracker 5 and 6 as a destination over REST 2.0: vendor sheet, sections 10 to 13.

Tickets of the hub carry a marker in a custom field. What becomes of them is read by polling those alone, newest change
first (:mod:`hub_rt.reading` says why), and each hour by id: deleted tickets, and those whose marker somebody took out.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.sdk import (
    Auth,
    Basic,
    Bearer,
    Checks,
    Connector,
    Cursor,
    Delivery,
    Draft,
    HubError,
    Limit,
    Page,
    Read,
    Record,
    RecordError,
    Request,
    Response,
    Stream,
    Sweep,
    Writes,
)
from hub_rt import assumed, faults, reading, tickets
from hub_rt.config import RtConfig
from hub_rt.deliver import Writing
from hub_rt.reading import Cases, Changes
from hub_rt.rights import Rights
from hub_rt.values import instant, mapping, ref

HISTORY = timedelta(days=30)  # read at the first poll where `start` is not set
CASES_WINDOW = timedelta(days=2)
_STREAM = "tickets"
_CASES = "cases"
_ALONE = (200, 403, 404)


class RequestTracker(Connector[RtConfig]):
    """Tickets of one RT that the hub made."""

    name = "rt"
    title = "Request Tracker"
    Config = RtConfig
    sweep_names = frozenset({_CASES})

    def auth(self) -> Auth:
        config = self.config
        return Basic(config.user, config.token) if config.user else Bearer(config.token, scheme="token ")

    def namespace(self) -> str:
        return self.config.site

    def account(self) -> str:
        return self.config.site

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        """Return the tickets; the sweep over the cases reads what was said in those that changed lately."""
        return (Stream(_STREAM, "Tickets", (Sweep(_CASES, timedelta(hours=1), CASES_WINDOW),)),)

    def limits(self, request: Request) -> Sequence[Limit]:
        """Return what spares the site: RT has no limit of its own, and few workers."""
        return (Limit("requests", concurrency=2),)

    def classify(self, response: Response) -> HubError | None:
        """Return what is wrong; a case that is asked for alone may be gone."""
        if "alone" in response.request.context and response.status in _ALONE:
            return None
        return faults.fault(response) or super().classify(response)

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        if read.mode == "sweep":
            return self._cases(read).request()
        return self._changes(read).request()

    def parse(self, response: Response, read: Read) -> Page:
        context = response.request.context
        if "alone" in context:
            return reading.alone(response)
        if "said" in context:
            return reading.texts(response)
        if "people" in context:
            return reading.said(response)
        return self._cases(read).page(response) if "at" in context else self._changes(read).page(response)

    def position(self, record: Record) -> Cursor:
        at = instant(mapping(record).get("LastUpdated"))
        if at is None:
            raise RecordError("no ticket with a time of its last change")
        return {"updated": reading.stamp(at)}

    def normalize(self, record: Record, read: Read) -> Draft:
        row = mapping(record)
        if "transaction" in row:
            return tickets.message(row, self.config)
        ident = tickets.case_id(record)
        if row.get("gone") is True:
            return tickets.gone(ident)
        if "merged" in row:
            return tickets.merged(ident, ref(row["merged"]))
        return tickets.follow_up(row, self.config)

    def _changes(self, read: Read) -> Changes:
        until = read.until if read.mode == "backfill" else None
        return Changes(self.config, self._since(read), until, self.config.page_size or reading.ROWS)

    def _cases(self, read: Read) -> Cases:
        return Cases(read.cases, read.since or read.now - CASES_WINDOW)

    def _since(self, read: Read) -> datetime:
        if read.mode == "poll" and read.cursor:
            return datetime.fromisoformat(read.cursor["updated"]) - assumed.COMMIT
        return read.since or read.now - HISTORY

    def check(self) -> Checks:
        return Rights(self.config).run()

    # --- writing ------------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Writes:
        return Writing(self.config, delivery).run()

    def escalate(self, delivery: Delivery) -> Writes:
        return Writing(self.config, delivery).run()
