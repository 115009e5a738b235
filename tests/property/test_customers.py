"""Who is one customer follows from the links that are active, in whatever order they came, whatever was undone."""

import tempfile
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.store import Store
from hub.store.customer_groups import MOST_SHARED, Grouping, Tie, grouped
from hub.store.customer_links import Grounds, Profile, note_profile, put_link, regroup
from hub.store.rows import profile_digest
from hub.store.tables import micros
from tests.unit.store.pages import NOW, mention, new_store, put, rows

PEOPLE = range(6)
NAMES = [f"author {number}" for number in PEOPLE]
DIGESTS = [profile_digest("vk.com", name) for name in NAMES]
VALUES = (
    *(("phone", f"+7900000000{number}") for number in range(3)),
    *(("card", f"crm\n{site}\n{number}") for site in ("a", "b") for number in range(2)),
)

ties = st.lists(
    st.one_of(
        st.builds(
            lambda profile, value: Tie(1 if value[0] == "card" else 2, value[0], value[1], profile),
            st.sampled_from(PEOPLE), st.sampled_from(VALUES),
        ),
        st.builds(
            lambda pair: Tie(0, "profile", str(pair[1]), pair[0]), st.sampled_from(list(combinations(PEOPLE, 2)))
        ),
    ),
    max_size=12,
    unique=True,
)  # fmt: skip
aparts = st.sets(st.sampled_from([frozenset(pair) for pair in combinations(PEOPLE, 2)]), max_size=3)


def partition(found: Grouping) -> set[frozenset[int]]:
    return {members for members, _ in found.groups}


@given(ties, aparts, st.randoms())
def test_the_order_of_links_changes_nothing(some: list[Tie], apart: set[frozenset[int]], chance: object) -> None:
    before = grouped(PEOPLE, some, apart)
    chance.shuffle(some)  # type: ignore[attr-defined]  # hypothesis has no public type for it
    after = grouped(PEOPLE, some, apart)
    assert (partition(before), dict(before.held)) == (partition(after), dict(after.held))


@given(ties, aparts)
def test_everybody_is_one_customer_and_only_what_links_hold_together_is(
    some: list[Tie], apart: set[frozenset[int]]
) -> None:
    found = grouped(PEOPLE, some, apart)
    assert sorted(one for members in partition(found) for one in members) == list(PEOPLE)
    holding = [tie for tie in some if tie not in found.held]
    assert partition(grouped(PEOPLE, holding)) == partition(found)


@given(ties, aparts)
def test_the_machine_brings_neither_people_together_who_are_kept_apart_nor_two_cards_of_one_crm(
    some: list[Tie], apart: set[frozenset[int]]
) -> None:
    one_each = {(tie.profile, tie.value.rpartition("\n")[0] or tie.value): tie for tie in some if tie.rank}
    found = grouped(PEOPLE, one_each.values(), apart)
    for members, cards in found.groups:
        assert not any(pair <= members for pair in apart)
        assert len({card.rpartition("\n")[0] for card in cards}) == len(cards)


def test_a_phone_that_too_many_name_joins_nobody() -> None:
    hotline = [Tie(2, "phone", "+74950000000", profile) for profile in range(MOST_SHARED + 1)]
    found = grouped(PEOPLE, hotline, shared={"+74950000000"})
    assert len(partition(found)) == len(PEOPLE)
    assert set(found.held.values()) == {"shared"}


# --- in the store -----------------------------------------------------------------------------------------------------

Step = tuple[str, int, int]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("find"), st.sampled_from(PEOPLE), st.sampled_from(range(len(VALUES)))),
        st.tuples(st.sampled_from(["link", "unlink"]), st.sampled_from(PEOPLE), st.sampled_from(PEOPLE)),
    ),
    max_size=14,
)


