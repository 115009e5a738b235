"""One running instance as the pipeline sees it: a connector behind its hooks, and a way to send."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.pipeline.case_news import news_of
from hub.pipeline.retry import RetryPolicy
from hub.sdk import Connector, ConnectorConfig, ConnectorSpec, HubError, Request, Response, Ticket


async def _nobody_else(request: Request, wait: timedelta, limit: str | None) -> None:
    """Tell nobody: this source shares its account with no other."""


def _nothing(ticket: Ticket) -> str:
    """Say nothing of a ticket."""
    return ""


def _in_english(news: Mapping[str, str]) -> str:
    """Tell what became of a case."""
    return news_of(news, "en")


def utc_now() -> datetime:
    """Return the wall clock, aware, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Source:
    """What the pipeline is given of an instance.

    Args:
        name: the instance's name.
        connector: what knows the source.
        hooks: the same connector with every cross-cutting plugin around it.
        hold: called when the source asks to wait, with the request it refused, and the name of the one limit that the
            wait is for (None: all of them): nothing that counts against the same limits starts before, in whatever
            process.
        normalize: what ``hooks.normalize`` comes down to, where that is one function.
        send: sends one request once and returns whatever came back; raises TransientError and the like.
        reference: what the references gave, by name.
        policy: how often and how long to try again.
        width: how many pages may be under way at once where a source names them ahead.
        on_wait: told before each wait between two tries.
        now: the clock.
        summarize: a ticket's decision in one line, in the language of the settings.
        tell: what became of another case in a sentence, in that language.
        storing: held while a page is being stored. What has come meanwhile is parsed after that: both at once would
            take turns at the interpreter, page against page, which costs more than the waiting.
    """

    name: str
    connector: Connector[Any]
    hooks: ConnectorSpec
    send: Callable[[Request], Awaitable[Response]]
    hold: Callable[[Request, timedelta, str | None], Awaitable[None]] = _nobody_else
    normalize: Callable[..., Any] | None = None
    reference: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    width: int = 4
    on_wait: Callable[[int, float, HubError], None] | None = None
    now: Callable[[], datetime] = utc_now
    summarize: Callable[[Ticket], str] = _nothing
    tell: Callable[[Mapping[str, str]], str] = _in_english
    storing: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def config(self) -> ConnectorConfig:
        config: ConnectorConfig = self.connector.config
        return config

    @property
    def keep_raw(self) -> timedelta:
        return self.config.keep_raw
