"""YouScan's side of the story: topics that fill, and what people do to mentions after they were saved."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.sandbox import Delivery, SandboxOptions, Script, VirtualClock, Webhooks, dump, endless, load

from .changes import Changes
from .data import TAG_NAMES, TOPICS, Mint
from .model import EDIT, KEY, MANAGE, VIEW, Mention, Topic, User
from .render import as_webhook

OTHER_ZONE_KEY = "sandbox-youscan-key-ekb"
NO_ACCESS_KEY = "sandbox-youscan-key-noapi"
FIRST_ID = 310_000_000
BIG_IDS = 2**53 + 1
BURST_SHARE = 0.1
SCRIPT_LENGTH = timedelta(days=3)


def users() -> list[User]:
    """Who has a key. Each user has a limiter of their own."""
    return [
        User("lead", KEY, "Europe/Moscow", {101: MANAGE, 102: MANAGE, 103: EDIT}),
        User("ekb", OTHER_ZONE_KEY, "Asia/Yekaterinburg", {102: VIEW}),
        User("noapi", NO_ACCESS_KEY, "Europe/Moscow", {101: VIEW}, api_access=False),
    ]


class YouScanWorld:
    """Topics, mentions, users and time. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Fill the past, plan the future, let what is due happen."""
        self.options = options
        self.clock = VirtualClock(options.start, options.pace)
        self.topics = {number: _topic(number, name) for number, name in TOPICS.items()}
        self.users = {user.key: user for user in users()}
        self.revoked: set[str] = set()
        self.webhooks = Webhooks(options.seed)
        self._by_id: dict[int, Mention] = {}
        self._planned: list[Mention] = []
        self._script = Script()
        self._chance = random.Random(f"youscan-world:{options.seed}")
        self._churn = random.Random(f"churn:{options.seed}")
        self.dice = random.Random(f"changes:{options.seed}")
        self._ids = itertools.count(FIRST_ID, 7)
        self._big_ids = itertools.count(BIG_IDS, 2)
        self._mint = Mint(options, endless(load(options.corpus), "mention", options.seed))
        self._fill()

    # -- time ---------------------------------------------------------------------------------

    def now(self) -> datetime:
        """The virtual present, with everything due done."""
        now = self.clock.now()
        self._script.settle(now)
        return now

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)
        self.now()

    def churn(self) -> None:
        """Before a list is read: perhaps the next planned mention comes early."""
        if self._planned and self._churn.random() < self.options.churn:
            early = self._planned[0]
            early.added = self.now()
            early.published = min(early.published, early.added)
            self._arrive(early, early.added)

    # -- the past and the future --------------------------------------------------------------

    def _fill(self) -> None:
        start, options = self.clock.start, self.options
        mentions: list[Mention] = []
        for added, lag in self._past(start):
            if len(mentions) < options.items:
                mentions += self._mint.mentions(added, lag)
        mentions = sorted(mentions[: options.items], key=lambda mention: mention.added)
        for mention in mentions:
            self._save(mention)
            self._mark_now(mention)
        self._plan(start, mentions)

    def _past(self, start: datetime) -> list[tuple[datetime, timedelta]]:
        """When mentions were saved, and how long after publication; one burst is a history collection."""
        count = self.options.items
        span = timedelta(days=self.options.history_days)
        moments = [
            (start - timedelta(minutes=15) - span * self._chance.random(), self._lag())
            for _ in range(count - int(count * BURST_SHARE))
        ]
        burst = start - min(span, timedelta(days=2))
        moments += [
            (burst + timedelta(seconds=self._chance.uniform(0, 1200)), self._years())
            for _ in range(int(count * BURST_SHARE))
        ]
        return sorted(moments)

    def _plan(self, start: datetime, mentions: list[Mention]) -> None:
        share = self.options.future
        count = max(3, round(self.options.items * share)) if share else 0
        moments = sorted(start + timedelta(minutes=5) + SCRIPT_LENGTH * self._chance.random() for _ in range(count))
        for moment in moments:
            late = self._years() if self._chance.random() < 0.3 else self._lag()
            for mention in self._mint.mentions(moment, late):
                self._planned.append(mention)
                self._script.at(mention.added, partial(self._arrive, mention))
        for change in (self._grow, self._judge, self._tag, self._trash, self._mark_spam, self._come_back):
            for mention in self._chance.sample(mentions, min(len(mentions), max(1, count // 6) if count else 0)):
                when = start + timedelta(minutes=10) + SCRIPT_LENGTH * self._chance.random()
                self._script.at(when, partial(change, mention))
        if count:
            self._script.at(start + timedelta(days=2), lambda _: self.delete_tag(self.topics[101], "Акция"))

    def _lag(self) -> timedelta:
        roll = self._chance.random()
        if roll < 0.6:
            return timedelta(minutes=self._chance.uniform(1, 50))
        if roll < 0.9:
            return timedelta(hours=self._chance.uniform(1, 40))
        return timedelta(days=self._chance.uniform(2, 25))

    def _years(self) -> timedelta:
        return timedelta(days=self._chance.uniform(30, 1000))

    def _arrive(self, mention: Mention, _at: datetime) -> None:
        if mention in self._planned:
            self._planned.remove(mention)
            self.tell(self._save(mention))

    def _save(self, mention: Mention) -> Mention:
        """Save into the topic: ids and `seq` are given now, and never again."""
        topic = self.topics[mention.topic]
        mention.id = next(self._big_ids if mention.big_id else self._ids)
        mention.seq = topic.next_seq
        topic.next_seq += self._chance.choice((1, 1, 1, 2, 5, 40))
        topic.mentions.append(mention)
        self._by_id[mention.id] = mention
        return mention

    def _mark_now(self, mention: Mention) -> None:
        roll = self._chance.random()
        mention.spam, mention.deleted = roll < 0.03, 0.03 <= roll < 0.05

    # -- what happens to a saved mention ------------------------------------------------------

    def _grow(self, mention: Mention, at: datetime) -> None:
        if mention.engagement:
            more = (mention.engagement["likes"] or 0) + self._chance.randint(1, 300)
            self.engage(mention, at, likes=more)

    def _judge(self, mention: Mention, _at: datetime) -> None:
        mention.sentiment = self._chance.choice(("positive", "neutral", "negative"))
        mention.touch()

    def _tag(self, mention: Mention, _at: datetime) -> None:
        mention.tags = [tag for tag in self._chance.sample(TAG_NAMES, 2) if tag in self.topics[mention.topic].tags]
        mention.touch()

    def _trash(self, mention: Mention, _at: datetime) -> None:
        mention.deleted = True

    def _mark_spam(self, mention: Mention, _at: datetime) -> None:
        mention.spam = True

    def _come_back(self, mention: Mention, _at: datetime) -> None:
        mention.spam = mention.deleted = False

    def engage(self, mention: Mention, at: datetime, **numbers: Any) -> None:
        """The vendor reads the counters again."""
        engagement = {**(mention.engagement or {}), **numbers, "dateCollected": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
        parts = ("likes", "dislikes", "comments", "reposts")
        engagement["engagement"] = sum(engagement.get(part) or 0 for part in parts)
        mention.engagement = engagement
        mention.touch()

    def delete_tag(self, topic: Topic, name: str) -> None:
        """The tag vanishes from all mentions without a trace (sheet, section 7)."""
        topic.tags.pop(name, None)
        for mention in topic.mentions:
            if name in mention.tags:
                mention.tags = [tag for tag in mention.tags if tag != name]
                mention.touch()

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks; see `Changes`."""
        self.now()
        return Changes(self).do(action, what)

    def mention(self, source_id: object) -> Mention:
        """The mention with this id.

        Raises:
            LookupError: there is none.
        """
        try:
            return self._by_id[int(str(source_id))]
        except (KeyError, ValueError):
            raise LookupError(f"no mention {source_id!r}") from None

    def add(self, make: Callable[[Mention], object]) -> Mention:
        """Save one more mention now, after *make* has given it its fields."""
        mention = self._mint.mentions(self.now(), timedelta(minutes=3))[0]
        make(mention)
        self.tell(self._save(mention))
        return mention

    def tell(self, mention: Mention, *, sure: bool = False) -> int:
        """Send the mention to the webhooks of its topic, as a rule or (*sure*) a person does; return to how many."""
        topic = self.topics[mention.topic]
        for url in topic.webhooks:
            note = {"topic": topic.id, "source_id": str(mention.id)}
            self.webhooks.send(Delivery(url, dump(as_webhook(mention, topic)), note), sure=sure)
        return len(topic.webhooks)

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every saved mention and, not yet visible, every planned one."""
        self.now()
        saved = [mention for topic in self.topics.values() for mention in topic.mentions]
        return [self._item(mention, saved=True) for mention in saved] + [
            self._item(mention, saved=False) for mention in self._planned
        ]

    def tampered(self, record: Mapping[str, Any]) -> None:
        """Its text was sent once with a lone surrogate at the end."""
        if record.get("id"):
            self.mention(record["id"]).tampered = True

    def _item(self, mention: Mention, *, saved: bool) -> dict[str, Any]:
        plain = mention.plain
        return {
            "stream": str(mention.topic),
            "source_id": str(mention.id) if saved else f"planned-{mention.uid}",
            "seq": mention.seq if saved else None,
            "conversation": mention.label,
            "same_as": mention.same_as,
            "platform": mention.fields["source"],
            "published_at": mention.published.isoformat(),
            "title": mention.fields["title"],
            "text": plain,
            "also": [f"{plain}\ufffd"] if mention.tampered else [],
            "rating": mention.fields["rating"],
            "sentiment": mention.sentiment,
            "tags": mention.tags,
            "hidden": mention.spam or mention.deleted,
            "withheld": mention.withheld,
            "broken": mention.broken is not None,
            "visible": saved and not self.topics[mention.topic].removed,
            "reply": None,
            "ref": mention.ref,
            "tone": mention.tone,
        }


def _topic(number: int, name: str) -> Topic:
    colors = ("red", "blue", None)
    tags: dict[str, dict[str, Any]] = {
        tag: {"id": number * 100 + at, "name": tag, "color": colors[at % 3], "note": None}
        for at, tag in enumerate(TAG_NAMES)
    }
    return Topic(number, name, next_seq=5_000_000 + (number - 100) * 40_000, tags=tags)
