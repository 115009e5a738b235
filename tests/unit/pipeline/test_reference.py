"""References are read first, kept, read again when old; older ones serve on where that fails."""

from datetime import timedelta
from typing import Any

import pytest

from hub.pipeline.reference import probe, with_references
from hub.sdk import AuthError, Read, Reference, Request, SourceError, Stream
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
    async def run() -> tuple[Any, list[str]]:
        kept = store.recall("one", clock.now()).references
        return await with_references(source(far, Referring, now=clock.now), store, kept)

    made, told = finish(run())
    return {name: [record["id"] for record in value] for name, value in made.reference.items()}, told


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


def test_a_probe_asks_one_cheap_question() -> None:
    far = Far(outlets=records(7, next="/more"), first=records())
    for connector in (Referring, Script):
        assert finish(probe(source(far, connector))) is not None
    assert far.asked == ["/outlets", "/first"]
    with pytest.raises(AuthError):
        finish(probe(source(Far(first=status(401)))))


def test_a_probe_of_a_source_without_streams_asks_nothing() -> None:
    class Silent(Script):
        def streams(self, reference: Any) -> list[Stream]:
            return []

    far = Far()
    assert (finish(probe(source(far, Silent))), far.asked) == (None, [])
