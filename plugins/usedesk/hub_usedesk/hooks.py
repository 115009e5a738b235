"""Usedesk's calls to us (section 6): a hint that something changed. Nothing is signed; the body holds a secret."""

import hmac
import json
from collections.abc import Sequence
from urllib.parse import parse_qs

from hub.sdk import AuthError, Webhook
from hub_usedesk.values import mapping


def accept(webhook: Webhook, secret: str | None, stream: str) -> Sequence[str]:
    """Return the stream that has news.

    Args:
        webhook: the call; its body is JSON or a form, whatever its headers say.
        secret: what the body must hold as ``secret``; None: no call is taken.
        stream: the stream's name.
    Raises:
        AuthError: the body does not hold it.
    """
    if secret is None:
        raise AuthError("a webhook of Usedesk was refused: set `webhook_secret` to what Usedesk sends as `secret`")
    if not hmac.compare_digest(_secret_in(webhook.body).encode(errors="replace"), secret.encode()):
        raise AuthError("a webhook without the right secret was refused; compare `webhook_secret` with Usedesk's")
    return (stream,)


def _secret_in(body: bytes) -> str:
    """Return the secret that *body* holds; empty where it holds none."""
    text = body.decode("utf-8", "replace")
    if text.lstrip()[:1] == "{":
        try:
            found = mapping(json.loads(text)).get("secret")
        except (ValueError, RecursionError):
            return ""
        return str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    try:
        return parse_qs(text, max_num_fields=10_000).get("secret", [""])[0]
    except ValueError:
        return ""
