"""Ids that never depend on an instance's name, a key or the order of reading.

Both are plain uuid5 in :data:`NAMESPACE`, so that anybody can compute them:
``uuid5(NAMESPACE, "ticket\\n<connector>\\n<namespace>\\n<thread>")``.
"""

from hashlib import sha1
from typing import Any
from uuid import UUID

NAMESPACE = UUID("6f9b2c1e-5d0a-5c55-9d0e-3a1b7f4e8c20")
"""The uuid5 namespace of every id. It never changes."""

_KEPT = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)  # all but the bits that say which kind of uuid it is
_UUID5 = 5 << 76 | 2 << 62
_number = int.from_bytes
_START = sha1(NAMESPACE.bytes, usedforsecurity=False)


class StreamIds:
    """The ids of one stream's tickets and messages, computed for every record: what all have in common is hashed
    once."""

    def __init__(self, connector: str, namespace: str, stream: str) -> None:
        self._ticket = _begun(f"ticket\n{connector}\n{namespace}\n")
        self._same = _begun(f"message\n{connector}\n{namespace}\nsame\n")
        self._source = _begun(f"message\n{connector}\n{namespace}\nsource\n{stream}\n")

    def ticket(self, thread: str) -> bytes:
        """Return the 16 bytes of the ticket's uuid5."""
        return _ended(self._ticket, thread)

    def message(self, source_id: str, same_as: str | None) -> bytes:
        """Return the 16 bytes of the message's uuid5: of *same_as* where the vendor names the post itself,
        else of stream and source id."""
        return _ended(self._source, source_id) if same_as is None else _ended(self._same, same_as)


def ticket_id(connector: str, namespace: str, thread: str) -> bytes:
    """Return the 16 bytes of the ticket's uuid5."""
    return StreamIds(connector, namespace, "").ticket(thread)


def message_id(connector: str, namespace: str, stream: str, source_id: str, same_as: str | None) -> bytes:
    """Return the 16 bytes of the message's uuid5: of *same_as* where the vendor names the post itself,
    else of stream and source id."""
    return StreamIds(connector, namespace, stream).message(source_id, same_as)


def _begun(name: str) -> Any:  # hashlib names no public type for it
    begun = _START.copy()
    begun.update(name.encode())
    return begun


def _ended(begun: Any, rest: str) -> bytes:
    """Return ``uuid5(NAMESPACE, name).bytes``, where *begun* has hashed all of the name but *rest*."""
    made = begun.copy()
    made.update(rest.encode())
    return (_number(made.digest()[:16]) & _KEPT | _UUID5).to_bytes(16)
