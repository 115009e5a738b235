"""Asking one CRM who customers are: those of whom something is known to look them up by, a few at once.

A CRM that does not answer is left for later as a whole; an inquiry that fails by its own fault is tried again, then set
aside, and waits for news of the customer.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.pipeline.act import drive, gathered, told
from hub.pipeline.source import Source
from hub.sdk import (
    AuthError,
    ConfigError,
    Created,
    CustomerCard,
    HubError,
    Inquiry,
    SourceError,
    StoreError,
    TransientError,
)
from hub.store import Asking, Crm, Router, Store

MAX_TRIES = 10
"""An inquiry that failed so often by its own fault is set aside."""

_WIDTH = 4  # inquiries at once; the vendor's own limits are kept by the transport
_BATCH = 64  # rows looked up at once

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Identified:
    """What a run did: numbers of inquiries that were answered, of those that found one card, and of those that failed;
    ``down``: why the rest was left for later."""

    asked: int = 0
    found: int = 0
    failed: int = 0
    down: TransientError | None = None
    problems: list[str] = field(default_factory=list)


class IdentifyRun:
    """One run over what may be asked at a CRM.

    Args:
        source: the instance, its references read.
        store: where inquiries and answers are.
        router: what decides once more for the customers' tickets.
        forced: also what waits after failures.
    """

    def __init__(self, source: Source, store: Store, router: Router | None, *, forced: bool = False) -> None:
        self._source, self._store, self._router = source, store, router
        self._forced = forced
        self._tried: set[int] = set()
        connector = source.connector
        self._crm = Crm(source.name, connector.name, connector.namespace())
        self.done = Identified()

    async def finish(self) -> Identified:
        """Ask what is due, until nothing is or the CRM does not answer.

        Raises:
            AuthError, ConfigError: a person has to act.
            StoreError: the store cannot be read or written.
        """
        while self.done.down is None and (rows := await self._due()):
            for start in range(0, len(rows), _WIDTH):
                if self.done.down is None:
                    await self._together(rows[start : start + _WIDTH])
        return self.done

    async def _due(self) -> list[Asking]:
        limit = _BATCH + len(self._tried)
        rows = await self._store.run(self._store.inquiries_due, self._source.name, limit, forced=self._forced)
        return [row for row in rows if row.n not in self._tried][:_BATCH]

    async def _together(self, rows: Sequence[Asking]) -> None:
        self._tried.update(row.n for row in rows)
        await gathered(self._one(row) for row in rows)

    async def _one(self, row: Asking) -> None:
        try:
            cards = await drive(self._source, self._source.hooks.identify(inquiry=self._inquiry(row)), _made_nothing)
            _check(cards)
        except (AuthError, ConfigError, StoreError):
            raise
        except TransientError as error:
            self.done.down = error
            await self._failed(row, error, own=False)
        except Exception as error:
            await self._failed(row, error)
        else:
            await self._store.run(self._store.inquiry_answered, row, self._crm, cards, self._router)
            self.done.asked += 1
            self.done.found += len(cards) == 1

    def _inquiry(self, row: Asking) -> Inquiry:
        ways, profile = self._source.connector.identifies_by(), row.profile
        return Inquiry(
            platform=profile.platform,
            key=profile.key,
            now=self._source.now(),
            name=profile.name,
            handle=profile.handle if "handle" in ways else None,
            phones=row.phones if "phone" in ways else (),
            emails=row.emails if "email" in ways else (),
            reference=self._source.reference,
        )

    async def _failed(self, row: Asking, error: Exception, *, own: bool = True) -> None:
        if not isinstance(error, HubError):  # a connector's own fault concerns this inquiry alone
            _log.error("inquiry failed", exc_info=error, extra={"instance": self._source.name, "inquiry": row.n})
        reason = told(error)
        aside = own and row.attempts + 1 >= MAX_TRIES
        await self._store.run(self._store.inquiry_failed, row.n, reason, aside=aside, own=own)
        self.done.failed += 1
        if own:
            self.done.problems.append(f"inquiry {row.n} (a customer on {row.profile.platform}): {reason}")


async def _made_nothing(fact: Created) -> None:
    raise SourceError(f"identify says that it made {fact.external_id}; it must change nothing there")


def _check(cards: Sequence[CustomerCard]) -> None:
    if not isinstance(cards, tuple) or not all(isinstance(card, CustomerCard) for card in cards):
        raise SourceError(f"identify ended with {type(cards).__name__}; it must return a tuple of cards")
