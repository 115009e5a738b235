"""An account's calls to us: vendor sheet, section 14. A form such as ``task[update][0][id]=…``, unsigned: a hint. The
address ends in a secret part.
"""

from collections.abc import Sequence

from hub.sdk import AuthError, Webhook

_TASK = "task"


def accept(webhook: Webhook, secret: str | None) -> Sequence[str]:
    """Return the stream of tasks where the call is about nothing else; empty: all of them, for a note on a lead may
    answer a task of ours.

    Raises:
        AuthError: the address does not end in *secret*, or there is none.
    """
    if not secret:
        raise AuthError("a webhook of amoCRM was refused: set `webhook_secret` to the last part of its address")
    if not webhook.is_at(secret):
        raise AuthError("a webhook without the right secret was refused; compare `webhook_secret` with its address")
    about = {name.partition("[")[0] for name in webhook.form()} - {"account"}
    return ("tasks",) if about == {_TASK} else ()
