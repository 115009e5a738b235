"""The ledger of what a client did. It never holds a key."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.types import Scope

LOG_LENGTH = 2000


class Traffic:
    """Counters, the last requests, and every write that took effect."""

    def __init__(self, secrets: Collection[str], secret_params: Collection[str] = ()) -> None:
        """Hide the values *secrets* everywhere and the query parameters *secret_params* (lower case) altogether."""
        self._secrets = tuple(secrets)
        self._secret_params = frozenset(secret_params)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self.requests = self.refused = 0
        self.log: deque[dict[str, Any]] = deque(maxlen=LOG_LENGTH)
        self.writes: list[dict[str, Any]] = []

    def begin(self, scope: Scope, path: str) -> dict[str, Any]:
        """Take note of a request; the caller fills in `status` and `fault` when it knows them."""
        self.requests += 1
        entry: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(),
            "method": scope["method"],
            "path": self._hide(path),
            "query": self._query(scope["query_string"]),
            "status": None,
            "fault": None,
        }
        self.log.append(entry)
        return entry

    def wrote(self, action: str, **what: Any) -> None:
        """Take note of a write that took effect."""
        self.writes.append({"at": datetime.now(UTC).isoformat(), "action": action, **what})

    def _query(self, raw: bytes) -> str:
        pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
        return urlencode([(name, self._hide(value)) for name, value in pairs if not self._is_secret(name)])

    def _is_secret(self, name: str) -> bool:
        return name.lower() in self._secret_params

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text