class Town:
    """A store with a ticket of each person, and a clock that goes on with each step."""

    def __init__(self, folder: Path) -> None:
        self.store = new_store(folder)
        self.now = NOW
        self.store._now = lambda: self.now
        put(self.store, *(mention(name, author=name, minutes=number) for number, name in enumerate(NAMES)))
        self.store.list_customers()  # writes down whose the tickets are

    def go(self, done: Sequence[Step]) -> None:
        for step in done:
            self.now += timedelta(seconds=1)
            self._do(*step)

    def _do(self, what: str, one: int, other: int) -> None:
        if what == "find":
            self.find(one, other)
        elif one != other and what == "link":
            self.store.link_customers(*self.named(one, other))
        elif one != other and any({one, other} <= group for group in self.groups()):
            self.store.unlink_customers(*self.named(one, other))

    @staticmethod
    def named(one: int, other: int) -> tuple[str, str]:
        return f"vk.com:{NAMES[one]}", f"vk.com:{NAMES[other]}"

    def find(self, one: int, value: int) -> None:
        """As the machine finds something."""
        kind, text = VALUES[value]
        confidence = "certain" if kind == "card" else "probable"
        with self.store._write() as connection:
            note_profile(connection, Profile(DIGESTS[one], "vk.com", NAMES[one]), micros(self.now))
            put_link(connection, DIGESTS[one], kind, text, Grounds("words", confidence, {}), micros(self.now))
            regroup(connection, [DIGESTS[one]])

    def groups(self) -> set[frozenset[int]]:
        found: dict[bytes, set[int]] = {}
        for digest, customer in rows(self.store, "SELECT digest, customer FROM profiles"):
            found.setdefault(customer, set()).add(DIGESTS.index(digest))
        noted = {one for group in found.values() for one in group}
        return {frozenset(group) for group in found.values()} | {frozenset([one]) for one in PEOPLE if one not in noted}

    def customers(self) -> list[tuple[int, str]]:
        return rows(self.store, "SELECT digest, customer FROM profiles ORDER BY digest")


def _active(store: Store) -> tuple[list[Tie], set[frozenset[int]], set[str]]:
    """Return what the file says is active, by itself."""
    found, apart, counts = [], set(), dict[str, int]()
    query = "SELECT profile, kind, value, author, confidence FROM customer_links WHERE state = 'active'"
    for profile, kind, value, author, confidence in rows(store, query):
        if kind == "apart":
            apart.add(frozenset((profile, int(value))))
            continue
        rank = 0 if author == "person" else 1 if confidence == "certain" else 2
        found.append(Tie(rank, kind, value, profile))
        counts[value] = counts.get(value, 0) + (kind == "phone")
    return found, apart, {value for value, number in counts.items() if number > MOST_SHARED}


@settings(max_examples=25, deadline=None)
@given(steps)
def test_any_sequence_of_links_gives_the_customers_of_the_links_that_are_active(done: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder))
        town.go(done)
        active, apart, shared = _active(town.store)
        noted = [digest for digest, _ in town.customers()]
        wanted = grouped(noted, active, apart, shared)
        mine = {frozenset(DIGESTS.index(one) for one in members) for members, _ in wanted.groups}
        alone = {frozenset([one]) for one in PEOPLE if DIGESTS[one] not in noted}
        assert town.groups() == mine | alone
        with town.store._write() as connection:
            before = town.customers()
            regroup(connection, noted)
        assert town.customers() == before
        town.store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.just("find"), st.sampled_from(PEOPLE), st.sampled_from(range(len(VALUES)))), max_size=12))
def test_to_unlink_and_to_link_again_loses_nothing(done: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        town = Town(Path(folder))
        town.go(done)
        before, links = town.groups(), _links(town.store)
        for group in sorted(before, key=sorted):
            for one, other in list(combinations(sorted(group), 2))[:3]:
                town.go([("unlink", one, other)])
                assert not any({one, other} <= found for found in town.groups())
                town.go([("link", one, other)])
                assert town.groups() == before
        assert _links(town.store) == links
        town.store.close()


def _links(store: Store) -> list[tuple[object, ...]]:
    query = "SELECT profile, kind, value, state, evidence, held FROM customer_links WHERE kind IN ('phone', 'card')"
    return rows(store, f"{query} ORDER BY profile, kind, value")
