"""Real texts, whose numbers of people were taken out before: whatever is masked in them is a mistake."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub_mask.numbers import mask

CORPORA = Path(__file__).parents[4] / "shared" / "corpora"


def texts(name: str) -> Iterator[str]:
    path = CORPORA / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no corpus at {path}: this trial needs the shared texts")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line)["text"] for line in lines)


@pytest.mark.parametrize(
    "name", ["bank_reviews_ru", "news_telegram_ru", "spam_telegram", "support_questions_ru", "toxic_vk_ru"]
)
def test_sums_dates_links_and_ids_of_real_texts_stay(name: str) -> None:
    assert [text for text in texts(name) if mask(text) != text] == []


def test_a_card_and_a_phone_are_found_within_any_real_text() -> None:
    for text in texts("bank_reviews_ru"):
        masked = mask(f"{text}\nкарта 4111 1111 1111 1111, тел. +7 916 123-45-67")
        assert masked == f"{text}\nкарта **** **** **** 1111, тел. +* *** ***-**-67"
