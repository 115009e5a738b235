"""Pointer's objects as JSON (sheet, sections 5, 6 and 12)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from hub.sandbox import dump

from .data import NETWORKS, TONALITY_WORDS
from .model import MOSCOW, Company, Reply, Review


def review_bytes(review: Review, *, tags: bool, smart_tags: bool) -> bytes:
    """The review for list answers; kept until the review changes."""
    made = review.cache.get((tags, smart_tags))
    if made is None:
        made = review.cache[tags, smart_tags] = dump(review_json(review, tags=tags, smart_tags=smart_tags))
    return made


def review_json(review: Review, *, tags: bool, smart_tags: bool) -> dict[str, Any]:
    """A review; `tags` and `smart_tags` only where they were asked for."""
    record: dict[str, Any] = {
        "id": review_id(review),
        "provider_id": review.provider,
        "company_uuid": review.company.uuid,
        "network_uuid": review.company.network,
        "rating": review.rating,
        "text": review.wire,
        "text_tonality": _tonality(review),
        "published_at": "31.02.2026 25:61" if review.broken == "published_at" else moment(review, review.published),
        "created_at": moment(review, review.created),
        "updated_at": moment(review, review.updated),
        "is_changed": review.changed,
        "is_deleted": review.deleted,
        "is_activator": review.activator,
        "photos": review.photos,
        "reply": reply_json(review.reply, review.company.zone) if review.reply else None,
        **review.fields,
    }
    return record | ({"tags": review.tags} if tags else {}) | ({"smart_tags": review.smart_tags} if smart_tags else {})


def review_id(review: Review) -> int | str | None:
    """A number, mostly."""
    if review.broken == "id":
        return None
    return str(review.id) if review.id_style == "string" else review.id


def _tonality(review: Review) -> int | str:
    match review.tonality_style:
        case "word":
            return TONALITY_WORDS[review.tonality]
        case "digit":
            return str(review.tonality)
        case _:
            return review.tonality


def moment(review: Review, at: datetime) -> str:
    """An instant the way this review writes them; without a zone it is Moscow's time."""
    match review.style:
        case "zulu":
            return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        case "naive":
            return f"{at.astimezone(MOSCOW):%Y-%m-%dT%H:%M:%S}"
        case "date":
            return f"{at.astimezone(MOSCOW):%Y-%m-%d}"
        case "micro":
            return at.astimezone(MOSCOW).replace(microsecond=123456).isoformat()
        case _:
            return at.astimezone(review.company.zone).isoformat(timespec="seconds")


def reply_json(reply: Reply, zone: timezone) -> dict[str, Any]:
    """The assumed shape, with the moderation's outcome as `status`."""
    return {
        "text": reply.text,
        "created_at": reply.created.astimezone(zone).isoformat(timespec="seconds"),
        "published_at": reply.published.astimezone(zone).isoformat(timespec="seconds") if reply.published else None,
        "is_published": reply.status == "published",
        "status": reply.status,
    }


def plain_review(review: Review, wanted: Iterable[str]) -> dict[str, Any]:
    """A row of the bulk export; *wanted* are its `additional_fields`. One row in fifty has no id."""
    reply = review.reply
    row: dict[str, Any] = {
        "id": None if review.uid % 50 == 49 else review_id(review),
        "provider_id": review.provider,
        "company_uuid": review.company.uuid,
        "network_uuid": review.company.network,
        "rating": review.rating,
        "published_at": moment(review, review.published),
        "created_at": moment(review, review.created),
        "has_text": bool(review.wire),
        "has_reply": reply is not None,
        "reply_created_at": moment(review, reply.created) if reply else None,
        "reply_published_at": moment(review, reply.published) if reply and reply.published else None,
    }
    more = {
        "text": review.wire,
        "reply_text": reply.text if reply else None,
        "company_yandex_uuid": f"yandex-{review.company.number}",
        "company_google_uuid": f"google-{review.company.number}",
        "company_country": review.company.country_code,
    }
    return row | {name: more[name] for name in wanted if name in more}


def company_json(company: Company, ratings: list[dict[str, Any]] | None, *, info: bool) -> dict[str, Any]:
    """An outlet, without its network; `country_code` is left out where it is not known."""
    record: dict[str, Any] = {
        "uuid": company.uuid,
        "name": company.name,
        "number": company.number,
        "yandex_xml_id": f"x{company.number}",
        "full_address": f"{company.city}, ул. Ленина, {int(company.number)}",
        "lat": company.lat,
        "lng": company.lng,
        "country_code": company.country_code,
        "address_fields": {"country": "Россия", "city": company.city, "street": "ул. Ленина", "address_notes": []},
        "status_type_id": company.status,
        "yandex_maps_link": f"https://yandex.ru/maps/org/{int(company.number)}",
        "google_maps_link": None,
        "twogis_maps_link": None,
        "pointer_link": f"https://my.pntr.io/17/companies/{int(company.number)}",
        "added_at": company.added_at.astimezone(company.zone).isoformat(timespec="seconds"),
        "updated_at": company.added_at.astimezone(company.zone).isoformat(timespec="seconds"),
    }
    if company.country_code is None:
        del record["country_code"]
    if info:
        record |= {"working_times": [], "phones": ["+7 000 000-00-00"], "websites": ["https://example.org"]}
    if ratings is not None:
        record |= {"ratings": ratings, "weighted_mean_rating": _mean(ratings)}
    return record


def network_json(uuid: str, ratings: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A network."""
    return {"uuid": uuid, "name": NETWORKS[uuid]} | ({} if ratings is None else {"ratings": ratings})


def ratings_of(reviews: Iterable[Review], day: date) -> list[dict[str, Any]]:
    """Averages per provider at the end of *day*; an outlet without reviews shows 0 and 0 for Yandex."""
    stars: dict[int, list[float]] = {}
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), MOSCOW)
    for review in reviews:
        if review.rating and review.published < end:
            stars.setdefault(review.provider, []).append(review.rating)
    rows = [
        {"provider_id": provider, "avg_rating": sum(given) / len(given), "ratings_count": len(given)}
        for provider, given in sorted(stars.items())
    ]
    return [
        {**row, "date": day.isoformat()} for row in rows or [{"provider_id": 1, "avg_rating": 0, "ratings_count": 0}]
    ]


def _mean(ratings: list[dict[str, Any]]) -> float:
    count = sum(row["ratings_count"] for row in ratings)
    return sum(row["avg_rating"] * row["ratings_count"] for row in ratings) / count if count else 0
