"""New rows, many in one statement: to bind a value and to step a statement costs SQLite more than to store the row.

What all rows of a page have in common (the connector, the instance, NULL where a column is seldom used) is bound once
a statement.
"""

from collections.abc import Sequence
from functools import lru_cache

import sqlalchemy as sa

Row = tuple[object, ...]

_TOGETHER = 32  # rows of one statement: with 30 columns still below the 999 values that any SQLite takes


def insert(connection: sa.Connection, table: str, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    """Insert *rows* into *table*; each has the values of the columns *names*, in their order."""
    full = len(rows) // _TOGETHER * _TOGETHER
    if full:
        _insert_groups(connection, table, names, rows[:full])
    if rest := rows[full:]:
        each = tuple(f"?{at + 1}" for at in range(len(names)))
        connection.exec_driver_sql(_statement(table, names, (each,)), list(rest))


def _insert_groups(connection: sa.Connection, table: str, names: tuple[str, ...], rows: Sequence[Row]) -> None:
    columns = list(zip(*rows, strict=True))
    same = tuple([column[0] == column[-1] and column.count(column[0]) == len(column) for column in columns])
    shared = tuple([column[0] for column, one in zip(columns, same, strict=True) if one])
    own = [column for column, one in zip(columns, same, strict=True) if not one]
    groups = []
    for start in range(0, len(rows), _TOGETHER):
        values = list(shared)
        for column in own:
            values += column[start : start + _TOGETHER]
        groups.append(tuple(values))
    connection.exec_driver_sql(_grouped(table, names, same), groups)


@lru_cache(maxsize=32)
def _grouped(table: str, names: tuple[str, ...], same: tuple[bool, ...]) -> str:
    """Return the statement of a group: first the values that are shared, then those of each other column in turn."""
    first: list[int] = []
    free = 1
    for one in same:
        first.append(free if one else 0)
        free += one
    for at, one in enumerate(same):
        if not one:
            first[at] = free
            free += _TOGETHER
    lines = tuple(
        tuple(f"?{number if one else number + line}" for number, one in zip(first, same, strict=True))
        for line in range(_TOGETHER)
    )
    return _statement(table, names, lines)


@lru_cache(maxsize=32)
def _statement(table: str, names: tuple[str, ...], lines: tuple[tuple[str, ...], ...]) -> str:
    places = ", ".join(f"({', '.join(line)})" for line in lines)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES {places}"  # noqa: S608 - our own names
