"""What vendors send by themselves: webhooks to addresses on this machine, as careless as real ones.

Of the deliveries, a seeded few come twice, swap places with the next one, or never come; nothing is tried again.
"""

from __future__ import annotations

import base64
import http.client
import queue
import random
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

TIMEOUT_S = 240.0
LOG_LENGTH = 200
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Delivery:
    """One call: where to, what, what is noted of it, and headers beside the usual ones."""

    url: str
    body: bytes
    note: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


class Webhooks:
    """Sends in a thread of its own, one after another. ``log`` holds what became of each, without credentials.

    Args:
        seed: of what goes wrong.
        careless: share of deliveries that come twice; half as many swap places with the next, and as many get lost.
        timeout_s: how long an answer may take.
    """

    def __init__(self, seed: int, careless: float = 0.1, timeout_s: float = TIMEOUT_S) -> None:
        """Nothing is sent before the first delivery."""
        self._chance = random.Random(f"webhooks:{seed}")
        self._careless = careless
        self._timeout_s = timeout_s
        self._waiting: queue.SimpleQueue[Delivery] = queue.SimpleQueue()
        self._held: Delivery | None = None
        self._thread: threading.Thread | None = None
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)

    def send(self, delivery: Delivery, *, sure: bool = False) -> None:
        """Deliver in a moment, for all the vendor knows. *sure*: once, and now.

        Raises:
            ValueError: the address is not on this machine.
        """
        require_loopback(delivery.url)
        roll = 1.0 if sure else self._chance.random()
        if roll < self._careless / 2:
            self._note(delivery, "lost")
        elif roll < self._careless and self._held is None:
            self._held = delivery
        else:
            for one in (delivery, delivery) if roll < 2 * self._careless else (delivery,):
                self._put(one)
            if self._held is not None:
                held, self._held = self._held, None
                self._put(held)

    def _put(self, delivery: Delivery) -> None:
        self._waiting.put(delivery)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="webhooks", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            delivery = self._waiting.get()
            try:
                self._note(delivery, self._call(delivery))
            except OSError as error:
                self._note(delivery, type(error).__name__)

    def _call(self, delivery: Delivery) -> int:
        """Return the status of the answer; credentials in the address go as HTTP Basic."""
        address = urlsplit(delivery.url)
        headers = {"content-type": "application/json", **delivery.headers}
        if address.username is not None:
            pair = f"{unquote(address.username)}:{unquote(address.password or '')}".encode()
            headers["authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=self._timeout_s)
        try:
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            connection.request("POST", path, delivery.body, headers)
            return connection.getresponse().status
        finally:
            connection.close()

    def _note(self, delivery: Delivery, outcome: int | str) -> None:
        self.log.append({**delivery.note, "outcome": outcome})


def require_loopback(url: str) -> None:
    """Refuse an address that is not on this machine.

    Raises:
        ValueError: it is elsewhere, or no http address.
    """
    address = urlsplit(url)
    if address.scheme != "http" or address.hostname not in LOOPBACK:
        raise ValueError(f"{url.rpartition('@')[2]!r} is not on this machine; write http://127.0.0.1:PORT/…")
