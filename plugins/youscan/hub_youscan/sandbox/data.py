"""Mentions from a seed: texts, threads, delays and every oddity that the sheet's section 16 lists."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from hub.sandbox import ALONE, LETTERS, MARKUP, UNSTORABLE, OddTexts, SandboxOptions, Shaped, Text, huge, same

from .model import Mention
from .people import WITHHOLDING, Post, Stage

TOPICS = {101: "Бренд: упоминания", 102: "Товары и тарифы", 103: "Сервис и доставка"}
SHARES = (0.5, 0.3, 0.2)
TAG_NAMES = ("Жалоба", "Вопрос", "Благодарность", "Мошенники", "Доставка", "Приложение", "Акция")
LANGUAGES = {"ru": "rus", "en": "eng"}
# Positions of records that a seeded dice might miss; from this many records on they are all there.
ALL_ODD_FROM = 30
RARE_FROM = 10
CATEGORIES = [{"id": 5, "name": "Обслуживание", "subCategories": [{"id": 51, "name": "Ожидание"}]}]
OVERLAP = 0.06


class Mint:
    """Makes mentions one after the other; the same options make the same ones."""

    def __init__(self, options: SandboxOptions, texts: Iterator[Text]) -> None:
        """Take texts from *texts*."""
        self._options = options
        self._texts = texts
        self._chance = random.Random(f"youscan:{options.seed}")
        self._stage = Stage(random.Random(f"people:{options.seed}"))
        self._odd_texts = OddTexts(MARKUP + LETTERS + ALONE, random.Random(f"odd:{options.seed}"))
        self._odd_fields = list(ODD_FIELDS)
        self._chance.shuffle(self._odd_fields)
        self._odd_fields.append(_without_source)  # dealt last, so that a seed's world is else as it was
        self._made = self._dealt = self._posts = 0

    def mentions(self, added: datetime, lag: timedelta) -> list[Mention]:
        """One post, saved at *added*, *lag* after it was published: one mention, or two if two topics find it."""
        first = self._mention(added, lag)
        if first.topic == 103 or first.broken or self._chance.random() >= OVERLAP:
            return [first]
        return [first, self._found_again(first)]

    def _mention(self, added: datetime, lag: timedelta) -> Mention:
        text = next(self._texts)
        number, self._posts = self._posts, self._posts + 1
        source = self._stage.source(text.source)
        if number < ALL_ODD_FROM and source in WITHHOLDING:
            source = "vk.com"
        post = self._stage.post(source, text.title or text.text[:60])
        uid, self._made = self._made, self._made + 1
        mention = self._plain_mention(uid, text, post, self._shape(number, text, post), added, lag)
        self._make_odd(number, mention)
        if post.source in WITHHOLDING:
            _withhold(mention)
        return mention

    def _found_again(self, first: Mention) -> Mention:
        """The same post in the other topic: another record, with its own marks."""
        second = copy.deepcopy(first)
        second.uid, self._made = self._made, self._made + 1
        second.topic = 203 - first.topic
        second.added += timedelta(minutes=self._chance.randint(1, 9))
        second.big_id = False
        second.tags = []
        if second.same_as is None and second.label.startswith("alone|"):
            second.label = f"alone|{second.uid}"
        return second

    def _shape(self, number: int, text: Text, post: Post) -> Shaped:
        rare = number % 2000 - RARE_FROM
        if self._all_odd and 0 <= rare < len(UNSTORABLE):
            return UNSTORABLE[rare](text.text, self._chance)
        if number % 7 == 6 and number // 7 < self._options.huge:
            return huge(text.text)
        if post.post_type == "comment" and self._chance.random() < 0.01:
            return same("")
        return self._odd_texts.shape(text.text) if self._chance.random() < self._options.odd else same(text.text)

    def _plain_mention(
        self, number: int, text: Text, post: Post, shaped: Shaped, added: datetime, lag: timedelta
    ) -> Mention:
        title = f"{post.parent_title[:40]}…" if post.parent_title else text.title
        return Mention(
            uid=number,
            topic=self._chance.choices(list(TOPICS), SHARES)[0],
            published=(added - lag).replace(microsecond=0),
            added=added,
            fields=self._fields(text, post, title),
            wire=shaped.wire,
            plain=shaped.plain,
            label=post.label(number),
            same_as=post.same_as,
            ref=text.ref,
            tone=text.tone,
            sentiment=text.sentiment,
            tags=self._chance.sample(TAG_NAMES, self._chance.choice((0, 0, 0, 1, 2))),
            starred=self._chance.random() < 0.05,
            processed=self._chance.random() < 0.2,
            engagement=self._engagement(added),
            added_digits=self._chance.choice((7, 7, 7, 7, 6, 3, 0)),
        )

    def _fields(self, text: Text, post: Post, title: str | None) -> dict[str, Any]:
        chance = self._chance
        fields: dict[str, Any] = {
            "url": f"https://{post.source}/{post.post_id}" + ("?reply=1" if post.post_type == "comment" else ""),
            "title": title,
            "imageUrl": None,
            "images": None,
            "source": post.source,
            "author": post.author.profile,
            "publicationPlace": post.place,
            "sourceType": post.source_type,
            "resourceType": post.source_type,
            "language": LANGUAGES.get(text.lang, "rus"),
            "postType": post.post_type,
            "contentTypes": chance.choice((["text"], ["text"], ["text", "link"], ["video", "subtitles"], None)),
            "sourceFormat": None,
            "rating": text.rating,
            "autoCategories": ["news"] if text.tone == "news" else chance.choice((["wom"], ["wom"], None)),
            "subjects": None,
            "postId": post.post_id,
            "parentPostId": post.parent_id,
            "discussionId": post.discussion_id,
            "country": chance.choice(("ru", "ru", "ru", "kz", None)),
            "region": chance.choice((None, "Свердловская область")),
            "city": chance.choice((None, "Екатеринбург", "Москва")),
            "note": None,
            "potentialReach": chance.choice((None, chance.randint(1, 90_000))),
            "categories": chance.choice(([], [], CATEGORIES)),
        }  # fmt: skip
        return fields | (FULL if chance.random() < 0.2 else {})

    def _engagement(self, added: datetime) -> dict[str, Any] | None:
        chance = self._chance
        if chance.random() < 0.15:
            return None
        likes, comments, reposts = chance.randint(0, 40), chance.randint(0, 9), chance.randint(0, 4)
        return {
            "likes": likes, "dislikes": None, "comments": comments, "reposts": reposts,
            "views": chance.choice((None, chance.randint(50, 9000))), "reach": None, "saves": None,
            "impressions": None, "engagement": likes + comments + reposts,
            "reactions": chance.choice((None, {"total": likes, "angry": 1, "love": None})),
            "dateCollected": f"{added:%Y-%m-%dT%H:%M:%SZ}",
        }  # fmt: skip

    def _make_odd(self, number: int, mention: Mention) -> None:
        """A few records are odd by position, so that every world has them; others by the dice."""
        if self._all_odd and number < len(FIXED):
            FIXED[number](mention)
        elif self._chance.random() < self._options.odd:
            self._odd_fields[self._dealt % len(self._odd_fields)](mention)
            self._dealt += 1

    @property
    def _all_odd(self) -> bool:
        return self._options.items >= ALL_ODD_FROM and self._options.odd > 0


def _nothing(_: Mention) -> None:
    pass


def _ancient(mention: Mention) -> None:
    mention.published = mention.published.replace(year=1999, month=12, day=31)


def _from_the_future(mention: Mention) -> None:
    mention.published = (mention.added + timedelta(minutes=7)).replace(microsecond=0)


def _with_a_big_id(mention: Mention) -> None:
    mention.big_id = True


def _without_id(mention: Mention) -> None:
    mention.broken = "id"


def _without_time(mention: Mention) -> None:
    mention.broken = "published"


FIXED: tuple[Callable[[Mention], None], ...] = (
    _nothing,
    _ancient,
    _from_the_future,
    _with_a_big_id,
    _without_id,
    _without_time,
)


def _withhold(mention: Mention) -> None:
    """X and Twitter: no text, link or name; only ids (sheet, section 13)."""
    mention.withheld, mention.wire, mention.plain = True, None, None
    author = mention.fields["author"]
    if author:
        author = {**author, "url": None, "name": None, "nickname": None, "avatarUrl": None}
    mention.fields = mention.fields | {"url": None, "title": None, "author": author}


def _set(**fields: Any) -> Callable[[Mention], None]:
    def change(mention: Mention) -> None:
        mention.fields = mention.fields | fields

    return change


def _omit(*names: str) -> Callable[[Mention], None]:
    def change(mention: Mention) -> None:
        mention.omit = frozenset(names)

    return change


def _only_an_image(mention: Mention) -> None:
    mention.wire, mention.plain = None, ""
    mention.fields = mention.fields | {
        "imageUrl": "https://example.org/1.jpg",
        "contentTypes": ["image"],
        "title": None,
    }


def _without_sentiment(mention: Mention) -> None:
    mention.sentiment = "undefined"


def _without_discussion(mention: Mention) -> None:
    """The post alone stands for its discussion."""
    if mention.fields["discussionId"] == mention.fields["postId"]:
        mention.fields = mention.fields | {"discussionId": None}


def _without_ids(mention: Mention) -> None:
    mention.fields = mention.fields | {"postId": None, "discussionId": None, "parentPostId": None}
    mention.same_as, mention.label = None, f"alone|{mention.uid}"


def _without_source(mention: Mention) -> None:
    """Where it was found is not told, so that its ids name nothing by themselves."""
    if mention.fields["source"] not in WITHHOLDING:
        mention.fields = mention.fields | {"source": None}
        mention.same_as, mention.label = None, f"alone|{mention.uid}"


ODD_FIELDS: tuple[Callable[[Mention], None], ...] = (
    _set(url=None),
    _set(title=None),
    _set(country=None, language=None, region=None, city=None),
    _set(rating=0),
    _set(rating=3.5),
    _set(rating=5),
    _set(sourceType="other", resourceType="other"),
    _set(sourceType="metaverse", resourceType="metaverse"),
    _set(postType="story", contentTypes=["hologram"]),
    _set(truthScore={"value": 0.97, "model": "t-1"}),
    _omit("url", "title", "language", "country", "region", "city", "rating", "categories", "engagement", "note"),
    _omit("text"),
    _omit("fullText"),
    _only_an_image,
    _without_sentiment,
    _without_discussion,
    _without_ids,
)
FULL: dict[str, Any] = {
    "imageActivities": None, "imageBrands": None, "imageColors": ["#ff0000"], "imageObjects": [], "imagePeople": None,
    "imageScenes": None, "imageTexts": ["СКИДКА -50%"], "aspects": ["quality_positive"],
    "sentimentAspects": [{"aspect": "quality", "sentiment": "positive"}], "authorJobs": None, "authorInterests": None,
    "authorInterestCategories": None, "customTags": None,
}  # fmt: skip
