"""Parameters of the mention list (sheet, sections 3 and 5): read, checked, and turned into a filter."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from .model import Mention, Topic

DEFAULT_DAYS = 6
DEFAULT_SIZE = 10
MAX_SIZE = 1000
MAX_SKIP = 10_000
ORDERS = ("published", "publishedAsc", "seqAsc", "engagement")
MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:?\d\d)?")
CHOICES = {
    "sentiment": ("positive", "neutral", "negative"),
    "sourceTypes": ("blog", "forum", "news", "social", "reviews", "messenger"),
    "postTypes": ("post", "repost", "extendedRepost", "comment"),
    "autoCategories": ("wom", "commercial", "news", "recipe"),
}
FIELD_OF = {"sources": "source", "sourceTypes": "sourceType", "postTypes": "postType"}
NOT_LETTERS = re.compile(r"[\W\d_]+")

Keep = Callable[[Mention], bool]


class BadParameterError(Exception):
    """400 VALIDATION_ERROR about one parameter."""

    def __init__(self, field: str, code: str, message: str) -> None:
        """*field* as the caller wrote it; the vendor answers in PascalCase."""
        super().__init__(message)
        self.field, self.code = field[:1].upper() + field[1:], code


class Parameters:
    """Query parameters: names in any case, arrays by repetition."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Take the decoded pairs."""
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def many(self, name: str) -> list[str]:
        """Every value given for *name*; `sentiment` is checked against its enum, and so on."""
        values = self._values.get(name.lower(), [])
        plural = name if not name.startswith("exclude") else name[7:8].lower() + name[8:]
        allowed = CHOICES.get(plural)
        for value in values:
            if allowed and value not in allowed:
                raise BadParameterError(name, "enum_error", f"'{value}' is not one of {', '.join(allowed)}")
        return values

    def one(self, name: str) -> str | None:
        """The last value given."""
        values = self._values.get(name.lower())
        return values[-1] if values else None

    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number."""
        value = self.one(name)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            raise BadParameterError(name, "format_error", f"'{value}' is not a number") from None

    def flag(self, name: str) -> bool | None:
        """`true` or `false`."""
        value = self.one(name)
        if value is None:
            return None
        if value.lower() not in {"true", "false"}:
            raise BadParameterError(name, "format_error", f"'{value}' is not true or false")
        return value.lower() == "true"

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        """A date or date-time; without an offset it is read in *zone*."""
        value = self.one(name)
        if value is None:
            return None
        try:
            if not MOMENT.fullmatch(value):
                raise ValueError
            moment = _read(value)
        except ValueError:
            raise BadParameterError(name, "format_error", f"'{value}' is not a date") from None
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)

    def zone(self, default: str) -> ZoneInfo:
        """`timeZone`, else the owner's."""
        name = self.one("timeZone") or default
        try:
            return ZoneInfo(name)
        except (ValueError, OSError, LookupError):
            raise BadParameterError("timeZone", "format_error", f"'{name}' is not a time zone") from None


def _read(value: str) -> datetime:
    """A plain date may carry an offset as well (`2026-06-21Z`)."""
    if "T" in value:
        return datetime.fromisoformat(value)
    offset = value[10:]
    return datetime.fromisoformat(f"{value[:10]}T00:00{offset}")


@dataclass(frozen=True)
class Query:
    """What to list: filters, order and page."""

    keep: tuple[Keep, ...]
    since_seq: int | None
    size: int
    skip: int
    order: str
    dedup: bool
    sanitize: bool

    def run(self, topic: Topic) -> tuple[int, list[Mention]]:
        """Return how many match in all, and those of this page."""
        candidates = topic.mentions if self.since_seq is None else topic.since(self.since_seq)
        found = [mention for mention in candidates if all(keep(mention) for keep in self.keep)]
        if self.order != "seqAsc":
            found.sort(key=_rank(self.order))
        if self.dedup:
            found = _without_copies(found)
        return len(found), found[self.skip : self.skip + self.size]


def read_query(params: Parameters, topic: Topic, owner_zone: str, now: datetime) -> Query:
    """Check the parameters and make a query of them.

    Raises:
        BadParameterError: the first one that is wrong.
    """
    zone = params.zone(owner_zone)
    size, skip = params.integer("size", DEFAULT_SIZE) or 0, params.integer("skip", 0) or 0
    if not 1 <= size <= MAX_SIZE:
        raise BadParameterError("size", "range_error", f"'Size' must be between 1 and {MAX_SIZE}")
    if not 0 <= skip < MAX_SKIP:
        raise BadParameterError("skip", "range_error", f"'Skip' must be less than {MAX_SKIP}")
    order = params.one("orderBy") or ORDERS[0]
    if order not in ORDERS:
        raise BadParameterError("orderBy", "enum_error", f"'{order}' is not one of {', '.join(ORDERS)}")
    return Query(
        keep=(
            *_by_time(params, zone, now),
            *_by_state(params),
            *_by_field(params),
            *_by_tags(params, topic),
            *_by_engagement(params, zone),
            *_by_text(params),
        ),
        since_seq=params.integer("sinceSeq"),
        size=size,
        skip=skip,
        order=order,
        dedup=params.flag("dedup") or False,
        sanitize=params.flag("htmlSanitize") is not False,
    )


