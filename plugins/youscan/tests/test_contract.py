"""YouScan keeps the contract of connectors."""

from pathlib import Path

from hub.testing import ConnectorContract
from hub_youscan.connector import YouScan, YouScanConfig


class TestYouScan(ConnectorContract):
    pages = Path(__file__).parent / "pages"

    def connector(self) -> YouScan:
        return YouScan(YouScanConfig(connector="youscan", api_key="kept-secret", topics=(101,), page_size=4))
