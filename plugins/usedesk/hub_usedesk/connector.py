"""Tickets delivered into Usedesk, told what is new, and followed back.

Source: vendor sheet, Part A and sections 12 and 13. All methods are POST, also those that read; errors may come with
HTTP 200. ``tickets`` lists what changed since a minute, inclusive, UTC, a hundred a page, with markers as tags; only
our own tickets are read further (``ticket``: comments, changes, own fields), nobody else's become tickets of the hub.
The key goes into the body. A sweep reads all of our own by id: what a list does not show (deleted, merged, a tag taken
away) is found there.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.sdk import (
    Auth,
    AuthError,
    BodyField,
    Checks,
    Connector,
    Delivery,
    FollowUp,
    HubError,
    Limit,
    Page,
    Read,
    Record,
    Reference,
    Request,
    Response,
    Stream,
    Sweep,
    TransientError,
    Webhook,
    Writes,
)
from hub_usedesk import assumed, faults, hooks, lists, rights
from hub_usedesk.case import Follow, unknown_status
from hub_usedesk.config import UsedeskConfig
from hub_usedesk.values import rows
from hub_usedesk.writing import Writing

BASE_URL = "https://api.usedesk.ru"

_STREAM, _CASES = "tickets", "cases"
_NAMES = "names"  # in a request's context: what is asked for names alone


class Usedesk(Connector[UsedeskConfig]):
    """Our tickets in one Usedesk account."""

    name = "usedesk"
    title = "Usedesk"
    Config = UsedeskConfig
    base_url = BASE_URL
    references = (Reference("users", timedelta(hours=6)), Reference("groups", timedelta(hours=6)))
    sweep_names = frozenset((_CASES,))

    def __init__(self, config: UsedeskConfig) -> None:
        super().__init__(config)
        self._known: tuple[Mapping[str, Sequence[Any]], Follow] | None = None

    def auth(self) -> Auth:
        return BodyField("api_token", self.config.token)

    def namespace(self) -> str:
        return self.config.space(BASE_URL)

    def account(self) -> str:
        """Return the host: calls are counted by the address that they come from."""
        return self.namespace()

    def index_delay(self) -> timedelta:
        return self.config.lag

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return (Stream(_STREAM, "Tickets", (Sweep(_CASES, timedelta(hours=1)),)),)

    def limits(self, request: Request) -> Sequence[Limit]:
        """Return our own bounds: no current ones are documented."""
        found = [Limit("requests", calls=assumed.REQUESTS_PER_S, per_s=1.0, concurrency=2)]
        if request.path == "/tickets":
            found.append(Limit("tickets", calls=assumed.LISTS_PER_5_S, per_s=5.0))
        return found

    def classify(self, response: Response) -> HubError | None:
        """Return what is wrong. A ticket that cannot be read, and names that the token may not list, stop nothing."""
        fault = faults.fault_of(response, super().classify(response))
        spared = lists.CASE in response.request.context or _NAMES in response.request.context
        return fault if isinstance(fault, AuthError | TransientError) or not spared else None

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        if read.mode == "reference":
            return Request("POST", f"/{read.name}", json={"offset": 0}, context={_NAMES: True}, safe=True)
        if read.mode == "sweep":
            return lists.own_ticket(read.cases)
        if read.mode == "backfill":
            return None  # there is no history to take in: only what the hub delivered is followed
        return lists.first(read)

    def parse(self, response: Response, read: Read) -> Page:
        if read.mode == "reference":
            return lists.names_page(response)
        if lists.CASE in response.request.context:
            return lists.case_page(response, read, self._warnings)
        return lists.list_page(response, read, self._warnings)

    def _warnings(self, ticket: Mapping[str, Any]) -> Sequence[str]:
        return unknown_status(ticket, self.config)

    def normalize(self, record: Record, read: Read) -> FollowUp:
        return self._follow(read).read(record)

    def _follow(self, read: Read) -> Follow:
        """Return what reads tickets, with the names that are known; made once for each set of references."""
        if self._known is None or self._known[0] is not read.reference:
            users = (assumed.person(row) for row in rows(list(read.reference.get("users", ()))))
            groups = (assumed.group(row) for row in rows(list(read.reference.get("groups", ()))))
            people = {ident: name for ident, name, _ in users if ident and name}
            named = {ident: name for ident, name in groups if ident and name}
            self._known = (read.reference, Follow(self.config, people, named))
        return self._known[1]

    def receive(self, webhook: Webhook) -> Sequence[str]:
        secret = self.config.webhook_secret
        return hooks.accept(webhook, secret.get_secret_value() if secret else None, _STREAM)

    def check(self) -> Checks:
        return rights.check(self.config)

    # --- writing ------------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> Writes:
        return Writing(self.config, delivery).run()

    def escalate(self, delivery: Delivery) -> Writes:
        """Open a ticket in Usedesk for one of another desk: made, told and followed as a delivered one."""
        return Writing(self.config, delivery).run()