def _by_time(params: Parameters, zone: tzinfo, now: datetime) -> Iterable[Keep]:
    today = _midnight(now.astimezone(zone).date(), zone)
    begin = params.moment("from", zone) or _midnight((today - timedelta(days=DEFAULT_DAYS)).date(), zone)
    # The upper bound is stretched by a day, also the default one (sheet, section 3).
    end = (params.moment("to", zone) or today) + timedelta(days=1)
    yield lambda mention: begin <= mention.published < end
    added_from, added_to = params.moment("addedFrom", zone), params.moment("addedTo", zone)
    if added_from:
        yield lambda mention: mention.added >= added_from
    if added_to:
        yield lambda mention: mention.added <= added_to


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _by_state(params: Parameters) -> Iterable[Keep]:
    """`deleted=true` and `spam=true` list only such mentions (our reading of section 5)."""
    deleted, spam = params.flag("deleted"), params.flag("spam")
    if deleted:
        yield lambda mention: mention.deleted and (spam is None or mention.spam == spam)
    elif spam:
        yield lambda mention: mention.spam and not mention.deleted
    else:
        yield lambda mention: not (mention.spam or mention.deleted)
    starred, processed = params.flag("starred"), params.flag("processed")
    if starred:
        yield lambda mention: mention.starred
    if processed is not None:
        yield lambda mention: mention.processed == processed


def _by_field(params: Parameters) -> Iterable[Keep]:
    for name, field in FIELD_OF.items():
        yield from _in_or_out(params, name, partial(_field, field))
    yield from _in_or_out(params, "sentiment", lambda mention: {mention.sentiment})
    yield from _in_or_out(params, "autoCategories", lambda mention: set(mention.fields["autoCategories"] or ()))


def _field(name: str, mention: Mention) -> set[str]:
    return {mention.fields[name]}


def _in_or_out(params: Parameters, name: str, values: Callable[[Mention], set[str]]) -> Iterable[Keep]:
    wanted = set(params.many(name))
    unwanted = set(params.many(f"exclude{name[:1].upper()}{name[1:]}"))
    if wanted:
        yield lambda mention: bool(wanted & values(mention))
    if unwanted:
        yield lambda mention: not unwanted & values(mention)


def _by_tags(params: Parameters, topic: Topic) -> Iterable[Keep]:
    for name in params.many("tags"):
        if name not in topic.tags:
            raise BadParameterError("tags", "unknown_tag", f"Tag '{name}' not found")
    yield from _in_or_out(params, "tags", lambda mention: set(mention.tags))
    tagged = params.flag("tagged")
    if tagged is not None:
        yield lambda mention: bool(mention.tags) == tagged


def _by_engagement(params: Parameters, zone: tzinfo) -> Iterable[Keep]:
    least, most = params.integer("engagementFrom"), params.integer("engagementTo")
    if least is not None:
        yield lambda mention: _engagement(mention) >= least
    if most is not None:
        yield lambda mention: _engagement(mention) <= most
    since = params.moment("engagementCollectedFrom", zone)
    until = params.moment("engagementCollectedTo", zone)
    if since:
        yield lambda mention: (at := _collected(mention)) is not None and at >= since
    if until:
        yield lambda mention: (at := _collected(mention)) is not None and at <= until


def _by_text(params: Parameters) -> Iterable[Keep]:
    """Every word must occur; the vendor's own query syntax goes further."""
    words = (params.one("textQuery") or "").casefold().replace('"', " ").split()
    if words:
        yield lambda mention: all(word in _searchable(mention) for word in words)


def _searchable(mention: Mention) -> str:
    return f"{mention.fields['title'] or ''} {mention.plain or ''}".casefold()


def _engagement(mention: Mention) -> int:
    total: int = (mention.engagement or {}).get("engagement") or 0
    return total


def _collected(mention: Mention) -> datetime | None:
    at: str | None = (mention.engagement or {}).get("dateCollected")
    return datetime.fromisoformat(at) if at else None


def _rank(order: str) -> Callable[[Mention], Any]:
    match order:
        case "publishedAsc":
            return lambda mention: (mention.published, mention.seq)
        case "engagement":
            return lambda mention: (-_engagement(mention), -mention.seq)
        case _:
            return lambda mention: (-mention.published.timestamp(), -mention.seq)


def _without_copies(mentions: list[Mention]) -> list[Mention]:
    """The first of each text; case, digits and punctuation do not matter."""
    first: dict[str, Mention] = {}
    for mention in mentions:
        words = NOT_LETTERS.sub(" ", (mention.plain or "").casefold()).strip()
        first.setdefault(words or f"#{mention.id}", mention)
    return list(first.values())
