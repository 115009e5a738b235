"""What every connector owes the engine, tried on recorded pages of a source that leaves out the dates it is given."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from pydantic import SecretStr

from hub.sdk import Read
from hub.testing import ConnectorContract
from hub_pointer.connector import Pointer, PointerConfig


class TestPointer(ConnectorContract):
    pages = Path(__file__).parent / "pages"

    def connector(self) -> Pointer:
        token = SecretStr("kept-secret")
        return Pointer(PointerConfig(connector="pointer", token=token, edits_window=timedelta(days=20)))

    def reads(self) -> Sequence[Read]:
        """Return the usual ones, the poll from a `start` that makes two windows in place of a year's thirteen."""
        start = self.now - timedelta(days=39)
        return [replace(read, since=start) if read.mode == "poll" else read for read in super().reads()]
