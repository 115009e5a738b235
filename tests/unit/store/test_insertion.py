"""Rows go in as they are, however many there are and whatever they have in common."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from hub.store.insertion import Row, insert

NAMES = ("n", "a", "b", "c")


@pytest.fixture
def connection() -> Iterator[sa.Connection]:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (n INTEGER PRIMARY KEY, c, b, a)")
        yield connection
    engine.dispose()


def stored(connection: sa.Connection) -> list[Row]:
    return [tuple(row) for row in connection.exec_driver_sql("SELECT n, a, b, c FROM t ORDER BY n")]


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 64, 100])
def test_every_row_is_stored_with_each_value_in_its_column(connection: sa.Connection, count: int) -> None:
    rows: list[Row] = [(n, f"a{n}", None if n % 3 else b"b", n / 2) for n in range(count)]
    insert(connection, "t", NAMES, rows)
    assert stored(connection) == rows


@pytest.mark.parametrize("odd", [0, 1, 40, 63])
def test_one_row_that_differs_is_no_different_in_what_the_others_share(connection: sa.Connection, odd: int) -> None:
    rows: list[Row] = [(n, "same", None, "odd" if n == odd else "even") for n in range(64)]
    insert(connection, "t", NAMES, rows)
    assert stored(connection) == rows


def test_pages_that_share_different_columns_do_not_mix_them_up(connection: sa.Connection) -> None:
    rows: list[Row] = [(n, n, "b", n) for n in range(40)]
    more: list[Row] = [(n, "a", n, None) for n in range(40, 80)]
    insert(connection, "t", NAMES, rows)
    insert(connection, "t", NAMES, more)
    assert stored(connection) == rows + more


def test_the_widest_table_keeps_to_the_values_that_any_sqlite_takes(connection: sa.Connection) -> None:
    names = ("n", *(f"c{at}" for at in range(29)))
    connection.exec_driver_sql(f"CREATE TABLE wide ({', '.join(names)})")
    seen: list[int] = []

    @sa.event.listens_for(connection, "before_cursor_execute")
    def _count(
        _connection: object, _cursor: object, _sql: str, values: list[Row], _context: object, _many: bool
    ) -> None:
        seen.extend(map(len, values))

    insert(connection, "wide", names, [tuple(range(n, n + 30)) for n in range(64)])
    assert seen == [960, 960]
