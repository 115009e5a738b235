"""References are read first, kept, read again when old; older ones serve on where that fails."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.pipeline.reference import Known, probe, with_references
from hub.sdk import AuthError, Page, Read, Reference, Request, Send, SourceError, Stream
from hub.store import Store
from hub.testing import FakeClock
from tests.unit.pipeline.script import NOW, Far, Script, finish, get, records, source, status
from tests.unit.store.pages import opened

HOUR = timedelta(hours=1)


class Referring(Script):
    """Outlets, then names that are asked for by the first outlet."""

    references = (Reference("outlets", HOUR), Reference("names", 24 * HOUR))

    def request(self, read: Read) -> Request | None:
        if read.mode != "reference":
            return get("/records")
        return get("/outlets" if read.name == "outlets" else f"/names{read.reference['outlets'][0]['id']}")


def known(store: Store, far: Far, clock: FakeClock) -> tuple[dict[str, list[int]], list[str]]:
    async def run() -> Known:
        kept = store.recall("one", clock.now()).references
        return await with_references(source(far, Referring, now=clock.now), store, kept)

    made = finish(run())
    values: Any = made.source.reference
    return {name: [record["id"] for record in value] for name, value in values.items()}, list(made.stale)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def kept(store: Store, clock: FakeClock) -> Store:
    """A store whose clock is the test's."""
    store.close()
    reopened = opened(store.path)
    reopened._now = clock.now
    return reopened


def test_references_are_read_page_by_page_in_the_order_they_are_declared(kept: Store, clock: FakeClock) -> None:
    far = Far(outlets=records(7, next="/more"), more=records(8), names7=records(1))
    assert known(kept, far, clock) == ({"outlets": [7, 8], "names": [1]}, [])
    assert far.asked == ["/outlets", "/more", "/names7"]


def test_a_reference_is_kept_and_read_again_when_it_is_old(kept: Store, clock: FakeClock) -> None:
    far = Far(outlets=[records(7), records(9)], names7=records(1))
    known(kept, far, clock)
    clock.advance(timedelta(minutes=59))
    assert known(kept, far, clock)[0] == {"outlets": [7], "names": [1]}
    clock.advance(timedelta(minutes=1))
    assert known(kept, far, clock)[0] == {"outlets": [9], "names": [1]}
    assert far.asked == ["/outlets", "/names7", "/outlets"]


def test_an_older_reference_serves_on_where_reading_it_again_fails_and_that_is_told(
    kept: Store, clock: FakeClock
) -> None:
    far = Far(outlets=[records(7), status(404)], names7=records(1))
    known(kept, far, clock)
    clock.advance(HOUR)
    values, told = known(kept, far, clock)
    assert values == {"outlets": [7], "names": [1]}
    assert told == ["outlets of 2026-11-20 12:00 UTC serve on: 404 from GET /outlets"]


def test_a_reference_that_was_never_read_and_cannot_be_ends_the_run(kept: Store, clock: FakeClock) -> None:
    with pytest.raises(SourceError, match="404 from GET /outlets"):
        known(kept, Far(outlets=status(404)), clock)
    assert kept.recall("one", NOW).references == {}


def probed(far: Far, connector: type[Script] = Referring, **cursors: Any) -> list[str]:
    return [f"{one.status} {one.request.path}" for one in finish(probe(source(far, connector), cursors))]


def test_a_probe_asks_for_a_page_of_each_reference_and_of_one_stream() -> None:
    far = Far(outlets=records(7, next="/more"), names7=records(), records=records(1, next="/more"))
    assert probed(far) == ["200 /outlets", "200 /names7", "200 /records"]
    assert probed(Far(first=records()), Script) == ["200 /first"]


@pytest.mark.parametrize("refused", ["outlets", "names7", "records"])
@pytest.mark.parametrize(("code", "error"), [(401, AuthError), (403, AuthError), (404, SourceError)])
def test_a_probe_fails_wherever_a_sync_would(refused: str, code: int, error: type[Exception]) -> None:
    answers = {"outlets": records(7), "names7": records(), "records": records(), refused: status(code)}
    with pytest.raises(error, match=f"{code} from GET /{refused}"):
        probed(Far(**answers))


def test_a_probe_goes_on_from_where_the_stream_stands() -> None:
    class Seeing(Script):
        def request(self, read: Read) -> Request:
            return get(f"/after{read.cursor['seq'] if read.cursor else 0}")

    assert probed(Far(after5=records()), Seeing, script={"seq": 5}) == ["200 /after5"]


def test_a_probe_of_a_connector_that_walks_its_own_way_reads_its_first_page() -> None:
    class Own(Script):
        async def pages(self, read: Read, send: Send) -> AsyncIterator[Page]:
            for path in ("/a", "/b"):
                yield Page(records=(await send(get(path))).json()["records"])

    assert probed(Far(a=records(1), b=records(2)), Own) == ["200 /a"]


def test_a_probe_of_a_source_without_streams_asks_nothing() -> None:
    class Silent(Script):
        def streams(self, reference: Any) -> list[Stream]:
            return []

    assert probed(Far(), Silent) == []
