"""What goes over the wire for a request: address, headers, body, credentials, and the redirects that may follow. Pure.

Credentials go to the instance's own site alone. Once a redirect has led away from it, no later one gets them back:
a stranger would choose what is asked in our name.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode, urljoin, urlsplit, urlunsplit

import orjson

from hub.sdk import Auth, ConfigError, NoAuth, Outgoing, Request, SecretPath, SourceError

_SECRET_CHARS = 4  # what is shorter stands in ordinary words
_PORTS = {"http": 80, "https": 443}
_NO_ADDRESS = "no usable address; check `base_url` (https://host[:port])"


@dataclass(frozen=True, slots=True)
class Hop:
    """One request on its way.

    Args:
        bare: without credentials.
        outgoing: with them, if it may have them.
        base_url: the instance's, without a slash at its end.
        auth: the credentials.
        trusted: whether this and all earlier hops are on the instance's own site.
    """

    bare: Outgoing
    outgoing: Outgoing
    base_url: str
    auth: Auth
    trusted: bool

    @classmethod
    def first(cls, request: Request, base_url: str, auth: Auth, usual_headers: Mapping[str, str]) -> "Hop":
        """Return *request* as it goes out.

        Raises:
            ConfigError: no usable address.
            SourceError: its parameters or body cannot be written down.
        """
        base_url = base_url.rstrip("/")
        url = _address(request, base_url, auth)
        label = _label(request.method, url, auth)
        bare = _bare(request, url, usual_headers, label)
        trusted = _same_site(base_url, url)
        outgoing = _authorised(bare, base_url, auth if trusted else NoAuth())
        if outgoing.json is not bare.json:
            outgoing = replace(outgoing, body=_json_body(outgoing.json, label))
        if outgoing.json is not None:
            outgoing.headers.setdefault("content-type", "application/json")
        return cls(bare, outgoing, base_url, auth, trusted)

    @property
    def url(self) -> str:
        return self.outgoing.url

    @property
    def label(self) -> str:
        """What messages call it: no query, no secret."""
        return _label(self.bare.method, self.url, self.auth)

    def redirected(self, status: int, location: str, usual_headers: Mapping[str, str]) -> "Hop":
        """Return the hop that an answer asks for.

        Raises:
            SourceError: it must not be followed.
        """
        method = "GET" if status == 303 else self.bare.method
        target = _joined(self.url, location)
        trusted = self.trusted and _same_site(self.url, target)
        refusal = self._refusal(method, target, trusted)
        if refusal:
            shown = redact(_shown(target), self.auth.secrets())
            raise SourceError(f"{self.label}: {status} to {shown}: not followed, {refusal}; check `base_url`")
        headers = self._headers_without_body() if trusted else dict(usual_headers)
        bare = Outgoing(method, target, headers)
        return replace(
            self,
            bare=bare,
            outgoing=_authorised(bare, self.base_url, self.auth) if trusted else bare,
            trusted=trusted,
        )

    def _headers_without_body(self) -> dict[str, str]:
        return {name: value for name, value in self.bare.headers.items() if name != "content-type"}

    def _refusal(self, method: str, target: str, trusted: bool) -> str:
        if not _is_address(target):
            return "that is no web address"
        if method not in ("GET", "HEAD"):
            return f"a {method} is not sent again elsewhere"
        if urlsplit(target).scheme == "http" and urlsplit(self.url).scheme == "https":
            return "it leads from https to http"
        if not trusted and method != "GET":
            return "only a GET goes to another host"
        if not trusted and redact(target, self.auth.secrets()) != target:
            return "it would carry a credential to another host"
        return ""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return *text* with ``***`` in the place of each of *secrets* that has at least 4 characters.

    They are found percent-encoded, too, as a whole or in part.
    """
    pattern = _pattern(tuple(secret for secret in secrets if len(secret) >= _SECRET_CHARS))
    return pattern.sub("***", text) if pattern else text


def encode_params(params: Mapping[str, Any]) -> str:
    """Return *params* as a query: None left out, lists repeat the name, bools in lower case, times in UTC with ``Z``.

    Raises:
        SourceError: a time without a zone.
    """
    pairs = [(name, _param(name, item)) for name, value in params.items() for item in _items(value) if item is not None]
    return urlencode(pairs, quote_via=quote, errors="replace")


def origin(url: str) -> str:
    """Return scheme, host and port of *url*, the port always named.

    Raises:
        KeyError, ValueError: it is no web address.
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or _PORTS[parts.scheme]}"


def _address(request: Request, base_url: str, auth: Auth) -> str:
    url = request.path
    if not url.startswith(("http://", "https://")):
        url = f"{base_url}/{url.lstrip('/')}" if url else base_url
    if not _is_address(url):
        raise ConfigError(f"{_label(request.method, url, auth)}: {_NO_ADDRESS}")
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, encode_params(request.params)) if part)
    return urlunsplit(parts._replace(query=query, fragment=""))


def _bare(request: Request, url: str, usual_headers: Mapping[str, str], label: str) -> Outgoing:
    headers = {**usual_headers, **{name.lower(): value for name, value in request.headers.items()}}
    body = None
    if request.form is not None:
        body = urlencode(request.form, errors="replace").encode()
        headers.setdefault("content-type", "application/x-www-form-urlencoded")
    elif request.json is not None:
        body = _json_body(request.json, label)
    return Outgoing(request.method, url, headers, body, request.json)


def _authorised(bare: Outgoing, base_url: str, auth: Auth) -> Outgoing:
    # A link that the source itself gave has the secret part of the path already.
    if isinstance(auth, SecretPath) and redact(bare.url, auth.secrets()) != bare.url:
        return bare
    return auth.apply(bare, base_url)


def _json_body(value: Any, label: str) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_UTC_Z)
    except TypeError as error:
        raise SourceError(f"{label}: the body cannot be written as JSON: {error}") from error


def _items(value: Any) -> Sequence[Any]:
    return tuple(value) if isinstance(value, list | tuple | set | frozenset) else (value,)


def _param(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise SourceError(f"parameter {name!r}: {value.isoformat()} has no time zone; the connector must give one")
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else str(value)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in _PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _same_site(ours: str, other: str) -> bool:
    """Whether *other* may have the credentials for *ours*: one origin, or its default https in the place of http."""
    try:
        here, there = origin(ours), origin(other)
    except (KeyError, ValueError):
        return False
    return here == there or (here.endswith(":80") and there == f"https{here[4:-3]}:443")


def _label(method: str, url: str, auth: Auth) -> str:
    return redact(f"{method} {_shown(url)}", auth.secrets())


def _shown(url: str) -> str:
    """Return *url*, which may be no address at all, without user, password, query and fragment."""
    scheme, mark, rest = url.partition("#")[0].partition("?")[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{mark}{authority.rpartition('@')[2]}{slash}{path}"


@lru_cache(maxsize=1024)
def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str] | None:
    longest_first = sorted(secrets, key=len, reverse=True)
    return re.compile("|".join("".join(map(_written, secret)) for secret in longest_first)) if secrets else None


def _written(character: str) -> str:
    """Return a pattern of all the ways to write *character* in an address or a form."""
    escaped = "".join(f"%{byte:02x}" for byte in character.encode("utf-8", "surrogatepass"))
    return rf"(?:{re.escape(character)}|(?i:{escaped}){r'|[+]' if character == ' ' else ''})"
