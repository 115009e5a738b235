"""Search of titles and bodies: FTS5 over folded text, followed up in batches behind the checkpoint.

Folding takes away what a person searching does not mean: case, ё, stress marks, zero-width characters. The index has
no text of its own (contentless): removing a row takes the text that was put in, which the caller still has.
"""

import re
import unicodedata
from collections.abc import Iterable

import sqlalchemy as sa

from hub.store.tables import messages, search_state, tickets

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f]")
_STRESS = re.compile("[\u0300\u0301]")
_STRESSED = re.compile("[\u0300\u0301ЀЍЃЌѐѝѓќ]")  # Latin letters with marks are the tokenizer's part
_WORD = re.compile(r"\w+\*?")
_QUOTED = re.compile(r'"([^"]*)"|(\S+)')
_BATCH = 2000

CREATE_SEARCH = "CREATE VIRTUAL TABLE search USING fts5(text, content='', tokenize='unicode61 remove_diacritics 2')"
_INSERT = sa.text("INSERT INTO search (rowid, text) VALUES (:n, :text)")
_DELETE = sa.text("INSERT INTO search (search, rowid, text) VALUES ('delete', :n, :text)")


def fold(text: str) -> str:
    """Return *text* as it is indexed and searched: lower case, ё as е, letters with their marks in one character, no
    stress marks, nothing invisible."""
    if text.isascii():
        return text.lower()
    if _INVISIBLE.search(text):
        text = _INVISIBLE.sub("", text)
    if _STRESSED.search(text):
        text = _STRESS.sub("", unicodedata.normalize("NFD", text))
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    return text.casefold().replace("ё", "е")


def indexed_text(title: str | None, body: str) -> str:
    """Return what the index holds of a message: its folded body, with the ticket's title where it opens one."""
    return fold(f"{title}\n{body}" if title else body)


def match_query(words: str) -> str:
    """Return the FTS5 query of what a person typed: every word must occur, ``карт*`` is a beginning, quotes make a
    phrase. Empty when there is no word in it."""
    parts = []
    for phrase, word in _QUOTED.findall(words):
        terms = _WORD.findall(fold(phrase or word))
        if phrase and terms:
            parts.append('"' + " ".join(term.rstrip("*") for term in terms) + '"')
        else:
            parts.extend(f'"{term.rstrip("*")}"{"*" if term.endswith("*") else ""}' for term in terms)
    return " AND ".join(parts)


def remove(connection: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Take messages out of the index: their row numbers with the text as :func:`indexed_text` gave it."""
    _run(connection, _DELETE, rows)


def add(connection: sa.Connection, rows: Iterable[tuple[int, str]]) -> None:
    """Put messages into the index."""
    _run(connection, _INSERT, rows)


def _run(connection: sa.Connection, statement: sa.TextClause, rows: Iterable[tuple[int, str]]) -> None:
    values = [{"n": n, "text": text} for n, text in rows]
    if values:
        connection.execute(statement, values)


def settle(connection: sa.Connection) -> None:
    """Bring the index in line after messages were erased: rewritten as a whole, so that no segment holds a word of
    theirs any more, and ready for new messages, which may get the row numbers that became free."""
    connection.exec_driver_sql("INSERT INTO search (search) VALUES ('optimize')")
    take_back(connection)


def take_back(connection: sa.Connection) -> None:
    """Be ready for new messages after some were removed: they may get the row numbers that became free."""
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(messages.c.n), 0))).scalar_one()
    beyond = search_state.c.indexed_to > last
    connection.execute(sa.update(search_state).where(beyond).values(indexed_to=last))


def indexed_to(connection: sa.Connection) -> int:
    """Return the row number of the last message that is in the index."""
    return int(connection.execute(sa.select(search_state.c.indexed_to)).scalar_one())


def behind(connection: sa.Connection) -> int:
    """Return how many messages are not in the index yet."""
    query = sa.select(sa.func.count()).select_from(messages).where(messages.c.n > indexed_to(connection))
    return int(connection.execute(query).scalar_one())


def is_current(connection: sa.Connection) -> bool:
    """Whether every message is in the index."""
    last = connection.execute(sa.select(sa.func.max(messages.c.n))).scalar()
    return (last or 0) <= indexed_to(connection)


def index_batch(connection: sa.Connection) -> int:
    """Index the next messages after the last indexed one, inside the caller's transaction; return how many."""
    start = indexed_to(connection)
    opens = messages.c.id == tickets.c.opening
    query = (
        sa.select(messages.c.n, sa.case((opens, tickets.c.title)), messages.c.body)
        .join(tickets, tickets.c.n == messages.c.ticket_n)
        .where(messages.c.n > start)
        .order_by(messages.c.n)
        .limit(_BATCH)
    )
    rows = connection.execute(query).all()
    if rows:
        add(connection, ((n, indexed_text(title, body)) for n, title, body in rows))
        connection.execute(sa.update(search_state).values(indexed_to=rows[-1][0]))
    return len(rows)
