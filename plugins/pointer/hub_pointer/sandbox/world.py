"""Pointer's side of the story: reviews that are collected late, edited, answered, hidden, and come back."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hub.sandbox import Delivery, SandboxOptions, Script, VirtualClock, Webhooks, dump, endless, load, readable

from .changes import Changes
from .data import GOOGLE, LATER, LATER_PROVIDER, NETWORKS, NORTH, PROVIDERS, Mint, outlets
from .model import KEY, Company, Reply, Review, Token
from .render import review_bytes

NORTH_KEY = "sandbox-pointer-token-north"
FIRST_ID = 90_000_000
BIG_IDS = 2**53 + 1
SCRIPT_LENGTH = timedelta(days=3)
MOST_BYTES = {GOOGLE: 4096}
CLOSED = 3
_ODD_CALLS = 0.05  # share of webhook calls with an unknown event; as many have no body
ADDITION = " UPD: прошла неделя, ничего не изменилось."


def tokens() -> list[Token]:
    """Who may call. Each token has a limiter of its own."""
    return [Token("main", KEY), Token("north", NORTH_KEY, frozenset({NORTH}), writes=False)]


class PointerWorld:
    """Outlets, reviews, tokens and time. All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Fill the past, plan the future, let what is due happen."""
        self.options = options
        self.clock = VirtualClock(options.start, options.pace)
        self.tokens = {token.value: token for token in tokens()}
        self.revoked: set[str] = set()
        self.hooks: dict[str, dict[str, Any]] = {}
        self.webhooks = Webhooks(options.seed)
        self._odd_calls = random.Random(f"webhook-bodies:{options.seed}")
        self.providers = dict(PROVIDERS)
        self.companies = {company.uuid: company for company in outlets(self.clock.start)}
        self.reviews: list[Review] = []
        self._by_id: dict[str, Review] = {}
        self._planned: list[Review] = []
        self._script = Script()
        self._chance = random.Random(f"pointer-world:{options.seed}")
        self._churn = random.Random(f"churn:{options.seed}")
        self._ids = itertools.count(FIRST_ID, 13)
        self._big_ids = itertools.count(BIG_IDS, 2)
        texts = endless(load(options.corpus), "review", options.seed)
        self._mint = Mint(options, list(self.companies.values()), texts)
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
        """Before a list is read: perhaps the next planned review comes early, at the top."""
        if self._planned and self._churn.random() < self.options.churn:
            early = self._planned[0]
            early.created = early.updated = self.now().replace(microsecond=0)
            early.published = min(early.published, early.created)
            self._arrive(early)

    # -- the past and the future --------------------------------------------------------------

    def _fill(self) -> None:
        start, options = self.clock.start, self.options
        span = timedelta(days=options.history_days)
        moments = sorted(start - timedelta(minutes=15) - span * self._chance.random() for _ in range(options.items))
        for created in moments:
            review = self._mint.review(created, self._lag())
            self._collect(review)
            roll = self._chance.random()
            review.deleted, review.changed = roll < 0.02, 0.02 <= roll < 0.06
        self._plan(start)

    def _plan(self, start: datetime) -> None:
        count = max(6, round(self.options.items * self.options.future)) if self.options.future else 0
        if not count:
            return
        for moment in sorted(self._sometime(start) for _ in range(count)):
            self._expect(self._mint.review(moment, self._lag()))
        for change in (self.edit, self.delete, self.vanish, self._answer, self._answer_again):
            for review in self._chance.sample(self.reviews, min(len(self.reviews), max(1, count // 6))):
                self._script.at(self._sometime(start), partial(change, review))
        self._script.at(start + timedelta(days=1), lambda _: self.providers.update([LATER_PROVIDER]))
        for hours in (25, 30):
            moment = start + timedelta(hours=hours)
            self._expect(self._mint.review(moment, timedelta(minutes=40), provider=LATER))
        closing = list(self.companies.values())[1]
        self._script.at(start + timedelta(days=2), lambda _: self.close(closing))
        self._script.at(start + timedelta(days=2, hours=1), lambda at: self.reopen(closing, at))

    def _sometime(self, start: datetime) -> datetime:
        return start + timedelta(minutes=10) + SCRIPT_LENGTH * self._chance.random()

    def _lag(self) -> timedelta:
        """An hour to three days; a few reviews appear years later, when an outlet is connected."""
        if self._chance.random() < 0.03:
            return timedelta(days=self._chance.uniform(300, 2000))
        return timedelta(hours=self._chance.choice((1, 1, 2, 5, 12, 24)) * self._chance.uniform(1, 3))

    def _expect(self, review: Review) -> None:
        self._planned.append(review)
        self._script.at(review.created, lambda _: self._arrive(review))

    def _arrive(self, review: Review) -> None:
        if review in self._planned:
            self._planned.remove(review)
            self.tell("reviews", self._collect(review))

    def _collect(self, review: Review) -> Review:
        """From now on Pointer knows it."""
        review.id = next(self._big_ids if review.id_style == "big" else self._ids)
        self.reviews.append(review)
        self._by_id[str(review.id)] = review
        return review

    # -- what happens to a review -------------------------------------------------------------

    def edit(self, review: Review, at: datetime) -> None:
        """The author writes more or changes the stars; now and then the map moves the date as well."""
        if review.wire and review.plain:
            review.wire, review.plain = review.wire + ADDITION, review.plain + ADDITION
        review.rating = self._chance.choice((1, 2, 3, 4, 5))
        review.changed = True
        if self._chance.random() < 0.3:
            review.published = at.replace(microsecond=0)
        review.touch(at)
        self.tell("reviews", review)

    def delete(self, review: Review, at: datetime) -> None:
        review.deleted = True
        review.touch(at)

    def vanish(self, review: Review, at: datetime) -> None:
        """The map checks it again: gone for a while, back with a new date at times."""
        review.vanished = True
        self._script.at(at + timedelta(hours=self._chance.uniform(2, 30)), partial(self.bring_back, review))

    def bring_back(self, review: Review, at: datetime) -> None:
        review.vanished = False
        if self._chance.random() < 0.3:
            review.published = at.replace(microsecond=0)
        review.touch(at)

    def _answer(self, review: Review, at: datetime) -> None:
        """Somebody answers in Pointer's own cabinet."""
        if review.reply is None:
            self.answer(review, "Здравствуйте! Передали ваш отзыв управляющему.", at)

    def _answer_again(self, review: Review, at: datetime) -> None:
        """Somebody changes the answer on the map itself."""
        if review.reply and review.reply.status == "published":
            review.reply = replace(review.reply, text=f"{review.reply.text} (исправлено на карте)", published=at)
            review.touch(at)

    def answer(self, review: Review, text: str, at: datetime, *, by_client: bool = False) -> Reply:
        """Put a reply in place; the map decides about it seconds to hours later."""
        reply = review.reply = Reply(text, at.replace(microsecond=0), by_client=by_client)
        review.touch(at)
        fate = random.Random(f"reply:{self.options.seed}:{review.id}:{text}")
        delay = timedelta(seconds=30) * 720 ** fate.random()
        too_long = len(text.encode(errors="replace")) > MOST_BYTES.get(review.provider, 1 << 20)
        refused = too_long or fate.random() < 0.08
        self._script.at(at + delay, lambda when: self.moderate(review, reply, when, refused=refused))
        return reply

    def moderate(self, review: Review, reply: Reply, at: datetime, *, refused: bool) -> None:
        if review.reply is reply and reply.status == "moderation":
            reply.status = "rejected" if refused else "published"
            reply.published = None if refused else at.replace(microsecond=0)
            review.touch(at)

    def report(self, review: Review, reason: str, at: datetime) -> None:
        """A complaint is taken at once; days later the review goes, stays, or nothing is ever heard."""
        review.reported = reason
        fate = random.Random(f"report:{self.options.seed}:{review.id}")
        if fate.random() < 0.3:
            self._script.at(at + timedelta(days=fate.uniform(1, 6)), partial(self.delete, review))

    def close(self, company: Company) -> None:
        company.status = CLOSED

    def reopen(self, company: Company, at: datetime) -> Company:
        """The same outlet under a new uuid; its old reviews stay where they were."""
        uuid = f"{company.uuid[:-4]}{len(self.companies) + 1:04x}"
        again = replace(company, uuid=uuid, status=1, added_at=at)
        self.companies[uuid] = again
        return again

    def tell(self, event: str, review: Review) -> None:
        """Call the webhooks that asked for *event*; a few calls have no body, or an event that nobody asked for."""
        for hook in self.hooks.values():
            if event not in hook["events"]:
                continue
            roll = self._odd_calls.random()
            said = b'"reviews.digest"' if roll < _ODD_CALLS else dump(event)
            data = review_bytes(review, tags=True, smart_tags=True)
            body = b'{"event":%b,"uuid":"%b","data":%b}' % (said, hook["uuid"].encode(), data)
            note = {"uuid": hook["uuid"], "event": event, "source_id": str(review.id)}
            self.webhooks.send(Delivery(hook["url"], b"" if roll > 1 - _ODD_CALLS else body, note))

    # -- reading ------------------------------------------------------------------------------

    def sees(self, token: Token, network: str) -> bool:
        """Whether the token may know about the network."""
        return network in NETWORKS and (token.networks is None or network in token.networks)

    def visible(self, token: Token) -> list[Review]:
        """What is served now, newest in Pointer first."""
        return [
            review
            for review in reversed(self.reviews)
            if not review.vanished and (token.networks is None or review.company.network in token.networks)
        ]

    def find(self, token: Token, review_id: str) -> Review | None:
        """A served review by its id."""
        review = self._by_id.get(review_id)
        if review is None or review.vanished or not self.sees(token, review.company.network):
            return None
        return review

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks; see `Changes`."""
        return Changes(self).do(action, what, self.now())

    def review(self, source_id: object) -> Review:
        """The review with this id.

        Raises:
            LookupError: there is none.
        """
        try:
            return self._by_id[str(source_id)]
        except KeyError:
            raise LookupError(f"no review {source_id!r}") from None

    def add(self, provider: int | None, make: Callable[[Review], object]) -> Review:
        """Collect one more review now, after *make* has given it its fields."""
        review = self._mint.review(self.now(), timedelta(hours=1), provider=provider)
        make(review)
        self.tell("reviews", self._collect(review))
        return review

    # -- ledger -------------------------------------------------------------------------------

    def items(self) -> list[dict[str, Any]]:
        """Every collected review and, not yet visible, every planned one."""
        self.now()
        return [self._item(review, collected=True) for review in self.reviews] + [
            self._item(review, collected=False) for review in self._planned
        ]

    def tampered(self, record: Mapping[str, Any]) -> None:
        """Its text was sent once with a lone surrogate at the end."""
        if record.get("id") is not None:
            self.review(record["id"]).tampered = True

    def _item(self, review: Review, *, collected: bool) -> dict[str, Any]:
        reply, plain = review.reply, review.plain
        return {
            "stream": "reviews",
            "source_id": str(review.id) if collected else f"planned-{review.uid}",
            "conversation": f"review|{review.uid}",
            "same_as": None,
            "platform": self._platform(review),
            "company_uuid": review.company.uuid,
            "published_at": review.published.isoformat(),
            "title": None,
            "text": plain,
            "also": [f"{plain}\ufffd"] if review.tampered else [],
            "rating": review.rating,
            "hidden": review.deleted or review.vanished,
            "withheld": False,
            "broken": review.broken is not None,
            "visible": collected and not review.vanished,
            "vanished": review.vanished,
            "changed": review.changed,
            "reply": readable(reply.text) if reply else None,
            "reply_status": reply.status if reply else None,
            "reply_by_client": reply.by_client if reply else False,
            "comments": len(review.comments),
            "reported": review.reported,
            "ref": review.ref,
            "tone": review.tone,
        }

    def _platform(self, review: Review) -> str:
        return {**PROVIDERS, **dict([LATER_PROVIDER])}[review.provider][1]
