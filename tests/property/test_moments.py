"""Whatever happens to a ticket and whenever somebody looks, each warning and breach is told once, at its moment."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.store.test_moments import Hub, routing

RULES = routing(aging={"points": 60})
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "answer", "pending", "open", "solved", "edit", "nothing")),
        st.integers(1, 25) | st.integers(100, 400),  # minutes until the next
        st.booleans(),  # whether the process is killed and begins anew
    ),
    max_size=12,
)


def lived(steps: list[tuple[str, int, bool]], *, runs: bool) -> tuple[Hub, list[tuple[str, str, str]]]:
    """A ticket to which *steps* happen; *runs*: with a daemon beside it, else only a look at the end."""
    with TemporaryDirectory() as folder:
        hub = Hub(Path(folder) / "hub.db", RULES)
        hub.read("0", 0)
        ticket, now = str(hub.ticket.id), 0.0
        for number, (what, minutes, killed) in enumerate(steps, 1):
            now += minutes + 0.013  # what happens in the very instant of a deadline is before it or after it
            if runs:
                hub.run(now)
            hub.now = hub.at(now)
            if killed:
                hub.restart()
            if what in ("ask", "answer"):
                hub.read(str(number), now, direction="in" if what == "ask" else "out")
            elif what == "edit":
                hub.read("0", now, created_at=hub.at(0), body=f"edited {number}")
            elif what != "nothing":
                hub.store.set_by_hand(ticket, {"state": what}, router=hub.rules)
        hub.now = hub.at(now + 2000)
        hub.work_off()
        told = hub.told()
        hub.store.close()
        return hub, told


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_a_daemon_and_a_standstill_tell_the_same_and_each_once(steps: list[tuple[str, int, bool]]) -> None:
    _, watched = lived(steps, runs=True)
    _, slept = lived(steps, runs=False)
    given = Counter(_given(watched))
    assert given == Counter(_given(slept))
    assert max(given.values(), default=1) == 1


def _given(told: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """What stands in the end: a breach that was taken back is none."""
    standing: list[tuple[str, str, str]] = []
    for kind, promise, reached in told:
        if kind == "sla_kept":
            last = max(n for n, one in enumerate(standing) if one[:2] == ("sla_breached", promise))
            del standing[last]
        else:
            standing.append((kind, promise, reached))
    return standing
