"""What every connector owes the engine, tried on recorded pages of each product; the data are made up."""

from pathlib import Path

from hub.testing import ConnectorContract
from hub_crm.connector import Crm

PAGES = Path(__file__).parent / "pages"


class TestBitrix24(ConnectorContract):
    """A portal whose comments are messages of chats; tasks, leads and deals."""

    pages = PAGES / "bitrix24"

    def connector(self) -> Crm:
        settings = {
            "webhook_url": "https://portal.example/rest/1/kept-secret-code/",
            "read": ("tasks", "leads", "deals"),
            "map": {"department": {"claims": {"group": 31, "responsible": 547}}},
            "responsible": 547,
        }
        return Crm(Crm.Config.model_validate({"connector": "crm", "product": "bitrix24", **settings}))


class TestBitrix24Classic(ConnectorContract):
    """An older portal on the customer's own machine; tasks alone."""

    pages = PAGES / "bitrix24-classic"

    def connector(self) -> Crm:
        settings = {"webhook_url": "https://portal.example/rest/1/kept-secret-code/", "responsible": 547}
        return Crm(Crm.Config.model_validate({"connector": "crm", **settings}))


class TestAmoCrm(ConnectorContract):
    """An account with a long-lived token; tasks, leads and their notes."""

    pages = PAGES / "amocrm"

    def connector(self) -> Crm:
        settings = {
            "base_url": "https://acme.amocrm.ru",
            "token": "kept-secret-token",
            "read": ("tasks", "leads"),
            "page_size": 4,
            "map": {"department": {"law": {"responsible": 3785711}}},
        }
        return Crm(Crm.Config.model_validate({"connector": "crm", "product": "amocrm", **settings}))
