"""A portal's calls to us: vendor sheet, section 9. They name an event and ids, are not sent again and come through a
queue: hints. Nothing is signed; the form holds the application token.
"""

from collections.abc import Mapping, Sequence
from hmac import compare_digest

from hub.sdk import AuthError, Webhook

TOKEN, EVENT = "auth[application_token]", "event"
_STREAMS: Mapping[str, str] = {"ONTASK": "tasks", "ONCRMLEAD": "leads", "ONCRMDEAL": "deals"}


def accept(webhook: Webhook, secret: str | None) -> Sequence[str]:
    """Return the stream that the event is about; empty where it may be any.

    Raises:
        AuthError: the form does not hold *secret*, or there is none.
    """
    if not secret:
        raise AuthError("a webhook of Bitrix24 was refused: set `webhook_secret` to its application token")
    form = webhook.form()
    if not compare_digest(form.get(TOKEN, "").encode(errors="replace"), secret.encode()):
        raise AuthError(
            "a webhook without the right application token was refused; compare `webhook_secret` with the portal's"
        )
    event = form.get(EVENT, "").upper()
    return tuple(stream for start, stream in _STREAMS.items() if event.startswith(start))
