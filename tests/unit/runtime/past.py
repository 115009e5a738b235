"""A source with a past, in memory, and a hub on it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from hub.runtime.config import InstanceSettings, Settings
from hub.sdk import (
    Connector,
    ConnectorConfig,
    Counted,
    Counting,
    Cursor,
    Draft,
    Page,
    Read,
    Record,
    RecordError,
    Send,
    TicketDraft,
    TransientError,
)
from hub.store import Store

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class CutError(BaseException):
    """The process ends here."""


@dataclass
class Source:
    """What the source holds, and how it behaves.

    Attributes:
        hours: when each record was published, hours after :data:`BEGIN`; its place is its id.
        hidden_for: how many reads of a window do not list a record, by id.
        broken: ids of records that cannot be read.
        uncounted: ids of records that it lists and does not count.
        counts: whether it says how many it has; ``"about"``: not to the record.
        fails: raised before a page, as often as there are any.
        refused: the window that begins then is refused, whenever it is asked for.
        pastless: nothing is asked for in a backfill.
        cut: after so many steps (before and after each page) the process ends.
    """

    hours: list[int] = field(default_factory=list)
    hidden_for: dict[int, int] = field(default_factory=dict)
    broken: set[int] = field(default_factory=set)
    uncounted: set[int] = field(default_factory=set)
    counts: Any = True
    fails: list[Exception] = field(default_factory=list)
    refused: datetime | None = None
    pastless: bool = False
    cut: int | None = None
    reads: list[Read] = field(default_factory=list)
    counted: int = 0

    def within(self, read: Read) -> list[tuple[int, datetime]]:
        found = [(number, BEGIN + hour * HOUR) for number, hour in enumerate(self.hours)]
        since, until = read.since or BEGIN, read.until or read.now
        return sorted((one for one in found if since <= one[1] < until), key=lambda one: one[0])

    def step(self) -> None:
        if self.cut is not None:
            self.cut -= 1
            if self.cut < 0:
                raise CutError


class Past(Connector[ConnectorConfig]):
    """Reads :attr:`source` two records a page."""

    name = "past"
    Config = ConnectorConfig
    base_url = "https://past.example"
    source: ClassVar[Source] = Source()

    def window(self, stream: str) -> timedelta | None:
        return timedelta(days=2)

    def count(self, read: Read) -> Counting:
        self.source.counted += 1
        if not self.source.counts:
            return None
        known = [one for one in self.source.within(read) if one[0] not in self.source.uncounted]
        return Counted(len(known), exact=self.source.counts is True)
        yield

    async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
        self.source.reads.append(read)
        if read.since == self.source.refused:
            raise TransientError("503")
        after = read.cursor["id"] if read.cursor else -1
        left = [one for one in self.source.within(read) if one[0] > after and self._lists(one[0])]
        for at in range(0, len(left), 2):
            self.source.step()
            if self.source.fails:
                raise self.source.fails.pop(0)
            yield Page(records=left[at : at + 2], cursor={"id": left[at : at + 2][-1][0]})
            self.source.step()

    def _lists(self, number: int) -> bool:
        self.source.hidden_for[number] = self.source.hidden_for.get(number, 0) - 1
        return self.source.hidden_for[number] < 0

    def position(self, record: Record) -> Cursor:
        return {"id": record[0]}

    def normalize(self, record: Record, read: Read) -> Draft:
        number, at = record
        if number in self.source.broken:
            raise RecordError("broken")
        return TicketDraft.of(source_id=number, kind="mention", platform="p", body=f"said {number}", created_at=at)


def settings(store: Store, source: Source, zone: str = "UTC") -> Settings:
    """Settings of a hub on *source*, its instance is called ``past``."""
    own = {"pages": Connector.pages, "request": lambda self, read: None} if source.pastless else {}
    connector = type("PastHere", (Past,), {"source": source, **own})
    config = ConnectorConfig(connector="past")
    instance = InstanceSettings("past", "past", connector, config, frozenset({"pull"}))
    place: dict[str, Any] = {
        "path": Path("hub.toml"),
        "rules": None,
        "lang": None,
        "listen": None,
        "listen_told": False,
    }
    return Settings(store=f"sqlite:///{store.path}", timezone=ZoneInfo(zone), instances={"past": instance}, **place)
