"""Which of a ticket's messages a destination is told of."""

from collections.abc import Sequence

from hub.sdk.ticket import Message


def public_messages(messages: Sequence[Message]) -> list[Message]:
    """Return what the customer and we said in public, without what is hidden by now."""
    return [message for message in messages if message.direction != "note" and not message.hidden]


def latest_messages(messages: Sequence[Message], most: int) -> list[Message]:
    """Return the latest of *messages* whose texts *most* characters hold, oldest first.

    The last one is there at all events, cut to *most* characters. A text that the platform withholds is where it was
    published, or a dash.
    """
    kept: list[Message] = []
    room = most
    for message in reversed(messages):
        if kept and len(message.body) > room:
            break
        room -= len(message.body)
        kept.append(message.model_copy(update={"body": message.body[:most] or message.url or "—"}))
    return kept[::-1]
