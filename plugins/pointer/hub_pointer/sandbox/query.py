"""Filters of the review list (sheet, sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from .model import MOSCOW, Review

DEFAULT_LIMIT = 10
MAX_LIMIT = 100

Keep = Callable[[Review], bool]
Moment = Callable[[Review], datetime | None]


class BadParameterError(Exception):
    """422 about one parameter."""

    def __init__(self, field: str, message: str) -> None:
        """*field* as it should be written."""
        super().__init__(message)
        self.field = field


class Parameters:
    """Query parameters; lists as `name[]=a&name[]=b`, `name=a&name=b` or `name=a,b`."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the decoded pairs."""
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.removesuffix("[]"), []).append(value)

    def one(self, name: str) -> str | None:
        """The last value given."""
        values = self._values.get(name)
        return values[-1] if values else None

    def many(self, name: str) -> list[str]:
        """Every value given."""
        return [part for value in self._values.get(name, []) for part in value.split(",") if part]

    def integers(self, name: str) -> list[int]:
        """Every value given, as numbers."""
        try:
            return [int(value) for value in self.many(name)]
        except ValueError:
            raise BadParameterError(name, f"{name}: ожидаются числа") from None

    def integer(self, name: str, default: int) -> int:
        """A number that is not negative."""
        value = self.one(name)
        if value is None:
            return default
        if not value.isdigit():
            raise BadParameterError(name, f"{name}: ожидается число")
        return int(value)

    def flag(self, name: str) -> bool | None:
        """`true`, `1`, `false` or `0`."""
        value = self.one(name)
        if value is None:
            return None
        if value.lower() not in {"true", "1", "false", "0"}:
            raise BadParameterError(name, f"{name}: ожидается true или false")
        return value.lower() in {"true", "1"}

    def day(self, name: str) -> date | None:
        """A plain date."""
        value = self.one(name)
        try:
            return date.fromisoformat(value) if value else None
        except ValueError:
            raise BadParameterError(name, f"{name}: ожидается дата ГГГГ-ММ-ДД") from None

    def bound(self, name: str) -> tuple[datetime, datetime] | None:
        """First and last instant that a bound names: a whole day of Moscow, or twice the same moment."""
        value = self.one(name)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise BadParameterError(name, f"{name}: ожидается дата ГГГГ-ММ-ДД") from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)
        if len(value) > len("2026-10-01"):
            return moment, moment
        return moment, moment + timedelta(days=1, microseconds=-1)

    def page(self) -> Page:
        """`limit` (10, cut to 100) and `offset` (0)."""
        limit = self.integer("limit", DEFAULT_LIMIT)
        if limit < 1:
            raise BadParameterError("limit", "limit: не меньше 1")
        return Page(min(limit, MAX_LIMIT), self.integer("offset", 0))


@dataclass(frozen=True)
class Page:
    """Which rows of a list to send."""

    limit: int
    offset: int


def filters(params: Parameters, bounds: str) -> list[Keep]:
    """Make filters of the parameters; *bounds* says whether date filters include what they name.

    Raises:
        BadParameterError: the first one that is wrong.
    """
    return [*_by_scope(params), *_by_flags(params), *_by_dates(params, bounds), *_by_tags(params)]


def _by_scope(params: Parameters) -> Iterable[Keep]:
    networks, companies = set(params.many("network_uuids")), set(params.many("company_uuids"))
    providers, ratings = set(params.integers("provider_ids")), set(params.integers("rating"))
    if networks:
        yield lambda review: review.company.network in networks
    if companies:
        yield lambda review: review.company.uuid in companies
    if providers:
        yield lambda review: review.provider in providers
    if ratings:
        yield lambda review: review.rating in ratings


def _by_flags(params: Parameters) -> Iterable[Keep]:
    readings: dict[str, Keep] = {
        "has_comment": lambda review: bool(review.wire),
        "has_reply": lambda review: review.reply is not None,
        "is_reply_published": lambda review: review.reply is not None and review.reply.status == "published",
        "is_activator": lambda review: review.activator,
        "is_changed": lambda review: review.changed,
    }
    for name, reading in readings.items():
        wanted = params.flag(name)
        if wanted is not None:
            yield reading if wanted else partial(_not, reading)
    if params.flag("with_photos"):
        # Filter or "include" is not known; as a filter it costs a client that guesses wrong its reviews.
        yield lambda review: bool(review.photos)


def _not(reading: Keep, review: Review) -> bool:
    return not reading(review)


def _by_dates(params: Parameters, bounds: str) -> Iterable[Keep]:
    moments: dict[str, Moment] = {
        "published_at": lambda review: review.published,
        "created_at": lambda review: review.created,
        "reply_created_at": lambda review: review.reply.created if review.reply else None,
        "reply_published_at": lambda review: review.reply.published if review.reply else None,
    }
    for name, moment in moments.items():
        low, high = params.bound(f"{name}_from"), params.bound(f"{name}_to")
        if low:
            yield _after(moment, low, bounds)
        if high:
            yield _before(moment, high, bounds)


def _after(moment: Moment, bound: tuple[datetime, datetime], bounds: str) -> Keep:
    first, last = bound
    if bounds == "inclusive":
        return lambda review: (at := moment(review)) is not None and at >= first
    return lambda review: (at := moment(review)) is not None and at > last


def _before(moment: Moment, bound: tuple[datetime, datetime], bounds: str) -> Keep:
    first, last = bound
    if bounds == "inclusive":
        return lambda review: (at := moment(review)) is not None and at <= last
    return lambda review: (at := moment(review)) is not None and at < first


def _by_tags(params: Parameters) -> Iterable[Keep]:
    tags, smart_tags = set(params.integers("tag_ids")), set(params.integers("smart_tag_ids"))
    if tags:
        yield lambda review: any(tag["id"] in tags for tag in review.tags)
    if smart_tags:
        yield lambda review: any(tag["id"] in smart_tags for tag in review.smart_tags)
