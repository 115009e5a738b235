"""Signatures after the Standard Webhooks specification (https://www.standardwebhooks.com, read 2026-11-25).

What is signed is ``id.timestamp.body``, byte for byte as it is sent, with HMAC-SHA256; the header holds
``v1,<base64>``, several separated by spaces while a secret is changed for another.
"""

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import SecretStr

from hub.sdk import Outgoing

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
PREFIX = "whsec_"


def key_of(secret: SecretStr) -> bytes:
    """Return the bytes to sign with: what ``whsec_`` is followed by is base64, any other secret is taken as it is.

    Raises:
        ValueError: there is nothing to sign with, or no base64 after the prefix.
    """
    text = secret.get_secret_value()
    if not text.startswith(PREFIX):
        key = text.encode()
    else:
        try:
            key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError(f"what follows {PREFIX} is no base64; copy the secret as the receiver shows it") from None
    if not key:
        raise ValueError("the secret is empty")
    return key


@dataclass(frozen=True, slots=True)
class Signed:
    """Signs each try of a request with the moment of that try.

    Args:
        keys: the secrets, the newest first.
        token: also sent as ``Authorization: Bearer``.
        clock: seconds since 1970.
    """

    keys: tuple[SecretStr, ...]
    token: SecretStr | None = None
    clock: Callable[[], float] = field(default=time.time, repr=False)

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        name, at = outgoing.headers.get(ID, ""), str(int(self.clock()))
        text = b".".join((name.encode(), at.encode(), outgoing.body or b""))
        signed = outgoing.with_header(TIMESTAMP, at)
        signed = signed.with_header(SIGNATURE, " ".join(_signature(key_of(key), text) for key in self.keys))
        if self.token is not None:
            signed = signed.with_header("authorization", f"Bearer {self.token.get_secret_value()}")
        return signed

    def secrets(self) -> tuple[str, ...]:
        texts = [secret.get_secret_value() for secret in (*self.keys, *([self.token] if self.token else ()))]
        return (*texts, *(text.removeprefix(PREFIX) for text in texts if text.startswith(PREFIX)))


def _signature(key: bytes, text: bytes) -> str:
    return f"v1,{base64.b64encode(hmac.digest(key, text, hashlib.sha256)).decode()}"
