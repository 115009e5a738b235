"""A CRM's tasks, leads and deals as tickets, and tickets as its tasks. Which CRM, the setting ``product`` says.

The connector itself knows no product: it hands everything to the one module of :mod:`hub_crm.products` that does. The
vendor facts stand in these modules' docstrings, what is only assumed of them in :mod:`hub_crm.assumed`.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from hub.sdk import (
    Auth,
    Checks,
    Connector,
    Counting,
    Cursor,
    Delivery,
    Draft,
    HubError,
    Inquiry,
    Limit,
    Lookup,
    Page,
    Read,
    Record,
    Reference,
    Request,
    Response,
    Stream,
    Webhook,
    Writes,
)
from hub_crm import assumed
from hub_crm.product import load
from hub_crm.settings import CrmConfig, with_products


class Crm(Connector[CrmConfig]):
    """One portal or account of a CRM."""

    name = "crm"
    title = "CRM (Bitrix24, amoCRM, Kommo)"
    Config = with_products(CrmConfig)
    references = (
        Reference("about", timedelta(hours=1)),
        Reference("people", timedelta(hours=6)),
        Reference("stages", timedelta(hours=6)),
    )
    sweep_names = frozenset(("comments", "deleted"))

    def __init__(self, config: CrmConfig) -> None:
        super().__init__(config)
        self._product = load(config.product)(config)

    def auth(self) -> Auth:
        return self._product.auth()

    def namespace(self) -> str:
        return self._product.namespace()

    def account(self) -> str:
        return self._product.account()

    def index_delay(self) -> timedelta:
        return assumed.INDEX_DELAY

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return self._product.streams(reference)

    def limits(self, request: Request) -> Sequence[Limit]:
        return self._product.limits(request)

    def classify(self, response: Response) -> HubError | None:
        return self._product.classify(response, super().classify(response))

    def check(self) -> Checks:
        return self._product.check()

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        return self._product.reference(read) if read.mode == "reference" else self._product.request(read)

    def parse(self, response: Response, read: Read) -> Page:
        return self._product.parse(response, read)

    def position(self, record: Record) -> Cursor:
        return self._product.position(record)

    def window(self, stream: str) -> timedelta | None:
        return self._product.window(stream)

    def count(self, read: Read) -> Counting:
        return self._product.count(read)

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        return self._product.normalize(record, read)

    # --- writing ------------------------------------------------------------------------------------------------

    def escalate(self, delivery: Delivery) -> Writes:
        return self._product.escalate(delivery)

    # --- hints --------------------------------------------------------------------------------------------------

    def receive(self, webhook: Webhook) -> Sequence[str]:
        return self._product.receive(webhook)

    # --- customers ----------------------------------------------------------------------------------------------

    def identifies_by(self) -> frozenset[str]:
        return self._product.identifies_by()

    def identify(self, inquiry: Inquiry) -> Lookup:
        return self._product.identify(inquiry)
