"""Access tokens of OAuth 2, refreshed by one process at a time and kept for all of this user's on this machine.

One file per credential lies in the folder ``tokens`` of the state folder, mode 0600, and is written anew under a lock:
beside it, synced, then renamed. A refresh token works once at many vendors, so the sequence is: lock, read what others
may have got meanwhile, note that a refresh begins, ask, write the answer, use it. A process that dies between the
vendor's answer and the disk takes the only valid refresh token with it; the note says so to whoever is refused next.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pydantic import SecretStr

from hub.runtime.hops import redact
from hub.runtime.logs import register_secrets
from hub.sdk import Auth, AuthError, OAuth2, Outgoing, Request, Response, SourceError, StoreError, TransientError
from hub.sdk.messages import parse_retry_after
from hub.store.machine import digest, shared_folder, try_lock

_EARLY_S = 60.0  # a token is renewed so long before it ends
_LOCK_POLL_S = 0.05
_BUSY = (408, 425, 429)

Send = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Kept:
    """The content of a file. ``refreshing_at``: a refresh began then and its answer was not written down."""

    refresh: str
    access: str | None = None
    expires_at: float | None = None
    refreshing_at: float | None = None


@dataclass(frozen=True, slots=True)
class _Placed:
    """An access token in its place; its secrets are all the tokens that are known."""

    auth: Auth
    token: str
    known: tuple[str, ...]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.auth!r})"

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return self.auth.apply(outgoing, base_url)

    def secrets(self) -> tuple[str, ...]:
        return self.known


class Tokens:
    """The tokens of one credential.

    Args:
        oauth: the credential as the connector gives it.
        send: sends a request once, without credentials.
        now: seconds since 1970.
    """

    def __init__(self, oauth: OAuth2, send: Send, now: Callable[[], float] = time.time) -> None:
        self._oauth = oauth
        self._send = send
        self._now = now
        self._kept: _Kept | None = None
        self._known: dict[str, None] = dict.fromkeys(oauth.secrets())

    def secrets(self) -> tuple[str, ...]:
        """Return every secret of the credential that this process has met."""
        return tuple(self._known)

    async def auth(self, refused: Auth | None = None) -> Auth:
        """Return what puts a valid access token into a request.

        Args:
            refused: what was used when the source refused it: another token is to be had.

        Raises:
            AuthError: the refresh token is refused; a person has to authorise the app anew.
            TransientError, SourceError: there is no usable answer.
            StoreError: the state folder cannot be used.
        """
        bad = refused.token if isinstance(refused, _Placed) else None
        kept = self._kept
        if kept is None or not self._is_good(kept, bad):
            async with self._locked() as file:
                kept = self._read(file)
                if not self._is_good(kept, bad):
                    kept = await self._refreshed(file, kept)
            self._kept = kept
        assert kept.access is not None  # noqa: S101 - a good one has it
        return _Placed(self._oauth.place(SecretStr(kept.access)), kept.access, self.secrets())

    def _is_good(self, kept: _Kept, bad: str | None) -> bool:
        if kept.access is None or kept.access == bad:
            return False
        return kept.expires_at is None or self._now() < kept.expires_at - _EARLY_S

    async def _refreshed(self, file: Path, kept: _Kept) -> _Kept:
        self._write(file, replace(kept, refreshing_at=self._now()))
        try:
            response = await self._send(self._oauth.refresh(SecretStr(kept.refresh)))
        except TransientError as error:
            if error.undone:
                self._write(file, kept)
            error.undone = True  # of the request that wanted the token, for it was not sent at all
            raise
        seen = f"{response.status} from {self._oauth.token_url}"
        if response.status >= 400:  # a clear answer: this refresh was not cut off
            self._write(file, kept)
        if response.status in _BUSY or response.status >= 500:
            wait = parse_retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            raise TransientError(f"{seen}: no access token now", retry_after=wait, undone=True)
        try:
            grant = self._oauth.read(response)
        except AuthError as error:
            raise AuthError(redact(f"{error}; {_todo(kept)}", self.secrets())) from None
        except SourceError:  # its text may quote the answer, and with it tokens that nobody knows yet
            raise SourceError(f"{seen}: no access token can be read in the answer", retry=True) from None
        expires_at = None if grant.expires_in_s is None else self._now() + grant.expires_in_s
        refresh = grant.refresh_token.get_secret_value() if grant.refresh_token else kept.refresh
        new = _Kept(refresh, grant.access_token.get_secret_value(), expires_at)
        self._write(file, new)
        self._learn(new)
        return new

    # --- the file -------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _locked(self) -> AsyncIterator[Path]:
        """Give the file, once no other process or task is at it."""
        first = self._oauth.refresh_token.get_secret_value()
        file = shared_folder("tokens") / digest(self._oauth.token_url, self._oauth.client_id, first)
        try:
            # Another process holds it, and nobody tells when it lets go.
            while (held := try_lock(file.with_suffix(".lock"))) is None:  # noqa: ASYNC110 - as said
                await asyncio.sleep(_LOCK_POLL_S)
            with held:
                yield file
        except OSError as error:
            raise StoreError(
                f"{error.filename or file}: {error.strerror}; tokens are kept there, make it writable"
            ) from error

    def _read(self, file: Path) -> _Kept:
        try:
            kept = _Kept(**orjson.loads(file.read_bytes()))
        except FileNotFoundError:
            kept = _Kept(self._oauth.refresh_token.get_secret_value())
        except (orjson.JSONDecodeError, TypeError) as error:
            raise StoreError(f"{file}: cannot be read; remove it and authorise the app anew") from error
        self._learn(kept)
        return kept

    def _write(self, file: Path, kept: _Kept) -> None:
        part = file.with_suffix(".part")
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(fd, orjson.dumps(asdict(kept)))
            os.fsync(fd)
        finally:
            os.close(fd)
        part.replace(file)
        folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)  # the new name must outlast a power cut too
        finally:
            os.close(folder)

    def _learn(self, kept: _Kept) -> None:
        new = [token for token in (kept.access, kept.refresh) if token and token not in self._known]
        self._known.update(dict.fromkeys(new))
        register_secrets(new)


def _todo(kept: _Kept) -> str:
    again = "authorise the app anew and set the refresh token that you get"
    if kept.refreshing_at is None:
        return again
    at = datetime.fromtimestamp(kept.refreshing_at, UTC)
    return f"a refresh of {at:%Y-%m-%d %H:%M:%S} UTC was cut off, its token is lost; {again}"
