"""Every exception of the hub, grouped by what the engine does next.

The class says what the engine does, the message says what a person does: what was seen, where, what to do.
Never put a secret into a message; the transport removes known secrets from what it raises, nothing else does.
"""

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hub.sdk.messages import Response


class HubError(Exception):
    """Base of all errors that carry a message for a person."""


class ConfigError(HubError):
    """A setting is wrong. The engine does not start the instance; an operator mends the file."""


class AuthError(HubError):
    """The source refuses our credentials. The engine pauses the instance until ``hub resume``."""


class TransientError(HubError):
    """The source is away or busy. The engine waits and tries again, then leaves it to the next poll.

    Args:
        message: what was seen.
        retry_after: how long the source asked us to wait, if it did.
        undone: the request surely had no effect (no connection, 429): even a write may be sent again.
        limit: name of the one :class:`hub.sdk.Limit` that the wait is for (a method's); None: of all that the request
            counts against.
    """

    def __init__(
        self,
        message: str,
        retry_after: timedelta | None = None,
        *,
        undone: bool = False,
        limit: str | None = None,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.undone = undone
        self.limit = limit


class SourceError(HubError):
    """The source answered something we cannot read. The engine keeps the cursor and the page; only this stream waits.

    Args:
        message: what was seen.
        retry: whether the same request may be answered better in a moment (an HTML page in place of JSON),
            or will not (an unknown path, a refused parameter).

    Attributes:
        response: the answer, which the engine notes; None where the fault is not in one answer.
    """

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry
        self.response: Response | None = None


class RecordError(HubError):
    """One record cannot be normalised. The engine sets it aside as a dead letter and goes on."""


class DeliveryError(HubError):
    """A destination refused a write. The engine tries again, then sets it aside as a dead letter."""


class StoreError(HubError):
    """The store cannot be read or written (full, locked, of another schema). The run ends, nothing half-written."""
