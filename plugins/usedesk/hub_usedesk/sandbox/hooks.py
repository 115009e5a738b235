"""Webhooks of the API channel (sheet, section 6): JSON or a form, with the secret in the body, unsigned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from hub.sandbox import Delivery, Webhooks, require_loopback

from .model import SECRET


class Hooks:
    """The redirect addresses that are set."""

    def __init__(self, seed: int) -> None:
        """Nobody is called yet."""
        self._sender = Webhooks(seed)
        self._known: dict[str, bool] = {}

    @property
    def log(self) -> list[dict[str, Any]]:
        """What became of each call."""
        return list(self._sender.log)

    def set(self, url: str, *, as_json: bool) -> None:
        """Call *url* from now on.

        Raises:
            ValueError: it is not on this machine.
        """
        require_loopback(url)
        self._known[url] = as_json

    def remove(self, url: str) -> None:
        """Call *url* no more."""
        self._known.pop(url, None)

    def tell(self, event: str, body: Mapping[str, Any], *, sure: bool = False) -> None:
        """Send *body* with the secret to every address. *sure*: once, and now."""
        whole = {"secret": SECRET, **body}
        for url, as_json in self._known.items():
            kind = "application/json" if as_json else "application/x-www-form-urlencoded"
            sent = json.dumps(whole).encode() if as_json else urlencode(list(_flat(whole))).encode()
            self._sender.send(Delivery(url, sent, {"event": event}, {"content-type": kind}), sure=sure)


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield names and values as PHP writes nested ones: `ticket[id]`."""
    if isinstance(value, Mapping | list):
        for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _flat(item, f"{name}[{key}]" if name else str(key))
    else:
        yield name, "" if value is None else str(value)
