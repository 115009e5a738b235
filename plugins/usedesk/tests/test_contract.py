"""What every connector owes the engine, tried on recorded pages; the data are made up."""

from pathlib import Path

from hub.testing import ConnectorContract
from hub_usedesk.connector import Usedesk


class TestUsedesk(ConnectorContract):
    """An account in which the hub has made tickets among others."""

    pages = Path(__file__).parent / "pages"

    def connector(self) -> Usedesk:
        settings = {
            "token": "kept-secret-token",
            "webhook_secret": "kept-secret-of-webhooks",
            "category_field": 60,
            "statuses": {"11": "pending"},
            "map": {"queue": {"claims": {"group": 12}}},
        }
        return Usedesk(Usedesk.Config.model_validate({"connector": "usedesk", **settings}))
