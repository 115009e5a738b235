"""Jira's calls to us: vendor sheet, section 10. A hint that something changed, never the record itself: bodies are
snapshots that may be stale, come twice or out of order, and carry other text than the API does.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from hub.sdk import AuthError, Webhook

SIGNATURE = "x-hub-signature"


def accept(webhook: Webhook, secret: str | None, stream: str) -> Sequence[str]:
    """Return the stream that has news.

    Args:
        webhook: the call.
        secret: Cloud signs with it; Data Center cannot, there it is the last part of the address. None: no call
            is taken.
        stream: the stream's name.
    Raises:
        AuthError: neither signature nor address has the secret.
    """
    if secret is None:
        raise AuthError(
            "a webhook of Jira was refused: set `webhook_secret` to what Cloud signs with, or to the last part of the"
            " address that Data Center calls"
        )
    if not (_is_signed(webhook, secret) or webhook.is_at(secret)):
        raise AuthError("a webhook without a valid signature was refused; compare `webhook_secret` with Jira's")
    return (stream,)


def _is_signed(webhook: Webhook, secret: str) -> bool:
    given = _lowered(webhook.headers).get(SIGNATURE, "")
    return hmac.compare_digest(given.encode(), signature(webhook.body, secret).encode())


def signature(body: bytes, secret: str) -> str:
    """Return the signature of *body*: a keyed hash of the very bytes, with the method's name before it."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}
