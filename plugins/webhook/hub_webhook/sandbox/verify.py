"""Whether a request is genuine, written from the specification and without the connector's code."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping

KEY = "whsec_" + b64encode(b"sandbox webhook secret, 32 bytes").decode()
OTHER_KEY = "whsec_" + b64encode(b"sandbox webhook secret, the next").decode()
TOKEN = "sandbox-webhook-token"  # noqa: S105 - a sandbox's
TOLERANCE_S = 300.0


class NotGenuineError(Exception):
    """A request that the receiver does not believe; says why."""


def verify(headers: Mapping[str, str], body: bytes, secrets: Iterable[str], now_s: float) -> str:
    """Return the id of a request.

    Raises:
        NotGenuineError: a header is missing, the time is off, or no signature is made with one of *secrets*.
    """
    wanted = ("webhook-id", "webhook-timestamp", "webhook-signature")
    lacking = [name for name in wanted if not headers.get(name)]
    if lacking:
        raise NotGenuineError(f"the header {lacking[0]} is missing")
    name, at, signatures = (headers[one] for one in wanted)
    if not at.isdigit() or abs(now_s - int(at)) > TOLERANCE_S:
        raise NotGenuineError(f"the timestamp {at} is more than {TOLERANCE_S:.0f} s off")
    message = name.encode() + b"." + at.encode() + b"." + body
    for secret in secrets:
        mac = hmac.new(b64decode(secret.split("_", 1)[1]), message, hashlib.sha256)
        expected = "v1," + b64encode(mac.digest()).decode("ascii")
        if any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures.split(" ")):
            return name
    raise NotGenuineError("the signature does not match")
