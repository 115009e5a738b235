"""Opening a database: pragmas, migrations, and what SQLite's errors mean to a person."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from hub.sdk.errors import ConfigError, StoreError
from hub.store.search import CREATE_SEARCH
from hub.store.tables import HEAD, customer_state, metadata, search_state, upkeep_state

_SQLITE = "sqlite:///"
_PAGE_BYTES = 8192
_WAIT_S = 30.0  # for a database that another process holds
_STEP_MS = 1_000  # of it in the driver, where nobody can end the waiting
_CACHE_KIB = 4_096
_WAL_PAGES = 4_000  # a bulk run rewrites the same index pages; fewer checkpoints copy them less often
_MIGRATIONS = Path(__file__).parent / "migrations"


def path_of(url: str) -> Path:
    """Return the file of a ``sqlite:///`` URL.

    Raises:
        ConfigError: the URL is of another kind.
    """
    path = url.removeprefix(_SQLITE)
    if path in (url, ""):
        kind = url.split("://", maxsplit=1)[0]
        raise ConfigError(f'store: {kind!r} cannot be used; write store = "sqlite:///hub.db"')
    return Path(path)


def open_engine(path: Path, *, durable: bool = False, stop: Event | None = None) -> sa.Engine:
    """Return an engine on the file *path*; each connection has our pragmas, transactions begin IMMEDIATE.

    A new file is its owner's alone, as it holds personal data; what SQLite puts beside it gets the same rights.

    Args:
        durable: what is committed outlasts a power cut too; without it the last moments before one may be lost, which
            reading again makes good.
        stop: once it is set, nobody waits for a database that another process holds.

    Raises:
        StoreError: the file is the database of another program; it is left as it is.
    """
    _refuse_strangers(path)
    with suppress(OSError):  # it is there already, or SQLite says in a moment why it cannot be
        _make_private(path)
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"check_same_thread": False, "timeout": _WAIT_S},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions by itself
        connection.execute(f"PRAGMA page_size={_PAGE_BYTES}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        connection.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.execute("PRAGMA secure_delete=OFF")  # erasing a person turns it on; else it costs with every write
        connection.execute(f"PRAGMA busy_timeout={_STEP_MS}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - what the URL asks for
        _patiently(driver, connection.get_execution_options().get("begin", "BEGIN"), stop or Event())

    return engine


def _patiently(connection: sqlite3.Connection, sql: str, stop: Event) -> None:
    """Execute *sql*, again and again while another process holds the database, in steps that Ctrl-C or *stop* end."""
    until = time.monotonic() + _WAIT_S
    while True:
        try:
            connection.execute(sql)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or stop.is_set() or time.monotonic() >= until:
                raise
        else:
            return


def _refuse_strangers(path: Path) -> None:
    # Looked at without our pragmas: some of them change the file for its owner.
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and "alembic_version" not in tables:
            raise StoreError(
                f"{path}: this is another program's database, with the tables {', '.join(sorted(tables)[:3])};"
                " name another file as store in hub.toml"
            )


def _make_private(path: Path) -> None:
    # Only a new file: closing one that is open as a database would take SQLite's locks on it away.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def write_anew(cursor: Any) -> bool:
    """Write the file anew, without what was overwritten or freed; return False where a reader keeps the old bytes."""
    try:
        cursor.execute(f"PRAGMA busy_timeout={_WAIT_S * 1000:.0f}")
        cursor.execute("VACUUM")
        return not cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
    finally:
        cursor.execute(f"PRAGMA busy_timeout={_STEP_MS}")


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a connection inside a transaction that holds the write lock from its start."""
    with engine.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
        yield connection


def is_empty(engine: sa.Engine) -> bool:
    """Return whether the file holds no table yet: it is new, or its making was cut short."""
    with reported(engine), engine.connect() as connection:
        return not sa.inspect(connection).get_table_names()


def revision_of(engine: sa.Engine) -> str | None:
    """Return the migration the database stands at; None for an empty one."""
    with reported(engine), engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def create(engine: sa.Engine) -> None:
    """Make the tables of a new database at once; a test holds them to what the migrations make."""
    with reported(engine), writing(engine) as connection:
        if sa.inspect(connection).has_table("alembic_version"):
            return  # another process was quicker
        metadata.create_all(connection)
        connection.execute(sa.text(CREATE_SEARCH))
        connection.execute(sa.insert(search_state).values(id=1, indexed_to=0))
        connection.execute(sa.insert(customer_state).values(id=1, events_to=0, named_to=0))
        connection.execute(sa.insert(upkeep_state).values(id=1, events_to=0))
        connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
        connection.execute(sa.text("INSERT INTO alembic_version VALUES (:head)"), {"head": HEAD})


def migrate(engine: sa.Engine) -> None:
    """Bring the database to :data:`HEAD`, in one transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with reported(engine), writing(engine) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, HEAD)


def require_head(engine: sa.Engine, path: Path) -> None:
    """Refuse a database of another schema.

    Raises:
        StoreError: it is older (with the command that upgrades it) or newer (with the version wanted).
    """
    found = revision_of(engine)
    if found == HEAD:
        return
    if found is not None and found > HEAD:
        raise StoreError(
            f"{path}: the database has schema {found}, this helpdesk-hub knows up to {HEAD};"
            " install a newer helpdesk-hub, or open a backup made before the upgrade"
        )
    raise StoreError(
        f'{path}: the database has schema {found or "none"}, {HEAD} is wanted; run "hub store backup FILE", '
        'then "hub store upgrade"'
    )


def copy(path: Path, target: Path) -> int:
    """Copy the database *path* to the new file *target*, consistent while others write; return its size in bytes.

    The copy is its owner's alone.

    Raises:
        StoreError: there is no database, *target* exists, or it cannot be written.
    """
    if not path.is_file():
        raise StoreError(f"{path}: there is no database to back up; run the command beside its hub.toml")
    if target.exists():
        raise StoreError(f"{target} exists; name another file, or move it away")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        _make_private(part)
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(part)) as made:
            source.backup(made)  # in one step: one in parts begins anew when others write
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(f"{target}: {error}; check the path and the free space, the store is untouched") from error
    return target.stat().st_size


@contextmanager
def reported(engine: sa.Engine) -> Iterator[None]:
    """Turn the driver's errors into a StoreError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        raise StoreError(_advice(str(engine.url.database), error.orig)) from error
    except sqlite3.Error as error:
        raise StoreError(_advice(str(engine.url.database), error)) from error


def _advice(path: str, error: BaseException | None) -> str:
    seen = str(error)
    if "full" in seen or "disk I/O" in seen:
        todo = "the disk is full or failing; free some space and run again: nothing was half-written"
    elif "locked" in seen or "busy" in seen:
        todo = "another process holds the database; wait for it or stop it, then run again: nothing was half-written"
    elif "readonly" in seen or "unable to open" in seen:
        todo = "the file or its folder cannot be written; check the path and its rights"
    elif "not a database" in seen or "malformed" in seen:
        todo = "the file is damaged or not a database; restore a backup, or name another file as store"
    else:
        todo = "nothing was half-written; run again, and report this if it stays"
    return f"{path}: {seen}; {todo}"
