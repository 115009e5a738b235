"""A backfill that is cut anywhere, as often as one likes, ends with the same store as one that is not."""

import asyncio
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.runtime.backfill import Wanted, backfill
from hub.store import TicketFilter
from tests.unit.runtime import past
from tests.unit.runtime.past import BEGIN, CutError, Source
from tests.unit.store.pages import new_store, rows

UNTIL = BEGIN + 7 * 24 * past.HOUR
HOURS = st.lists(st.integers(0, 7 * 24 - 1), max_size=14)


def _ended(hours: list[int], cuts: list[int], hidden_for: dict[int, int]) -> tuple[Any, Any, Any]:
    """Return what a store holds at the end of a backfill that was cut after so many steps each time, and the proof."""
    source = Source(hours=hours, hidden_for=dict(hidden_for))
    wanted = Wanted("past", BEGIN, UNTIL)
    with (
        TemporaryDirectory() as folder,
        patch.dict(os.environ, {"HUB_STATE_DIR": f"{folder}/state"}),
        new_store(Path(folder)) as store,
    ):
        for cut in cuts:
            source.cut = cut
            try:
                asyncio.run(backfill(past.settings(store, source), store, wanted))
            except CutError:
                continue
            break
        source.cut = None
        done = asyncio.run(backfill(past.settings(store, source), store, wanted))
        assert done is not None
        found = store.iter_tickets(TicketFilter())
        tickets = sorted((str(one.id), [message.body for message in one.messages]) for one in found)
        events = rows(store, "SELECT kind, count(*) FROM ticket_events GROUP BY 1")
        return tickets, events, [(one.day, one.source, one.stored) for one in done.days or ()]


@settings(deadline=None, max_examples=10)
@given(HOURS, st.lists(st.integers(0, 12), max_size=4))
def test_a_cut_anywhere_resumes_to_the_same_store(hours: list[int], cuts: list[int]) -> None:
    assert _ended(hours, cuts, {}) == _ended(hours, [], {})


@settings(deadline=None, max_examples=10)
@given(HOURS, st.lists(st.integers(0, 12), max_size=3), st.sets(st.integers(0, 13), max_size=4))
def test_whatever_a_first_read_misses_is_there_in_the_end(hours: list[int], cuts: list[int], missed: set[int]) -> None:
    tickets, _, days = _ended(hours, cuts, dict.fromkeys(missed, 1))
    assert (tickets, days) == (_ended(hours, [], {})[0], _ended(hours, [], {})[2])
