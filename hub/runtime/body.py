"""A response's body, collected under a bound and decompressed piece by piece. Pure.

Not left to httpx: it decompresses each piece whole, so that a few kilobytes may become gigabytes.
"""

import zlib
from collections.abc import Callable
from typing import Any

from hub.sdk import SourceError, TransientError

_ENCODINGS = ("", "identity", "gzip", "x-gzip", "deflate")


class Body:
    """Takes pieces in and never holds more than the bound.

    Args:
        encoding: the header ``Content-Encoding``; empty when there is none.
        max_bytes: bound of the decompressed size.
        label: gives the name of the request for messages.

    Raises:
        SourceError: an encoding that we did not offer.
    """

    def __init__(self, encoding: str, max_bytes: int, label: Callable[[], str]) -> None:
        self._encoding = encoding.strip().lower()
        if self._encoding not in _ENCODINGS:
            raise SourceError(
                f"{label()}: answered in encoding {self._encoding[:40]!r}, which was not asked for", retry=True
            )
        self._max_bytes = max_bytes
        self._label = label
        self._parts: list[bytes] = []
        self._size_bytes = 0
        self._inflater: Any = None  # zlib names no public type for it

    def feed(self, chunk: bytes) -> None:
        """Take in the next piece.

        Raises:
            SourceError: too much, or not what its encoding says.
        """
        if self._encoding in ("", "identity"):
            self._add(chunk)
            return
        try:
            self._inflate(chunk)
        except zlib.error as error:
            raise SourceError(f"{self._label()}: the body is not valid {self._encoding}", retry=True) from error

    def finish(self) -> bytes:
        """Return the whole.

        Raises:
            TransientError: the compressed stream broke off.
        """
        if self._inflater is not None and not self._inflater.eof:
            raise TransientError(f"{self._label()}: the answer broke off within its compressed body")
        return b"".join(self._parts)

    def _inflate(self, chunk: bytes) -> None:
        while chunk:
            if self._inflater is None or self._inflater.eof:  # a stream may have several members
                self._inflater = zlib.decompressobj(_window_bits(self._encoding, chunk))
            self._add(self._inflater.decompress(chunk, self._max_bytes - self._size_bytes + 1))
            chunk = self._inflater.unused_data

    def _add(self, part: bytes) -> None:
        self._size_bytes += len(part)
        if self._size_bytes > self._max_bytes:
            raise SourceError(
                f"{self._label()}: the body is longer than {self._max_bytes} bytes; ask for less at once (`page_size`)"
            )
        self._parts.append(part)


def _window_bits(encoding: str, start: bytes) -> int:
    """Return zlib's word for the format; "deflate" is meant with a header of its own, and often sent without."""
    if encoding != "deflate":
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if start[0] & 0x0F == 8 else -zlib.MAX_WBITS
