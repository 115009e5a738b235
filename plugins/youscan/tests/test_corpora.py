"""Real texts, wrapped as YouScan would send them, lose nothing on the way into a ticket."""

import gzip
import json
import re
from collections.abc import Iterator
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest

from hub.sdk import Request, Response
from hub_youscan.mention import ticket

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"
TEXTS = (
    ("bank_reviews_ru", 2178),
    ("map_reviews_ru", 97),
    ("spam_telegram", 662),
    ("toxic_vk_ru", 870),
    ("news_telegram_ru", 6043),
    ("support_questions_ru", 335),
    ("bank_questions_en", 9947),
)


def rows(name: str) -> Iterator[dict[str, Any]]:
    path = CORPORA / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no corpus at {path}: this trial needs the shared texts")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def received(mention: dict[str, Any]) -> Any:
    """Return *mention* as it is after the network, where JSON escaped what is not ASCII."""
    body = json.dumps({"mentions": [mention]}).encode()
    return Response(200, {}, body, Request("GET", "/topics/101/mentions")).json()["mentions"][0]


def mention(row: dict[str, Any], text: str) -> dict[str, Any]:
    return {
        "id": row["id"],
        "seq": 1,
        "published": "2026-10-01T00:00:00Z",
        "source": row["platform"],
        "text": text[:200],
        "fullText": text,
        "rating": row["rating"],
        "author": {"profileId": row["author"]},
    }


def marks(text: str) -> str:
    """Return *text* without white space and HTML (posts about programming hold some), entities read."""
    return "".join(re.sub(r"</?[a-z]+(?: [^<>]*)?>", "", unescape(unescape(unescape(text)))).split())


@pytest.mark.parametrize(("name", "count"), TEXTS)
def test_every_letter_sign_and_hidden_mark_of_a_text_survives(name: str, count: int) -> None:
    seen = 0
    for row in rows(name):
        said = ticket(received(mention(row, row["text"])), "101").messages[0]
        assert marks(said.body) == marks(row["text"]), row["id"]
        assert said.rating == row["rating"]
        seen += 1
    assert seen == count


@pytest.mark.parametrize("name", ["spam_telegram", "toxic_vk_ru"])
def test_texts_made_safe_for_a_page_come_back_as_they_were(name: str) -> None:
    for row in rows(name):
        said = ticket(received(mention(row, escape(row["text"]))), "101").messages[0]
        assert marks(said.body) == marks(row["text"]), row["id"]


def test_lookalike_letters_and_zero_width_characters_are_kept_for_the_rules() -> None:
    odd = ("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad")
    texts = [row["text"] for name in ("spam_telegram", "toxic_vk_ru", "news_telegram_ru") for row in rows(name)]
    hidden = [text for text in texts if any(mark in text.strip() for mark in odd)]
    assert hidden, "the corpora hold texts with such characters"
    for number, text in enumerate(hidden):
        said = ticket({"id": number, "published": "2026-10-01T00:00:00Z", "text": text}, "101").messages[0]
        assert [said.body.count(mark) for mark in odd] == [text.count(mark) for mark in odd]
