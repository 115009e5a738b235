"""What all hub processes of one user on this machine share: a folder, and locks in it.

POSIX only. The locks are ``flock`` locks: the kernel lets go of one when the process that holds it ends, however
it ends, so nothing has to be cleaned up after a crash. A child that is forked without ``exec`` inherits them.
The folder must be on a local disk; network file systems do not promise ``flock``.
"""

import fcntl
import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from hub.sdk.errors import StoreError

STATE_VARIABLE = "HUB_STATE_DIR"
_FOLDER = "helpdesk-hub"


def state_dir() -> Path:
    """Return the folder of this user's hub state on this machine, created with mode 0700 where it is missing.

    It is ``$HUB_STATE_DIR``, else ``helpdesk-hub`` below ``$XDG_STATE_HOME`` or ``~/.local/state``: the same
    whatever the working folder. A folder that exists keeps its mode.

    Raises:
        StoreError: the path is relative, or the folder cannot be made or written.
    """
    path = _chosen()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(_unusable(path, error.strerror)) from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise StoreError(_unusable(path, "not writable for this user"))
    return path


def shared_folder(name: str) -> Path:
    """Return the folder *name* below :func:`state_dir`, created where it is missing.

    Raises:
        StoreError: as :func:`state_dir`.
    """
    path = state_dir() / name
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(_unusable(path, error.strerror)) from error
    return path


def digest(*parts: str) -> str:
    """Return a hex digest of *parts* to name a file by: no secret and no character that a file system minds."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


class Lock:
    """An exclusive lock that is held, of the open file ``fd``. Leaving ``with`` lets go of it.

    :func:`lock` and :func:`try_lock` give one whose file is open for reading and writing.
    """

    __slots__ = ("fd",)

    def __init__(self, fd: int) -> None:
        self.fd = fd

    def release(self) -> None:
        """Let go. A second call does nothing."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.release()


def try_lock(path: str | Path) -> Lock | None:
    """Return the lock of the file *path* (created where it is missing), or None: someone holds it.

    Raises:
        OSError: the file cannot be opened.
    """
    return claim(_opened(path))


def claim(fd: int) -> Lock | None:
    """Return the lock of the open file *fd*, or None: someone holds it, and *fd* is closed.

    Raises:
        OSError: the file system has no locks.
    """
    return _locked(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


def lock(path: str | Path) -> Lock:
    """Return the lock of the file *path*, as soon as nobody else holds it. Blocks the thread.

    Raises:
        OSError: the file cannot be opened.
    """
    held = _locked(_opened(path), fcntl.LOCK_EX)
    assert held is not None  # noqa: S101 - a blocking flock returns only with the lock
    return held


def is_held(path: str | Path) -> bool:
    """Return whether someone, this process included, holds the lock of *path*. Asking disturbs nobody else who asks.

    Raises:
        OSError: the file exists and cannot be opened.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _chosen() -> Path:
    named = os.environ.get(STATE_VARIABLE)
    if named:
        return _absolute(named)
    base = os.environ.get("XDG_STATE_HOME", "")
    if not Path(base).is_absolute():  # the XDG specification: a relative path is to be ignored
        base = "~/.local/state"
    return _absolute(base) / _FOLDER


def _absolute(named: str) -> Path:
    try:
        path = Path(named).expanduser()
    except RuntimeError as error:
        raise StoreError(f"{named}: this user has no home folder; set {STATE_VARIABLE} to a folder") from error
    if not path.is_absolute():
        raise StoreError(f"{STATE_VARIABLE}={named!r} is relative, so processes would not meet; write a full path")
    return path


def _opened(path: str | Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _locked(fd: int, how: int) -> Lock | None:
    try:
        fcntl.flock(fd, how)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return Lock(fd)


def _unusable(path: Path, why: str | None) -> str:
    return f"{path}: {why}; make it writable, or set {STATE_VARIABLE} to a folder on a local disk that is"
