"""Structured logs with the secrets taken out: the standard library's loggers, rendered by structlog.

Events are short words, facts are fields: ``log.warning("poll failed", extra={"instance": name})``.
"""

import base64
import logging
import os
import re
import sys
from collections.abc import Iterable, MutableMapping
from functools import cached_property
from typing import Any, TextIO
from urllib.parse import quote, quote_plus

REMOVED = "[secret]"
"""Stands in a log where a registered secret stood."""

SHORTEST = 4
"""Characters; taking shorter secrets out would only spoil every other word."""

_CHATTY = ("httpx", "httpcore", "sqlalchemy", "alembic", "asyncio", "uvicorn")
_TELLING = ("hub.runtime.condition", "hub.runtime.daemon", "hub.runtime.http", "hub.runtime.renamed")
"""Where a daemon tells what begins and what is over: a person wants to read that without asking for more."""

_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}

Event = MutableMapping[str, Any]


class _Secrets:
    """What must not be written, in every form in which it may turn up."""

    def __init__(self) -> None:
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None

    def add(self, secrets: Iterable[str]) -> None:
        for secret in secrets:
            if len(secret.strip()) >= SHORTEST:
                encoded = base64.b64encode(secret.encode()).decode()
                self._forms |= {secret.strip(), quote(secret, safe=""), quote_plus(secret), encoded, repr(secret)[1:-1]}
        # Longest first, so that a secret that contains another goes as a whole.
        words = sorted(self._forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, words))) if words else None

    def removed_from(self, text: str) -> str:
        return self._pattern.sub(REMOVED, text) if self._pattern else text


_secrets = _Secrets()


def register_secrets(secrets: Iterable[str]) -> None:
    """Take *secrets* out of everything that is logged from now on, as they are, quoted for a URL or in base64."""
    _secrets.add(secrets)


def redact(text: str) -> str:
    """Return *text* without registered secrets."""
    return _secrets.removed_from(text)


def set_up(*, verbosity: int = 0, json_lines: bool = False) -> None:
    """Send all logs to stderr: short lines for a person, in colour on a terminal only; JSON lines when asked for.

    Args:
        verbosity: -1 errors, 0 warnings too and how the daemon fares, 1 what happens, 2 everything.
        json_lines: one JSON object a line, wherever they go.
    """
    handler = _StderrHandler()
    handler.setFormatter(_Formatter(as_json=json_lines))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(_LEVELS[max(-1, min(verbosity, 2))])
    for name in _TELLING:
        logging.getLogger(name).setLevel(logging.NOTSET if verbosity else logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Formatter(logging.Formatter):
    """Renders with structlog, which is imported when there is something to say: a run without news has nothing."""

    def __init__(self, *, as_json: bool) -> None:
        super().__init__()
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        return self._renderer.format(record)

    @cached_property
    def _renderer(self) -> logging.Formatter:
        import structlog

        stamp = structlog.processors.TimeStamper("iso" if self._as_json else "%H:%M:%S", utc=self._as_json)
        name = [structlog.stdlib.add_logger_name] if self._as_json else []
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, *name, stamp, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _without_secrets,
                _json_lines() if self._as_json else _short_lines(),
            ],
        )


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to what ``sys.stderr`` is at the time: a progress display puts itself in its place."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> TextIO:  # type: ignore[override]  # the base class has an attribute
        return sys.stderr


def _json_lines() -> Any:
    import structlog

    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _short_lines() -> Any:
    import structlog

    return structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty() and not os.environ.get("NO_COLOR"),
        exception_formatter=structlog.dev.plain_traceback,
        pad_event_to=0,
        pad_level=False,
    )


def _without_secrets(logger: Any, method: str, event: Event) -> Event:
    return {str(_clean(key)): _clean(value) for key, value in event.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        clean = redact(str(value))
        return value if clean == str(value) else clean
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(item) for item in value]
    return redact(str(value))
