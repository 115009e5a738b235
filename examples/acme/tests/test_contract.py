"""Everything that the engine needs of a connector, tried on recorded pages."""

from pathlib import Path

from pydantic import SecretStr

from hub.testing import ConnectorContract
from hub_acme.connector import Acme, AcmeConfig


class TestAcme(ConnectorContract):
    pages = Path(__file__).parent / "pages"

    def connector(self) -> Acme:
        return Acme(AcmeConfig(connector="acme", token=SecretStr("kept-secret")))
