"""Tickets as signed webhooks, and changes of their cases by polling: for helpdesks that have no connector.

Source: the Standard Webhooks specification (https://www.standardwebhooks.com, read 2026-11-25): ``webhook-id`` is the
same for every try, ``webhook-timestamp`` is the try's, ``webhook-signature`` covers both and the body; 2xx has taken
it, 410 wants no more, redirects are failures. The list of changes is a contract of our own (README): after a cursor,
oldest first, ``more`` while there is more.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

from hub.sdk import (
    Auth,
    Checks,
    Connector,
    ConnectorConfig,
    Created,
    Delivery,
    DeliveryError,
    Draft,
    HubError,
    Page,
    Read,
    Record,
    Request,
    Response,
    SourceError,
    Stream,
    Writes,
)
from hub_webhook.changes import follow_up, message_id
from hub_webhook.event import event
from hub_webhook.faults import answer, fault_of
from hub_webhook.settings import WebhookConfig
from hub_webhook.signing import ID, Signed

STREAM = "changes"
PAGE_SIZE = 100
_CHANGES_ID = "hub-changes"
_CHECK_ID = "hub-check"
_CONFLICT = 409


class Webhooks(Connector[WebhookConfig]):
    """One receiver of events."""

    name = "webhook"
    title = "Signed webhook (Standard Webhooks)"
    Config = WebhookConfig

    def __init__(self, config: WebhookConfig) -> None:
        super().__init__(config)
        self.endpoint = config.base_url

    @classmethod
    def abilities(cls, config: ConnectorConfig | None = None) -> frozenset[str]:
        reads = not isinstance(config, WebhookConfig) or config.changes_url is not None
        return super().abilities(config) - (set() if reads else {"pull"})

    def auth(self) -> Auth:
        secrets = (self.config.secret, self.config.old_secret)
        return Signed(tuple(one for one in secrets if one is not None), self.config.token)

    def namespace(self) -> str:
        # A path may hold a secret, but two receivers on one host are two.
        parts = urlsplit(self.endpoint)
        return f"{parts.hostname}/{blake2b(parts.path.encode(), digest_size=6).hexdigest()}"

    def account(self) -> str:
        return urlsplit(self.endpoint).hostname or ""

    def classify(self, response: Response) -> HubError | None:
        return fault_of(response)

    def check(self) -> Checks:
        # An event would make a case: that somebody answers at the address is all that can be asked.
        yield Request("HEAD", self._path, headers={ID: _CHECK_ID}, redirects=False)
        return ()

    # --- reading ------------------------------------------------------------------------------------------------

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return (Stream(STREAM, "changes of cases"),) if self.config.changes_url else ()

    def request(self, read: Read) -> Request | None:
        if read.mode != "poll" or self.config.changes_url is None:
            return None
        return self._changes(read.cursor["after"] if read.cursor else None)

    def parse(self, response: Response, read: Read) -> Page:
        body = response.json()
        if not isinstance(body, dict) or not isinstance(body.get("changes"), list):
            raise SourceError('the list of changes must be {"changes": [...], "cursor": ..., "more": ...}')
        after = body.get("cursor")
        if not isinstance(after, str | int) or isinstance(after, bool):
            missing = "the list of changes has no `cursor` (text or a number): all of it is read again each time"
            return Page(body["changes"], warnings=(missing,))
        following = self._changes(after) if body.get("more") is True else None
        return Page(body["changes"], next_request=following, cursor={"after": after})

    def normalize(self, record: Record, read: Read) -> Draft:
        return follow_up(record, self.config.map)

    def _changes(self, after: str | int | None) -> Request:
        params = {"after": after, "limit": self.config.page_size or PAGE_SIZE}
        return Request("GET", self.config.changes_url or "", params, headers={ID: _CHANGES_ID}, redirects=False)

    # --- writing ------------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Writes:
        if delivery.effect == "create" and delivery.link is not None:
            return
        # Once a first try is known to the engine, what the customer says later becomes an event of its own: under the
        # same id the receiver would take no notice of it. So the first one alone is not said to be safe.
        again = delivery.unsure_since is not None
        response = yield Request(
            "POST",
            self._path,
            json=event(delivery, self.config.map.find(delivery)),
            headers={ID: delivery.marker},
            safe=again or None,
            redirects=False,
        )
        assert response is not None  # noqa: S101 - a request is answered by a response
        fault = fault_of(response)
        if fault is not None and not (again and response.status == _CONFLICT):
            raise DeliveryError(f"the event was refused: {fault}") if isinstance(fault, SourceError) else fault
        yield from self._made(delivery, response)

    def _made(self, delivery: Delivery, response: Response) -> Writes:
        """Say what exists there now: what the receiver calls it, else the case has the ticket's own id."""
        body = answer(response)
        given, url = body.get("id"), body.get("url")
        name = str(given) if isinstance(given, str | int) and not isinstance(given, bool) and given != "" else None
        if delivery.effect == "create":
            known = isinstance(url, str) and url.startswith(("http://", "https://"))
            yield Created(name or str(delivery.ticket.id), url if known else None)
        elif delivery.effect == "comment" and name is not None and delivery.link is not None:
            yield Created(message_id(delivery.link.external_id, name))

    @property
    def _path(self) -> str:
        """What follows `base_url`: nothing but the slash at its end, which it would lose."""
        return "/" if self.endpoint.endswith("/") else ""
