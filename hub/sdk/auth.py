"""Credentials as values. A connector returns one from ``auth()``; the transport applies it to every request
that stays on the source's own host, and takes its secrets out of every text it lets through."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import quote

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A request about to be sent: what an :class:`Auth` may add to."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None = None
    json: Any = None

    def with_header(self, name: str, value: str) -> "Outgoing":
        """Return the same request with one header more."""
        return replace(self, headers={**self.headers, name: value})


class Auth(Protocol):
    """How requests prove who we are."""

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        """Return *outgoing* with the credentials added; no I/O. Called for every try, so a signature may hold its time.

        ``outgoing.body`` is what will be sent, byte for byte, unless ``json`` is given another value here.
        """
        ...

    def secrets(self) -> tuple[str, ...]:
        """Return every form in which a secret may show up in a URL, header or body."""
        ...


@dataclass(frozen=True, slots=True)
class NoAuth:
    """The source asks for no credentials."""

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return outgoing

    def secrets(self) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header of its own."""

    header: str
    key: SecretStr

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return outgoing.with_header(self.header, self.key.get_secret_value())

    def secrets(self) -> tuple[str, ...]:
        return (self.key.get_secret_value(),)


@dataclass(frozen=True, slots=True)
class Bearer:
    """``Authorization: Bearer <token>``; *scheme* for vendors with another word, such as ``Token token=``."""

    token: SecretStr
    scheme: str = "Bearer "

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return outgoing.with_header("Authorization", self.scheme + self.token.get_secret_value())

    def secrets(self) -> tuple[str, ...]:
        return (self.token.get_secret_value(),)


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic: user and password (or an API token in the password's place)."""

    user: str
    password: SecretStr

    def _encoded(self) -> str:
        return base64.b64encode(f"{self.user}:{self.password.get_secret_value()}".encode()).decode()

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return outgoing.with_header("Authorization", f"Basic {self._encoded()}")

    def secrets(self) -> tuple[str, ...]:
        return (self.password.get_secret_value(), self._encoded())


@dataclass(frozen=True, slots=True)
class BodyField:
    """A token as a field of the JSON body."""

    field: str
    token: SecretStr

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        return replace(outgoing, json={**(outgoing.json or {}), self.field: self.token.get_secret_value()})

    def secrets(self) -> tuple[str, ...]:
        return (self.token.get_secret_value(),)


@dataclass(frozen=True, slots=True)
class SecretPath:
    """A secret that is part of the address, between the base URL and the method's path."""

    path: SecretStr

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        rest = outgoing.url.removeprefix(base_url)
        return replace(outgoing, url=f"{base_url}/{quote(self.path.get_secret_value().strip('/'))}{rest}")

    def secrets(self) -> tuple[str, ...]:
        whole = self.path.get_secret_value().strip("/")
        return (whole, *(part for part in whole.split("/") if len(part) > 5))


@dataclass(frozen=True, slots=True)
class Signature:
    """A keyed hash of the request in a header.

    Args:
        header: where the signature goes.
        key: the shared secret.
        text: what is signed, made of the request.
        prefix: put before the hex digest.
    """

    header: str
    key: SecretStr
    text: Callable[[Outgoing], bytes]
    prefix: str = ""

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        digest = hmac.new(self.key.get_secret_value().encode(), self.text(outgoing), hashlib.sha256).hexdigest()
        return outgoing.with_header(self.header, self.prefix + digest)

    def secrets(self) -> tuple[str, ...]:
        return (self.key.get_secret_value(),)
