import gzip
import json
import random
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from hub.sandbox import ALONE, LETTERS, MARKUP, UNSTORABLE, OddTexts, Text, endless, load, readable
from hub.sandbox.oddities import HUGE_CHARS, huge

CORPUS = [
    {"id": "c-1", "platform": "twitter", "text": "МТС &amp; другие", "label": "negative", "extra": {"lang": "ru"}},
    {"id": "c-2", "platform": "yandex_maps", "text": "Хорошо", "label": "praise", "extra": {"answer": "Рады"}},
    {"id": "c-3", "platform": "banki.ru", "text": "   ", "label": "complaint", "extra": {}},
]  # fmt: skip


def corpus(path: Path) -> list[Text]:
    path.write_bytes(gzip.compress("\n".join(json.dumps(row) for row in CORPUS).encode()))
    return load(path)


def test_the_texts_of_the_demo_can_be_read() -> None:
    texts = load()
    assert {"mention", "review"} == {text.kind for text in texts}
    assert {"ru", "en"} <= {text.lang for text in texts}


def test_a_gzip_corpus_is_read_and_empty_texts_are_left_out(tmp_path: Path) -> None:
    first, second = corpus(tmp_path / "c.jsonl.gz")
    assert (first.text, first.source, first.sentiment, first.kind) == ("МТС & другие", "vk.com", "negative", "mention")
    assert (second.kind, second.tone, second.reply, second.ref) == ("review", "praise", "Рады", "c-2")


def test_a_file_without_texts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(ValueError, match=r"empty\.jsonl holds no texts"):
        load(path)


@pytest.mark.parametrize(("line", "said"), [("not json", "no JSON"), ("[1]", "a line is an object")])
def test_a_line_that_is_no_text_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f'{{"text": "a"}}\n{line}\n')
    with pytest.raises(ValueError, match=rf"bad\.jsonl, line 2: {said}"):
        load(path)


def test_texts_never_repeat_and_depend_on_the_seed_alone(texts: Path) -> None:
    first = [text.text for text in islice(endless(load(texts), "mention", 4), 300)]
    assert first == [text.text for text in islice(endless(load(texts), "mention", 4), 300)]
    assert first != [text.text for text in islice(endless(load(texts), "mention", 5), 300)]
    assert len(set(first)) == 300


def test_the_first_round_gives_the_texts_as_they_are(texts: Path) -> None:
    written = {text.text for text in load(texts) if text.kind == "review"}
    assert {text.text for text in islice(endless(load(texts), "review", 1), len(written))} == written


def test_readable_text_reads_the_same_again() -> None:
    plain = readable("&amp;amp;quot;Да&amp;quot;<br>и <b>нет</b>, 5 &lt; 10\x00\ud83d")
    assert plain == '"Да"\nи нет, 5 < 10\ufffd\ufffd'
    assert readable(plain) == plain


@pytest.mark.parametrize("shape", MARKUP + LETTERS + ALONE + UNSTORABLE)
def test_an_odd_text_reads_as_the_ledger_says(shape: Any) -> None:
    shaped = shape("Пишу вам третий раз, ответа нет", random.Random(1))
    assert readable(shaped.wire) == shaped.plain


@pytest.mark.parametrize("shape", MARKUP + UNSTORABLE)
def test_markup_and_unstorable_letters_are_really_sent(shape: Any) -> None:
    shaped = shape("Пишу вам третий раз", random.Random(1))
    assert shaped.wire != shaped.plain


def test_every_oddity_is_dealt_before_one_comes_again() -> None:
    odd = OddTexts(LETTERS, random.Random(2))
    assert len({odd.shape("Слова, слова и ещё слова").wire for _ in LETTERS}) == len(LETTERS)


def test_a_huge_text_is_huge() -> None:
    assert len(huge("слово").wire) == HUGE_CHARS
