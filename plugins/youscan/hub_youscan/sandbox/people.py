"""Where people write, who they are, and which posts hang together: the seeded stage of the mentions."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

# Domain to type and weight. Comments grow under posts of the types in `TALKATIVE`.
SOURCES: dict[str, tuple[str, int]] = {
    "vk.com": ("social", 30),
    "telegram.me": ("messenger", 18),
    "ok.ru": ("social", 8),
    "banki.ru": ("reviews", 9),
    "sravni.ru": ("reviews", 3),
    "otzovik.com": ("reviews", 4),
    "irecommend.ru": ("reviews", 3),
    "vc.ru": ("blog", 5),
    "dzen.ru": ("blog", 4),
    "pikabu.ru": ("forum", 5),
    "youtube.com": ("social", 5),
    "twitter.com": ("social", 4),
    "rbc.ru": ("news", 2),
}
ELSEWHERE = {"t.me": "telegram.me", "yandex_maps": "yandex.ru", "2gis": "2gis.ru", "google": "maps.google.com"}
MAPS = frozenset({"yandex.ru", "2gis.ru", "maps.google.com"})
WITHHOLDING = frozenset({"twitter.com", "x.com"})
TALKATIVE = frozenset({"social", "messenger", "forum", "blog"})
NAMES = (
    ("Анна Белова", "female"), ("Игорь К.", "male"), ("Марина", "female"), ("Сергей Петров", "male"),
    ("Ольга Ким", "female"), ("Дмитрий", "male"), ("Лейла Ахмедова", "female"), ("Паша Дуров-младший", "male"),
    ("John Appleseed", "male"), ("Ёлка 🎄", "unknown"), ("Kätlin Õunapuu", "female"), ("user83112", "unknown"),
)  # fmt: skip
PLACES = ("Подслушано", "Банки и вклады", "Новости города", "Жалобная книга", "Финансы просто")


@dataclass
class Author:
    """`profile` as the vendor sends it; `key` names the person inside the source, None if nothing does.

    `once`: never speaks again in the same discussion.
    """

    profile: dict[str, Any] | None
    key: str | None
    once: bool = False


@dataclass
class Post:
    """One post, comment or review at its source, before any topic finds it."""

    source: str
    source_type: str
    post_type: str
    post_id: str | None
    parent_id: str | None
    discussion_id: str | None
    parent_title: str | None
    author: Author
    place: dict[str, Any] | None

    @property
    def same_as(self) -> str | None:
        """The post's name across topics; ids are unique only inside a source."""
        return f"{self.source}|{self.post_id}" if self.post_id else None

    def label(self, uid: int) -> str:
        """One author within one discussion; an unknown author: the post alone."""
        thread = self.discussion_id or self.post_id
        if thread and self.author.key:
            return f"{self.source}|{thread}|{self.author.key}"
        return f"alone|{self.same_as or uid}"


@dataclass
class Discussion:
    """A post with its comments; `posts` may begin with one that no topic ever collected."""

    id: str
    title: str
    place: dict[str, Any] | None
    posts: list[str] = field(default_factory=list)
    authors: list[Author] = field(default_factory=list)


class Stage:
    """Invents posts that hang together."""

    def __init__(self, chance: random.Random) -> None:
        """Nobody has said anything yet."""
        self._chance = chance
        self._open: dict[str, list[Discussion]] = {}
        self._numbers: dict[str, int] = {}
        self._people = 55_500

    def source(self, wanted: str | None) -> str:
        """The domain for a text: the wanted one, else by weight; now and then one that withholds texts."""
        if self._chance.random() < 0.025:
            return "twitter.com"
        if wanted:
            return ELSEWHERE.get(wanted, wanted)
        return self._chance.choices(list(SOURCES), [weight for _, weight in SOURCES.values()])[0]

    def post(self, source: str, title: str) -> Post:
        """A new post, or a comment in a discussion of its source."""
        kind = "reviews" if source in MAPS else SOURCES.get(source, ("social", 0))[0]
        discussions = self._open.setdefault(source, [])
        if kind in TALKATIVE and discussions and self._chance.random() < 0.5:
            return self._comment(source, kind, self._chance.choice(discussions[-15:]))
        return self._opening(source, kind, title, discussions)

    def _opening(self, source: str, kind: str, title: str, discussions: list[Discussion]) -> Post:
        first = self._post_id(source)
        place = self._place(source) if kind in TALKATIVE else None
        discussion = Discussion(first, title, place, [first])
        discussions.append(discussion)
        if kind in TALKATIVE and self._chance.random() < 0.15:
            # The post itself was never collected, only what people answered.
            return self._comment(source, kind, discussion)
        author = self.author(source)
        discussion.authors.append(author)
        post_type = "post" if self._chance.random() < 0.93 else self._chance.choice(("repost", "extendedRepost"))
        parent = self._post_id(source) if post_type != "post" else None
        return Post(source, kind, post_type, first, parent, first, None, author, place)

    def _comment(self, source: str, kind: str, discussion: Discussion) -> Post:
        known = [author for author in discussion.authors if author.key and not author.once]
        author = self._chance.choice(known) if known and self._chance.random() < 0.35 else self.author(source)
        post_id = self._post_id(source)
        # One answer in eight is to a comment that was never collected.
        parent = self._post_id(source) if self._chance.random() < 0.12 else self._chance.choice(discussion.posts)
        discussion.posts.append(post_id)
        discussion.authors.append(author)
        return Post(source, kind, "comment", post_id, parent, discussion.id, discussion.title, author, discussion.place)

    def author(self, source: str) -> Author:
        """Somebody new; one in fourteen cannot be told from others."""
        self._people += self._chance.randint(1, 90)
        number, roll = self._people, self._chance.random()
        name, gender = self._chance.choice(NAMES)
        profile: dict[str, Any] = {
            "profileId": str(number),
            "url": f"https://{source}/id{number}",
            "name": name,
            "nickname": self._chance.choice((None, f"user{number}")),
            "bio": None,
            "avatarUrl": self._chance.choice((None, f"https://{source}/a/{number}.jpg")),
            "subscribers": self._chance.choice(
                (None, 0, self._chance.randint(1, 900), self._chance.randint(1, 90_000))
            ),
            "gender": gender,
            "age": self._chance.choice((None, None, self._chance.randint(16, 70))),
        }
        if roll < 0.03:
            return Author(None, None)
        if roll < 0.07:
            return Author({**profile, "profileId": None, "url": None, "nickname": None}, None)
        if roll < 0.09:
            # Whoever takes the address for a person and whoever does not must find the same conversations.
            return Author({**profile, "profileId": None}, profile["url"], once=True)
        if roll < 0.12:
            return Author({**profile, "name": None}, profile["profileId"])
        return Author(profile, profile["profileId"])

    def _post_id(self, source: str) -> str:
        """Unique inside the source; small numbers come again in every source."""
        number = self._numbers[source] = self._numbers.get(source, 1000) + self._chance.randint(1, 3)
        match source:
            case "vk.com":
                return f"-{1 + number % 7}_{number}"
            case "twitter.com":
                return str(1_840_000_000_000_000_000 + number)
            case _:
                return str(number)

    def _place(self, source: str) -> dict[str, Any] | None:
        number = self._chance.randint(1, 5)
        if self._chance.random() < 0.1:
            return None
        return {
            "profileId": f"-{number}",
            "url": f"https://{source}/club{number}",
            "name": PLACES[number - 1],
            "nickname": f"club{number}",
            "subscribers": number * 18_062,
            "gender": "community",
        }
