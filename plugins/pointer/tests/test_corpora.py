"""Real Russian reviews, wrapped as Pointer would send them, keep their text, stars, answers and photos."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.sdk import Read, TicketDraft
from hub_pointer.connector import Pointer, PointerConfig

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"
READ = Read("reviews", "poll", datetime(2026, 10, 20, tzinfo=UTC))


def rows(name: str) -> Iterator[dict[str, Any]]:
    path = CORPORA / name
    if not path.exists():
        pytest.skip(f"no corpus at {path}: this trial needs the shared texts")
    with gzip.open(path, "rb") as lines:
        yield from map(orjson.loads, lines)


def normalized(record: dict[str, Any]) -> TicketDraft:
    connector = Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t"}))
    draft = connector.normalize(record, READ)[0]
    assert isinstance(draft, TicketDraft)
    return draft


def letters(text: str) -> str:
    """Return *text* without its white space, entities read: what must survive."""
    return "".join(unescape(text).split())


def test_labelled_map_reviews_lose_no_text() -> None:
    seen = 0
    for number, row in enumerate(rows("map_reviews_ru.jsonl.gz")):
        record = {
            "id": number + 2**53,
            "provider_id": 1,
            "text": row["text"],
            "rating": row["rating"],
            "author": row["author"],
            "published_at": row["published"],
            "created_at": "2026-10-01",
        }
        said = normalized(record).messages[0]
        assert letters(said.body) == letters(row["text"])
        assert said.rating == row["rating"]
        assert said.source_id == str(number + 2**53)
        seen += 1
    assert seen == 97


def test_raw_yandex_reviews_lose_neither_text_nor_answer_nor_photos() -> None:
    seen = answers = 0
    for row in rows("payloads/yandex_maps_reviews.jsonl.gz"):
        answer = row["businessComment"]
        record = {
            "id": row["reviewId"],
            "provider_id": 1,
            "text": row["text"],
            "rating": row["rating"],
            "author": row["author"],
            "published_at": row["updatedTime"],
            "photos": [{"url": photo["urlTemplate"]} for photo in row["photos"]],
            "reply": {"text": answer["text"], "published_at": answer["updatedTime"]} if answer else None,
        }
        draft = normalized(record)
        said = draft.messages[0]
        assert letters(said.body) == letters(row["text"])
        assert said.author is not None
        assert said.author.name == row["author"]["name"]
        assert len(said.attachments) == len({photo["urlTemplate"] for photo in row["photos"]})
        if answer:
            assert letters(draft.messages[1].body) == letters(answer["text"])
            assert draft.state == "solved"
            answers += 1
        seen += 1
    assert seen == 50
    assert answers > 40
