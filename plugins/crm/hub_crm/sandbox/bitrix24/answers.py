"""Answers of the portal: the envelope, the errors (sheet, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.responses import Response

from hub.sandbox import dump

from .model import PORTAL_ZONE
from .php import empty_as_list


class RefusedError(Exception):
    """A call that the portal refuses."""

    def __init__(self, status: int, code: str, words: str = "", **envelope: Any) -> None:
        """Refuse with *status*, *code* and *words*."""
        super().__init__(words or code)
        self.status, self.code, self.words, self.envelope = status, code, words or code, envelope

    def as_json(self) -> dict[str, Any]:
        """The error of REST 2."""
        return {"error": self.code, "error_description": self.words, **self.envelope}


class Refused3Error(Exception):
    """A call of REST 3.0 that the portal refuses."""

    def __init__(self, status: int, code: str, words: str, **faults: str) -> None:
        """Refuse with what is wrong of which field."""
        super().__init__(words)
        self.status, self.code, self.words, self.faults = status, code, words, faults

    def as_json(self) -> dict[str, Any]:
        """The error of REST 3.0."""
        code = f"BITRIX_REST_V3_EXCEPTION_{self.code}"
        error: dict[str, Any] = {"code": code, "message": self.words}
        if self.faults:
            error["validation"] = [{"field": field, "message": message} for field, message in self.faults.items()]
        return {"error": error}


def answer(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON as PHP writes it: an empty map is `[]`."""
    return Response(dump(empty_as_list(body)), status, headers, media_type="application/json; charset=utf-8")


def envelope(
    result: Any, paging: Mapping[str, int], now: datetime, operating: float, reset_at: datetime
) -> dict[str, Any]:
    """A success."""
    return {"result": result, **paging, "time": times(now, operating, reset_at)}


def times(now: datetime, operating: float, reset_at: datetime) -> dict[str, Any]:
    """The envelope's `time`."""
    start, local = now.timestamp(), now.astimezone(PORTAL_ZONE).isoformat(timespec="seconds")
    return {
        "start": start,
        "finish": start + 0.05,
        "duration": 0.05,
        "processing": 0.04,
        "date_start": local,
        "date_finish": local,
        "operating_reset_at": int(reset_at.timestamp()),
        "operating": round(operating, 3),
    }


def too_many(_verdict: object) -> Response:
    """503 that means wait."""
    return answer(RefusedError(503, "QUERY_LIMIT_EXCEEDED", "Too many requests").as_json(), 503)


def unauthorized() -> Response:
    """A code that the portal does not know (any more)."""
    return answer(RefusedError(401, "NO_AUTH_FOUND", "Wrong authorization data").as_json(), 401)
