"""Locks by which two processes never do the same work on one store: files in a folder beside its database.

They hold whoever runs the processes, whatever their state folders are. Whoever may write the database may take them:
the folder follows its rights, as the files do that SQLite itself puts there.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count, takewhile
from pathlib import Path

from hub.sdk.errors import StoreError
from hub.store.machine import Lock, claim, digest, is_held

SUFFIX = ".locks"
"""What the folder's name has more than the database's."""

_WRITE = 0o222
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE_MODE = 0o444  # nothing is ever written in it; who may open it at all is up to the folder


def store_lock(database: Path, *work: str) -> Lock | None:
    """Return the lock of *work* on the store in the file *database*, or None: someone holds it, here or elsewhere.

    Args:
        work: names the work. The file's name is a digest of it.

    Raises:
        StoreError: the folder cannot be made or used.
    """
    with _folder(database) as fd:
        return claim(_lock_file(digest(*work), fd))


def is_locked(database: Path, *work: str) -> bool | None:
    """Return whether someone holds the lock of *work*, here or elsewhere; None: this user cannot look.

    Asking makes nothing, and keeps others from taking it for an instant only.
    """
    try:
        return is_held(_place(database) / digest(*work))
    except OSError:
        return None


def daemon_lock(database: Path) -> Lock:
    """Return a lock by which everybody sees that one more daemon works on the store in the file *database*.

    Raises:
        StoreError: the folder cannot be made or used.
    """
    return next(held for n in count() if (held := store_lock(database, *_daemon(n))) is not None)


def daemons(database: Path) -> int | None:
    """Return how many daemons work on the store in the file *database*, whoever runs them; None: this user cannot
    look."""
    # Each took the first that was free: behind one that was never made there is none.
    files = (_place(database) / digest(*_daemon(n)) for n in count())
    try:
        return sum(map(is_held, takewhile(Path.exists, files)))
    except OSError:
        return None


def require_locks(database: Path) -> None:
    """See that locks on the store in the file *database* can be taken here.

    Raises:
        StoreError: the folder cannot be made or used.
    """
    with _folder(database):
        pass


@contextmanager
def _folder(database: Path) -> Iterator[int]:
    """Give the folder of the locks, made where it is missing, open and with the rights of *database*."""
    folder = _place(database)
    try:
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        fd = os.open(folder, _FOLDER)
        try:
            with suppress(OSError):  # another user's: it has the rights that he gave it
                _follow(fd, database.stat())
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            yield fd
        finally:
            os.close(fd)
    except OSError as error:
        raise StoreError(
            f"{folder}: {error.strerror}; all who work on this store take their locks in this folder:"
            " make it one that this user may write, or run as the user who owns the database"
        ) from error


def _place(database: Path) -> Path:
    path = database.resolve()  # by whatever way it is named, it is one store
    return path.with_name(path.name + SUFFIX)


def _daemon(n: int) -> tuple[str, str]:
    return "daemon", str(n)


def _follow(fd: int, database: os.stat_result) -> None:
    """Give the folder *fd* to who may write *database*, and to nobody else."""
    found = os.fstat(fd)
    owner = database.st_uid if os.geteuid() == 0 else found.st_uid  # root works for the owner, as SQLite does
    if (found.st_uid, found.st_gid) != (owner, database.st_gid):
        os.fchown(fd, owner, database.st_gid)
    writers = database.st_mode & _WRITE
    mode = writers << 1 | writers | writers >> 1
    if found.st_mode & 0o777 != mode:
        os.fchmod(fd, mode)


def _lock_file(name: str, folder: int) -> int:
    """Return the file *name* of *folder*, made where it is missing, open."""
    with suppress(FileExistsError):
        fd = os.open(name, _FILE | os.O_CREAT | os.O_EXCL, _FILE_MODE, dir_fd=folder)
        with suppress(OSError):  # a file system without modes
            os.fchmod(fd, _FILE_MODE)  # whatever the umask takes away
        return fd
    return os.open(name, _FILE, dir_fd=folder)
