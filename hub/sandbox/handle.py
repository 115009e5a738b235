"""A running sandbox as its user sees it: addresses, keys, and the control API as methods."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Running:
    """Base URL, default key and further settings per vendor, and the address of the control API."""

    urls: dict[str, str]
    keys: dict[str, str]
    control: str
    settings: dict[str, dict[str, str]] = field(default_factory=dict)

    def ledger(self, vendor: str) -> dict[str, Any]:
        """What the vendor holds and what the client did."""
        return self.call("GET", f"/ledger/{vendor}")

    def advance(self, seconds: float) -> dict[str, Any]:
        """Push the virtual time forward."""
        return self.call("POST", "/advance", {"seconds": seconds})

    def faults(self, profile: str = "none", seed: int = 1, vendor: str | None = None) -> dict[str, Any]:
        """Follow a fault profile from its first decision on."""
        return self.call("POST", "/faults", {"profile": profile, "seed": seed, "vendor": vendor})

    def next_faults(self, kinds: Sequence[str], vendor: str | None = None) -> dict[str, Any]:
        """Let exactly these happen to the next requests."""
        return self.call("POST", "/faults", {"next": list(kinds), "vendor": vendor})

    def change(self, vendor: str, action: str, **what: Any) -> dict[str, Any]:
        """Change something at the vendor now."""
        return self.call("POST", f"/{vendor}/change", {"action": action, **what})

    def reset_client(self) -> dict[str, Any]:
        """Forget what the client did."""
        return self.call("POST", "/reset_client", {})

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Ask the control API.

        Raises:
            ValueError: it refused; the message says why.
        """
        address = urlsplit(self.control)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=TIMEOUT_S)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, address.path + path, sent, {"content-type": "application/json"})
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(f"sandbox refused {method} {path}: {answer.get('message')}")
        return answer
