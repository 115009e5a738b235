"""What every connector owes the engine, tried on pages recorded from Debian's RT 5.0.3 (`tests/e2e_rt/record.py`)."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from hub.sdk import DestinationMap, Read
from hub.testing import ConnectorContract
from hub_rt.config import Fields, RtConfig, Target
from hub_rt.connector import RequestTracker

CASES = ("1", "2", "3", "4", "5", "999")


class TestRequestTracker(ConnectorContract):
    pages = Path(__file__).parent / "pages"

    def connector(self) -> RequestTracker:
        return RequestTracker(
            RtConfig(
                connector="rt",
                base_url="https://rt.example.com",
                token=SecretStr("kept-secret"),
                queue="Claims",
                map=DestinationMap[str | Target](queue={"claims": "Claims"}),
                fields=Fields(tags="Hub Tags", category="Hub Category", rating="Answer Rating"),
                page_size=2,
            )
        )

    def reads(self) -> Sequence[Read]:
        """Return the poll, and the sweep over the cases that the hub follows."""
        since = self.now - timedelta(days=2)
        return [*super().reads(), Read("tickets", "sweep", self.now, name="cases", since=since, cases=CASES)]
