"""The store's door: every read and write of the hub goes through here.

Writes are serialised by the database's own write lock, taken at the start of each transaction, so two processes on
one file wait for each other. ``run`` brings a call to the writer thread, so that a loop never waits for a disk.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from types import MappingProxyType, TracebackType
from typing import Any, ParamSpec, Self, TypeVar

import sqlalchemy as sa

from hub.routing.facts import Facts
from hub.sdk.errors import StoreError
from hub.sdk.ticket import Ticket
from hub.store import database, erase, failed, history, inventory, prune, queries, rulesets, search, state, writer
from hub.store.backfills import Backfills
from hub.store.customer_door import Customers
from hub.store.figures_door import FigureDoor
from hub.store.machine import Lock
from hub.store.moment_door import Moments
from hub.store.page import Checkpoint, Stored, StreamKey
from hub.store.queries import TicketEvent, TicketFilter, TicketLine
from hub.store.quiet import Quiet
from hub.store.replying import Replying
from hub.store.state import DeadLetter, InstanceState, StreamState
from hub.store.store_locks import daemon_lock, daemons, is_locked, require_locks, store_lock
from hub.store.surging import Surging
from hub.store.tables import HEAD, dead_letters, messages, tickets, upkeep_state

P = ParamSpec("P")
T = TypeVar("T")
Clock = Callable[[], datetime]
_ALL: Mapping[str, Sequence[str]] = MappingProxyType({})


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Summary:
    """How much the store holds. ``unindexed`` messages are not yet found by a search."""

    tickets: int
    messages: int
    dead_letters: int
    unindexed: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Recall:
    """What is remembered of an instance between runs.

    ``references``: when each was read, and its records. ``stale_originals``: whether there are originals older than
    they are to be kept.
    """

    references: Mapping[str, tuple[datetime, list[Any]]]
    stale_originals: bool


def open_store(url: str, *, now: Clock = _now) -> "Store":
    """Open the store at *url* (``sqlite:///path``); a new file gets its tables.

    Raises:
        StoreError: the schema is older or newer than this code's, or the file cannot be used.
        ConfigError: the URL is of another kind.
    """
    path = database.path_of(url)
    if not path.parent.is_dir():
        raise StoreError(f"{path}: the folder {path.parent} does not exist; create it or change store in hub.toml")
    stop = Event()
    engine = database.open_engine(path, stop=stop)
    try:
        if database.is_empty(engine):
            database.create(engine)
        database.require_head(engine, path)
    except BaseException:
        engine.dispose()
        raise
    return Store(engine, path, now, stop)


def upgrade_store(url: str) -> tuple[str | None, str]:
    """Bring the database at *url* to this code's schema; return the schema before and after.

    Raises:
        StoreError: it is newer than this code, or cannot be written.
    """
    path = database.path_of(url)
    engine = database.open_engine(path)
    try:
        before = database.revision_of(engine)
        if before is not None and before > HEAD:
            database.require_head(engine, path)
        database.migrate(engine)
    finally:
        engine.dispose()
    return before, HEAD


def backup_store(url: str, target: Path) -> int:
    """Copy the database at *url*, of whatever schema, to *target*, consistent while others write; return its bytes.

    Raises:
        StoreError: there is no database, *target* exists, or it cannot be written.
    """
    return database.copy(database.path_of(url), target)


class Store(Replying, Customers, FigureDoor, Surging, Backfills, Moments):
    """One open database. Made by :func:`open_store`; close it, or use it as a context manager."""

    def __init__(self, engine: sa.Engine, path: Path, now: Clock, stop: Event) -> None:
        self._engine = engine
        self._now = now
        self._stop = stop
        self._undecided: dict[int, str] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._durable: sa.Engine | None = None
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Finish what is being written and let the file go; what still waits for another process is given up."""
        self._stop.set()
        self._writer.shutdown()
        self._engine.dispose()
        if self._durable is not None:
            self._durable.dispose()

    async def run(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run *call*, a method of this store, in the writer thread."""
        return await asyncio.get_running_loop().run_in_executor(self._writer, lambda: call(*args, **kwargs))

    def lock(self, *work: str) -> Lock | None:
        """Return the lock of *work* on this store, or None: someone does it already, here or in another process.

        Raises:
            StoreError: the folder of the locks, beside the database, cannot be used.
        """
        return store_lock(self.path, *work)

    def is_locked(self, *work: str) -> bool | None:
        """Return whether someone holds the lock of *work* on this store; None: this user cannot look."""
        return is_locked(self.path, *work)

    def daemon_lock(self) -> Lock:
        """Return a lock by which everybody sees that one more daemon works on this store.

        Raises:
            StoreError: as :meth:`lock`.
        """
        return daemon_lock(self.path)

    def daemons(self) -> int | None:
        """Return how many daemons work on this store, whoever runs them; None: this user cannot look."""
        return daemons(self.path)

    def require_locks(self) -> None:
        """See that :meth:`lock` can be used, and raise what it would."""
        require_locks(self.path)

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        with database.reported(self._engine), database.writing(self._engine) as connection:
            yield connection

    @contextmanager
    def _write_durably(self) -> Iterator[sa.Connection]:
        """As :meth:`_write`, and it outlasts a power cut: what a destination was told cannot be read again."""
        if self._durable is None:
            self._durable = database.open_engine(self.path, durable=True, stop=self._stop)
        with database.reported(self._durable), database.writing(self._durable) as connection:
            yield connection

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with database.reported(self._engine), self._engine.connect() as connection:
            yield connection

    # --- the path of a record ---------------------------------------------------------------------------------------

    def checkpoint(self, checkpoint: Checkpoint) -> Stored:
        """Commit one page: tickets, messages, events, dead letters, originals and cursor, all or nothing."""
        with self._write() as connection:
            return writer.commit(connection, checkpoint)

    def absent(
        self,
        key: StreamKey,
        connector: str,
        namespace: str,
        window: tuple[datetime, datetime],
        seen: AbstractSet[bytes],
        scope: Mapping[str, Sequence[str]] = _ALL,
        others: AbstractSet[str] = frozenset(),
    ) -> inventory.Absent:
        """Return what is stored of the stream within *window* and *scope* (see :class:`hub.sdk.Sweep`), and not among
        *seen*.

        *others*: names of the instances that are configured beside this one; what was read under any other name may
        have been read under a former name of it.
        """
        with self._read() as connection:
            return inventory.absent(connection, key, connector, namespace, window, seen, scope, others)

    def absent_threads(
        self,
        key: StreamKey,
        connector: str,
        namespace: str,
        window: tuple[datetime, datetime],
        listed: AbstractSet[str],
        scope: Mapping[str, Sequence[str]] = _ALL,
        others: AbstractSet[str] = frozenset(),
    ) -> tuple[inventory.Absent, inventory.Absent]:
        """Return the threads stored of the stream within *window* and *scope* that are not among *listed*, and the
        cases of our tickets there that are not; *others* as in :meth:`absent`."""
        with self._read() as connection:
            threads = inventory.absent_threads(connection, key, connector, namespace, window, listed, scope, others)
            return threads, inventory.absent_cases(connection, key, connector, namespace, window, listed)

    def index_batch(self) -> int:
        """Bring the next messages into the search index; return how many (0: it is up to date)."""
        with self._read() as connection:
            if search.is_current(connection):
                return 0
        with self._write() as connection:
            return search.index_batch(connection)

    # --- state ------------------------------------------------------------------------------------------------------

    def keep_rules(self, version: str, files: Mapping[str, str]) -> None:
        """Note that the rules *version* are in force; *files*: text by name of the file.

        The first ones find the customers of the tickets that came before them.
        """
        last = self.latest_rules()
        if last is None or last.version != version:
            with self._write() as connection:
                if last is None:
                    history.name_customers(connection)
                rulesets.keep(connection, version, files, self._now())

    def latest_rules(self) -> rulesets.KeptRules | None:
        """Return the rules that came into force last."""
        with self._read() as connection:
            return rulesets.latest(connection)

    def stream_finished(
        self,
        key: StreamKey,
        error: str | None,
        asked: timedelta | None = None,
        warning: str | None = None,
        news: bool | None = None,
        began: datetime | None = None,
    ) -> Quiet | None:
        """Note how a run of a stream that *began* then ended, how long the source asked to wait, what it warned of, and
        whether a poll brought something new; return why it is suspicious that it did not."""
        with self._write() as connection:
            return state.stream_finished(connection, key, self._now(), error, asked, warning, news, began)

    def streams_listed(self, instance: str, listed: AbstractSet[tuple[str, str]]) -> None:
        """Note which streams and sweeps, each a stream and a name (empty: its poll), *instance* reads now; the others
        that are known are gone."""
        known = {(one.stream, one.name): one.gone_at is not None for one in self.streams(instance) if one.stream}
        if any(gone == (key in listed) for key, gone in known.items()):
            with self._write() as connection:
                state.streams_listed(connection, instance, listed, self._now())

    def keep_failed_page(self, page: failed.FailedPage) -> None:
        """Keep the page that stopped a stream, until :meth:`stream_finished` says that it went well."""
        with self._write() as connection:
            failed.keep(connection, page)

    def failed_pages(self, instance: str) -> list[failed.FailedPage]:
        """Return the pages that stopped streams of *instance*, newest first."""
        with self._read() as connection:
            return failed.pages_of(connection, instance)

    def recall(self, instance: str, keep_raw_since: datetime) -> Recall:
        """Return what a run of *instance* must know: its references, whether originals are too old."""
        with self._read() as connection:
            return Recall(
                state.references(connection, instance),
                state.has_originals(connection, instance, keep_raw_since),
            )

    def keep_reference(self, instance: str, name: str, value: Sequence[Any]) -> None:
        """Keep the records of a reference, read now."""
        with self._write() as connection:
            state.keep_reference(connection, instance, name, value, self._now())

    def pause(self, name: str, connector: str, reason: str, by: str = "person") -> None:
        """Pause an instance until it is resumed."""
        with self._write() as connection:
            state.pause(connection, name, connector, reason, by, self._now())

    def resume(self, name: str) -> bool:
        """Take a pause back; return whether there was one."""
        with self._write() as connection:
            return state.resume(connection, name)

    def try_to_write(self) -> None:
        """Write what is there already, to see that it can be done.

        Raises:
            StoreError: it cannot.
        """
        with self._write() as connection:
            connection.execute(sa.update(upkeep_state).values(events_to=upkeep_state.c.events_to))

    def forget_waits(self, names: Sequence[str]) -> None:
        """Let whatever failed of the instances *names* be tried at once."""
        with self._write() as connection:
            for name in names:
                state.forget_waits(connection, name)

    def owners_of_originals(self) -> list[str]:
        """Return the names of the instances that originals are kept of, configured or not."""
        with self._read() as connection:
            return state.owners_of_originals(connection)

    def said_since(self, messages: Sequence[bytes], at: datetime) -> frozenset[str]:
        """Return the names of the fields of *messages* (ids of 16 bytes) that the source changed after *at*; ``new``
        where one was first read then."""
        with self._read() as connection:
            return queries.said_since(connection, messages, at)

    def prune_originals(self, instance: str, before: datetime) -> int:
        """Remove the instance's originals read before a moment; return how many there were."""
        with self._write() as connection:
            return state.prune_originals(connection, instance, before)

    # --- reading ----------------------------------------------------------------------------------------------------

    def list_tickets(self, wanted: TicketFilter | None = None, limit: int = 50) -> list[TicketLine]:
        """Return tickets as a list shows them, newest first."""
        with self._read() as connection:
            return queries.list_tickets(connection, wanted or TicketFilter(), limit)

    def find_ticket(self, prefix: str) -> Ticket:
        """Return the one ticket whose id begins with *prefix*; StoreError when none or several."""
        with self._read() as connection:
            return queries.find_ticket(connection, prefix)

    def iter_tickets(self, wanted: TicketFilter | None = None) -> Iterator[Ticket]:
        """Yield every matching ticket with its messages, from one consistent view of the store."""
        with self._read() as connection:
            yield from queries.iter_tickets(connection, wanted or TicketFilter())

    def iter_facts(
        self, wanted: TicketFilter | None = None, *, with_history: bool = False
    ) -> Iterator[tuple[str, Facts]]:
        """Yield the id of every matching ticket with what rules saw of it when the customer's newest message was known;
        *with_history*: also what was known of the customer then."""
        with self._read() as connection:
            yield from queries.iter_facts(connection, wanted or TicketFilter(), with_history=with_history)

    def facts_of(self, prefix: str, now: datetime) -> Facts:
        """Return what rules see of the one ticket whose id begins with *prefix* at *now*."""
        with self._read() as connection:
            return queries.facts_of(connection, prefix, now)

    def events(self, ticket_id: str) -> list[TicketEvent]:
        """Return what happened to a ticket, oldest first."""
        with self._read() as connection:
            return queries.events_of(connection, ticket_id)

    def count_open(self) -> dict[tuple[str, str], int]:
        """Return how many tickets are open, by queue (empty: none) and priority."""
        with self._read() as connection:
            return queries.count_open(connection)

    def count_by(self, wanted: TicketFilter, column: str) -> list[tuple[Any, int]]:
        """Return how many tickets have each value of *column*, most first."""
        with self._read() as connection:
            return queries.count_by(connection, wanted, column)

    def dead_letters(self, instance: str | None = None, limit: int = 100) -> list[DeadLetter]:
        """Return the records set aside, newest first."""
        with self._read() as connection:
            return state.letters(connection, instance, limit)

    def dead_letter(self, n: int) -> DeadLetter:
        """Return one record set aside; StoreError when there is none."""
        with self._read() as connection:
            return state.letter(connection, n)

    def drop_dead_letters(self, numbers: Sequence[int]) -> int:
        """Remove records set aside; return how many there were."""
        with self._write() as connection:
            return state.drop_letters(connection, numbers)

    def instances(self) -> list[InstanceState]:
        """Return the instances that were ever paused."""
        with self._read() as connection:
            return state.instance_states(connection)

    def streams(self, instance: str | None = None, stream: str | None = None) -> list[StreamState]:
        """Return where every stream and sweep stands."""
        with self._read() as connection:
            return state.stream_states(connection, instance, stream)

    def summary(self) -> Summary:
        """Return how much there is."""
        with self._read() as connection:
            counts = {
                table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one())
                for table in (tickets, messages, dead_letters)
            }
            return Summary(**counts, unindexed=search.behind(connection), bytes=self._size())

    def _size(self) -> int:
        files = (self.path, *(self.path.with_name(self.path.name + end) for end in ("-wal", "-shm")))
        return sum(file.stat().st_size for file in files if file.exists())

    # --- old tickets ------------------------------------------------------------------------------------------------

    def old_tickets(self, before: datetime) -> prune.Pruned:
        """Return how many tickets ended and were not heard of since *before*; see :mod:`hub.store.prune`."""
        with self._read() as connection:
            return prune.old(connection, before)

    def pruned_at(self) -> datetime | None:
        """Return when the last of the old tickets was removed."""
        with self._read() as connection:
            return prune.pruned_at(connection)

    def prune_tickets(self, before: datetime) -> prune.Pruned:
        """Remove the next of the old tickets; return how many (0: there is none left, which is noted)."""
        with self._write() as connection:
            done = prune.prune(connection, before, self._now())
            if not done.tickets:
                prune.note_pruned(connection, self._now())
            return done

    # --- upkeep -----------------------------------------------------------------------------------------------------

    def backup(self, target: Path) -> int:
        """Copy the store to *target*; see :func:`backup_store`."""
        return database.copy(self.path, target)

    def named(self, author: str) -> erase.Named:
        """Return whom :meth:`erase` would remove for *author*, and how much.

        Raises:
            StoreError: *author* is blank.
        """
        with self._read() as connection:
            return erase.named(connection, author)

    def erase(self, author: str, linked: Sequence[tuple[str, str]] = ()) -> erase.Erased:
        """Remove the data of the person whose author key, handle or name is exactly *author*, and of the profiles
        *linked* (platform and key, as :meth:`named` has them).

        Raises:
            StoreError: *author* is blank; or the data is gone from every table, but a reader keeps the old bytes in
                the file.
        """
        while self.index_batch():  # so that the texts of others can be searched for the name
            pass
        people = [(author, None), *((key, platform) for platform, key in linked)]
        with self._write() as connection:
            names = set[str]().union(*(erase.names_of(connection, *one) for one in people))
            erased = sum((erase.erase(connection, key, self._now(), at) for key, at in people), erase.NOBODY)
            erased = replace(erased, named=erase.still_named(connection, names))
        with database.reported(self._engine), closing(self._engine.raw_connection()) as connection:
            busy = not database.write_anew(connection.cursor())
        if busy:
            left = "; ".join(f"{one.instance} {one.url or one.external_id or one.marker}" for one in erased.cases)
            raise StoreError(
                f"{self.path}: erased, but another process still reads the old pages, which keeps them in the file;"
                f" wait for it or stop it, then erase again{left and f'. Cases elsewhere tell of the person: {left}'}"
            )
        return erased
