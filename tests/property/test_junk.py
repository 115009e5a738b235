"""Whatever a source puts between its good records, the page goes on and nothing is lost."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.pipeline.normalize import original_bytes, record_of
from hub.pipeline.poll import Run
from hub.sdk import Record
from hub.store import StreamKey
from tests.unit.pipeline.script import Far, finish, poll, source
from tests.unit.store.pages import new_store

# Numbers beyond 64 bits and lone surrogates included: a page of JSON may hold both.
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=8)
JUNK = st.recursive(
    SCALARS | TEXTS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3)
)
FIELDS = st.fixed_dictionaries({"id": JUNK}, optional={"text": JUNK, "minutes": JUNK, "gone": JUNK})


@given(st.lists(JUNK | FIELDS, max_size=5))
def test_junk_never_breaks_a_page_and_every_record_is_stored_or_set_aside(junk: list[Record]) -> None:
    page: dict[str, Any] = {"records": [{"id": "first", "minutes": 1}, *junk, {"id": "last", "minutes": 2}]}
    with TemporaryDirectory() as folder, new_store(Path(folder)) as store:
        run = Run(source(Far(first=page)), store, StreamKey("one", "s", "poll"), poll())
        finish(run.finish())
        stored = {message.sources[0].source_id for ticket in store.iter_tickets() for message in ticket.messages}
        assert {"first", "last"} <= stored
        assert run.counts.records == len(page["records"])
        letters = store.dead_letters(limit=1000)
        assert sum(letter.times for letter in letters) == run.counts.rejected
        kept = [record_of(letter.body) for letter in letters]
        sent = [record_of(original_bytes(record)) for record in junk]
        assert all(record in sent for record in kept)
        counts = run.counts
        assert counts.rejected + counts.created + counts.updated + counts.unchanged == counts.records
