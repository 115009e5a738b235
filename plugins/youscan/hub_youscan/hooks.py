"""YouScan's calls to us: vendor sheet, section 12. A hint that a topic has news: the body lacks ``seq`` and is
never read for more. Nothing is signed; the address holds a password, or ends in a secret part.
"""

import json
from collections.abc import Sequence

from hub.sdk import AuthError, Webhook


def accept(webhook: Webhook, secret: str | None) -> Sequence[str]:
    """Return the topic that has news; empty where the body names none.

    Raises:
        AuthError: neither password nor address has *secret*, or there is none.
    """
    if secret is None:
        raise AuthError("a webhook of YouScan was refused: set `webhook_secret` to the password in its address")
    if not (webhook.has_password(secret) or webhook.is_at(secret)):
        raise AuthError(
            "a webhook without the right password was refused; compare `webhook_secret` with the address in YouScan"
        )
    topic = _topic(webhook.body)
    return () if topic is None else (str(topic),)


def _topic(body: bytes) -> int | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    topic = found.get("topicId") if isinstance(found, dict) else None
    return topic if type(topic) is int else None
