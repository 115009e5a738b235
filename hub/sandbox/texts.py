"""What people wrote: the texts of the demo or a corpus file, as many as are wanted, no two alike."""

from __future__ import annotations

import gzip
import html
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

WRITTEN = Path(__file__).with_name("texts.jsonl")

# Platform names of the corpora as domains. X withholds its texts from YouScan, which would leave a corpus of
# tweets without a word, so tweets are shown as posts of VK.
DOMAINS = {
    "telegram": "telegram.me",
    "bank_chat": "telegram.me",
    "vk": "vk.com",
    "twitter": "vk.com",
    "support_form": "otvet.mail.ru",
}
# Labels of the corpora that say how something is meant; the others (`ok`, `ham`, tones of tweets) say too little.
TONES = {"complaint", "praise", "consultation", "suggestion", "news", "spam"}
SENTIMENTS = {"complaint": "negative", "praise": "positive", "negative": "negative", "positive": "positive",
              "toxic": "negative"}  # fmt: skip

TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
NUMBER = re.compile(r"\d{2,}")
ENDINGS = {
    "ru": (
        "Обращение № {n}.",
        "Номер заявки {n}.",
        "Это было {day}.{month:02}.",
        "Пишу уже {k}-й раз.",
        "Договор {n}.",
    ),
    "en": ("Case {n}.", "My ticket is {n}.", "It was on {day} May.", "Writing for the {k}th time.", "Order {n}."),
}


@dataclass(frozen=True)
class Text:
    """One text as a person reads it, and what is known about it.

    Attributes:
        text: plain: no entities, no tags, nothing that a store refuses; reading it as HTML changes nothing.
        source: a domain (`vk.com`) or a map (`yandex_maps`, `2gis`, `google`); None if any will do.
        tone: complaint, praise, consultation, suggestion, news, spam or other.
        sentiment: positive, neutral or negative.
        ref: id in the corpus, or the line of the written texts.
    """

    lang: str
    kind: str
    tone: str
    sentiment: str
    source: str | None
    title: str | None
    text: str
    rating: float | None
    reply: str | None
    ref: str


def readable(text: str) -> str:
    """Return *text* without entities, tags, NUL and lone surrogates; reading the result again changes nothing."""
    while (plain := TAG.sub("", BREAK.sub("\n", html.unescape(text)))) != text:
        text = plain
    return UNSTORABLE.sub("\ufffd", text)


def load(path: Path | None = None) -> list[Text]:
    """Read the texts written for the demo, or a file of theirs or the corpora's form, plain or gzip.

    Raises:
        ValueError: the file holds no texts.
    """
    texts = [text for text in _read(path or WRITTEN) if text.text.strip()]
    if not texts:
        raise ValueError(f"{path or WRITTEN} holds no texts; one JSON object a line with the key text is expected")
    return texts


def endless(texts: list[Text], kind: str, seed: int) -> Iterator[Text]:
    """Yield texts of *kind* (all, if there are none of it) in a seeded order, for ever.

    The first round gives them as they are; in later rounds numbers change and a remark is added, so that
    no two are alike. Which text comes n-th depends on the texts and the seed alone.
    """
    chance = random.Random(f"texts:{seed}:{kind}")
    chosen = [text for text in texts if text.kind == kind] or list(texts)
    chance.shuffle(chosen)
    seen: set[str] = set()
    yield from chosen
    seen.update(text.text for text in chosen)
    while True:
        for text in chosen:
            yield _varied(text, seen, chance)


def _varied(text: Text, seen: set[str], chance: random.Random) -> Text:
    while True:
        numbered = NUMBER.sub(lambda match: _number(len(match[0]), chance), text.text)
        ending = chance.choice(ENDINGS.get(text.lang, ENDINGS["en"])).format(
            n=chance.randint(10_000, 99_999_999), day=chance.randint(1, 28), month=chance.randint(1, 12),
            k=chance.randint(4, 9),
        )  # fmt: skip
        varied = f"{numbered.rstrip()} {ending}"
        if varied not in seen:
            seen.add(varied)
            return replace(text, text=varied)


def _number(digits: int, chance: random.Random) -> str:
    return str(chance.randint(10 ** (digits - 1), 10**digits - 1))


def _read(path: Path) -> Iterator[Text]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    for number, line in enumerate(content.decode("utf-8").split("\n"), 1):
        if line.strip():
            row = _row(path, number, line)
            yield _corpus(row) if "platform" in row else _written(row, number)


def _row(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{path}, line {number}: no JSON: {error}") from None
    if isinstance(row, dict):
        return row
    raise ValueError(f'{path}, line {number}: a line is an object, such as {{"text": "..."}}')


def _written(row: dict[str, Any], number: int) -> Text:
    return Text(
        lang=row.get("lang") or "ru",
        kind=row.get("kind") or "mention",
        tone=row.get("tone") or "other",
        sentiment=SENTIMENTS.get(row.get("tone") or "", "neutral"),
        source=row.get("source"),
        title=_plain(row.get("title")),
        text=readable(row.get("text") or ""),
        rating=row.get("rating"),
        reply=_plain(row.get("reply")),
        ref=f"text-{number}",
    )


def _corpus(row: dict[str, Any]) -> Text:
    extra, label = row.get("extra") or {}, row.get("label") or ""
    platform = str(row["platform"])
    return Text(
        lang=extra.get("lang") or "ru",
        kind="review" if platform == "yandex_maps" else "mention",
        tone=label if label in TONES else "other",
        sentiment=SENTIMENTS.get(label, "neutral"),
        source=DOMAINS.get(platform, platform),
        title=_plain(extra.get("title")),
        text=readable(row.get("text") or ""),
        rating=row.get("rating"),
        reply=_plain(extra.get("answer") if platform == "yandex_maps" else None),
        ref=str(row.get("id")),
    )


def _plain(text: object) -> str | None:
    return readable(text) if isinstance(text, str) and text else None
