"""What every connector owes the engine, tried on a recorded list of changes; the data are made up."""

from pathlib import Path

from hub.testing import ConnectorContract
from hub_webhook.connector import Webhooks


class TestWebhooks(ConnectorContract):
    """A receiver with a list of changes of two pages."""

    pages = Path(__file__).parent / "pages"

    def connector(self) -> Webhooks:
        settings = {
            "base_url": "https://desk.example/hooks/tickets",
            "secret": "whsec_a2VwdC1zZWNyZXQta2VwdC1zZWNyZXQ=",
            "old_secret": "kept-secret-of-before",
            "token": "kept-secret-token",
            "changes_url": "https://desk.example/hooks/changes",
            "map": {"queue": {"claims": "Second line"}},
        }
        return Webhooks(Webhooks.Config.model_validate({"connector": "webhook", **settings}))
