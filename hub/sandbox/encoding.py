"""JSON as vendors send it."""

from __future__ import annotations

import json


def dump(value: object) -> bytes:
    """UTF-8, or pure ASCII with escapes where a lone surrogate leaves no other way."""
    try:
        return json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(value).encode("ascii")
