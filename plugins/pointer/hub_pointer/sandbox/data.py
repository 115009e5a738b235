"""Networks, outlets and reviews from a seed, with the oddities of the sheet's section 19."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from hub.sandbox import ALONE, LETTERS, MARKUP, UNSTORABLE, OddTexts, SandboxOptions, Shape, Shaped, Text, huge, same

from .model import Company, Reply, Review

YANDEX, GOOGLE, TWOGIS, BOOK, LATER = 1, 2, 3, 9, 17
PROVIDERS = {
    YANDEX: ("Яндекс Карты", "Yandex Maps"),
    GOOGLE: ("Google Карты", "Google Maps"),
    TWOGIS: ("2ГИС", "2GIS"),
    BOOK: ("Книга отзывов", "Reviews book"),
}
# Nobody has heard of it until a day has passed.
LATER_PROVIDER = (LATER, ("Карты Новые", "New Maps"))
SOURCES = {"yandex_maps": YANDEX, "google": GOOGLE, "2gis": TWOGIS}
CARDS = {
    YANDEX: "https://yandex.ru/maps/org/{n}/reviews/",
    GOOGLE: "https://maps.google.com/?cid={n}",
    TWOGIS: "https://2gis.ru/firm/{n}",
}
NORTH = "0b0d6c1e-0000-4000-8000-00000000b001"
SOUTH = "0b0d6c1e-0000-4000-8000-00000000b002"
FOREIGN = "0b0d6c1e-0000-4000-8000-00000000b0ff"
NETWORKS = {NORTH: "Север", SOUTH: "Юг"}
# City, hours from UTC, latitude, longitude, network.
OUTLETS = (
    ("Москва", 3, 55.75, 37.61, NORTH),
    ("Санкт-Петербург", 3, 59.93, 30.33, NORTH),
    ("Калининград", 2, 54.71, 20.51, NORTH),
    ("Екатеринбург", 5, 56.83, 60.6, NORTH),
    ("Новосибирск", 7, 55.03, 82.92, NORTH),
    ("Владивосток", 10, 43.11, 131.88, NORTH),
    ("Петропавловск-Камчатский", 12, 53.02, 158.64, NORTH),
    ("Алматы", 5, 43.23, 76.88, SOUTH),
    ("Краснодар", 3, 45.03, 38.97, SOUTH),
    ("Сочи", 3, 43.6, 39.73, SOUTH),
    ("Тбилиси", 4, 41.71, 44.82, SOUTH),
    ("Ташкент", 5, 41.31, 69.24, SOUTH),
)
COUNTRIES = {"Алматы": "KZ", "Тбилиси": "ge", "Ташкент": "UZ"}
TAGS = [{"id": number, "name": name} for number, name in enumerate(("Качество", "Персонал", "Цена", "Очередь"), 1)]
SMART_TAGS = [{"id": number, "name": name} for number, name in enumerate(("Ожидание", "Чистота", "Вежливость"), 501)]
TONALITIES = {"positive": 1, "neutral": 2, "negative": 3}
TONALITY_WORDS = ("undefined", "positive", "neutral", "negative")
AUTHORS = ("Анна Белова", "Игорь К.", "Марина", "С. Петров", "Ольга Ким", "Дмитрий", "Лейла", "A Google User")
ODD_AUTHORS: tuple[Any, ...] = (
    None, "", "🌸🌸", "Я", "Очень длинное имя " * 20, "Ёжик в\u00a0тумане", {"name": "Павел", "avatar": None}, "😡",
)  # fmt: skip
REPLIES = (
    "Здравствуйте! Спасибо за отзыв, нам важно ваше мнение.",
    "Простите, что так вышло. Напишите нам номер заказа, мы разберёмся.",
    "Спасибо! Ждём вас снова.",
)
ALL_ODD_FROM = 30
RARE_FROM = 10
LONG_REPLY = "Спасибо за подробный отзыв! " * 170


def _translated(text: str, _: random.Random) -> Shaped:
    return same(f"(Translated by Google) Everything was as described. (Original) {text}")


def _copied(text: str, _: random.Random) -> Shaped:
    """The same words from several accounts."""
    return same("Отличное место, всем советую! Обязательно вернёмся ещё.")


def _foreign(words: str) -> Shape:
    return lambda _text, _chance: same(words)


OWN_SHAPES: tuple[Shape, ...] = (
    _translated,
    _copied,
    _copied,
    _foreign("Қызмет көрсету өте нашар, екі сағат күттік."),
    _foreign("Juda yomon xizmat, bir soat kutdik."),
    _foreign("ძალიან ცუდი მომსახურება, ორი საათი ველოდებოდით."),
    _foreign("Շատ վատ սպասարկում, սպասեցինք երկու ժամ։"),
    _foreign("الخدمة سيئة جدا، انتظرنا ساعتين"),
    _foreign("Oтличнo! Лучший cepвиc, промокод SALE20 на https://example.org/promo"),
)


def outlets(start: datetime) -> list[Company]:
    """The outlets of both networks; one has no country."""
    return [_outlet(number, start) for number in range(1, len(OUTLETS) + 1)]


def _outlet(number: int, start: datetime) -> Company:
    city, hours, lat, lng, network = OUTLETS[number - 1]
    return Company(
        uuid=f"0b0d6c1e-0000-4000-8000-00000000a{number:03}",
        network=network,
        name=f"{NETWORKS[network]}, {city}",
        number=f"{number:04}",
        city=city,
        zone=timezone(timedelta(hours=hours)),
        lat=lat,
        lng=lng,
        country_code=None if number == 4 else COUNTRIES.get(city, "RU"),
        added_at=start - timedelta(days=400 - number),
        status=1,
    )


class Mint:
    """Makes reviews one after the other; the same options make the same ones."""

    def __init__(self, options: SandboxOptions, companies: list[Company], texts: Iterator[Text]) -> None:
        """Take texts from *texts*, outlets from *companies*; the last outlet never gets a review."""
        self._options = options
        self._companies = companies[:-1]
        self._texts = texts
        self._chance = random.Random(f"pointer:{options.seed}")
        shapes = MARKUP + LETTERS + ALONE + OWN_SHAPES
        self._odd_texts = OddTexts(shapes, random.Random(f"odd:{options.seed}"))
        self._made = 0

    def review(self, created: datetime, lag: timedelta, *, provider: int | None = None) -> Review:
        """One review that Pointer collected at *created*, *lag* after it was published."""
        number, self._made = self._made, self._made + 1
        text = next(self._texts)
        shaped = self._shape(number, text)
        review = self._plain_review(number, text, shaped, created, lag)
        if provider is not None:
            review.provider = provider
        review.fields["provider_link"] = CARDS.get(review.provider, "https://example.org/{n}").format(n=number)
        self._answer(review, text)
        self._make_odd(number, review)
        return review

    def _shape(self, number: int, text: Text) -> Shaped | None:
        """What the review says; None for a rating alone."""
        rare = number % 2000 - RARE_FROM
        if self._all_odd and 0 <= rare < len(UNSTORABLE):
            return UNSTORABLE[rare](text.text, self._chance)
        if number % 7 == 6 and number // 7 < self._options.huge:
            return huge(text.text)
        if self._chance.random() < self._options.rating_only:
            return None
        if self._chance.random() < self._options.odd:
            return self._odd_texts.shape(text.text)
        return same(text.text)

    def _plain_review(
        self, number: int, text: Text, shaped: Shaped | None, created: datetime, lag: timedelta
    ) -> Review:
        chance = self._chance
        rating = text.rating or {"positive": 5, "negative": chance.choice((1, 1, 2))}.get(text.sentiment, 3)
        return Review(
            uid=number,
            company=chance.choice(self._companies),
            provider=self._provider(text),
            published=(created - lag).replace(microsecond=0),
            created=created.replace(microsecond=0),
            updated=created.replace(microsecond=0),
            wire=shaped.wire if shaped else chance.choice((None, "")),
            plain=shaped.plain if shaped else None,
            rating=rating,
            ref=text.ref,
            tone=text.tone if shaped else "rating",
            fields={"author": self._author()},
            tonality=TONALITIES[text.sentiment] if shaped else 0,
            tags=chance.sample(TAGS, chance.choice((0, 0, 1, 2))),
            smart_tags=chance.sample(SMART_TAGS, chance.choice((0, 0, 1))),
            photos=self._photos(),
            activator=chance.random() < 0.05,
        )

    def _provider(self, text: Text) -> int:
        if text.source in SOURCES and self._chance.random() > 0.04:
            return SOURCES[text.source]
        return self._chance.choices((YANDEX, GOOGLE, TWOGIS, BOOK), (50, 20, 25, 5))[0]

    def _author(self) -> Any:
        roll = self._chance.random()
        if roll < 0.12:
            return f"Инкогнито {self._chance.randint(1000, 9999)}"
        if roll < 0.12 + self._options.odd:
            return self._chance.choice(ODD_AUTHORS)
        return self._chance.choice(AUTHORS)

    def _photos(self) -> list[Any]:
        roll = self._chance.random()
        count = 10 if roll < 0.02 else 1 if roll < 0.1 else 0
        return [{"url": f"https://example.org/dead/{number}.jpg"} for number in range(count)]

    def _answer(self, review: Review, text: Text) -> None:
        """Somebody at the company answered: some at once, some days later, some at length."""
        if review.plain is None or self._chance.random() > 0.35:
            return
        created = review.created + timedelta(minutes=self._chance.randint(10, 3000))
        words = text.reply or self._chance.choice(REPLIES)
        if self._chance.random() < 0.03:
            words = LONG_REPLY
        review.reply = Reply(words, created, created + timedelta(minutes=self._chance.randint(1, 300)), "published")
        review.updated = created

    def _make_odd(self, number: int, review: Review) -> None:
        if self._all_odd and number < len(FIXED):
            FIXED[number](review)
        elif self._chance.random() < self._options.odd:
            self._chance.choice(ODD_FIELDS)(review)
        if self._chance.random() < self._options.odd:
            review.style = self._chance.choice(("zulu", "naive", "date", "micro"))

    @property
    def _all_odd(self) -> bool:
        return self._options.items >= ALL_ODD_FROM and self._options.odd > 0


def _no_rating(review: Review) -> None:
    review.rating = None


def _zero(review: Review) -> None:
    review.rating = 0


def _float_noise(review: Review) -> None:
    review.rating = 4.6999998


def _numeric_string(review: Review) -> None:
    review.id_style = "string"


def _big_id(review: Review) -> None:
    review.id_style = "big"


def _tonality_string(review: Review) -> None:
    review.tonality_style = "word" if review.uid % 2 else "digit"


def _sarcastic(review: Review) -> None:
    review.rating = 5 if review.tonality == 3 else 1


def _unknown_field(review: Review) -> None:
    review.fields["trust_score"] = {"value": 0.4}


def _no_link(review: Review) -> None:
    review.fields["provider_link"] = None


def _without_id(review: Review) -> None:
    review.broken = "id"


def _without_time(review: Review) -> None:
    review.broken = "published_at"


FIXED: tuple[Callable[[Review], None], ...] = (
    _zero,
    _no_rating,
    _big_id,
    _numeric_string,
    _without_id,
    _without_time,
    _tonality_string,
)
ODD_FIELDS: tuple[Callable[[Review], None], ...] = (
    _no_rating,
    _zero,
    _float_noise,
    _numeric_string,
    _big_id,
    _tonality_string,
    _sarcastic,
    _unknown_field,
    _no_link,
)
