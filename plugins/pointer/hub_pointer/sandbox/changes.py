"""What the control API can do to a Pointer: authors, maps and the vendor's people at work, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub.sandbox import readable

from .data import NETWORKS
from .model import KEY, Company, Review

if TYPE_CHECKING:
    from .world import PointerWorld


class Changes:
    """Actions on one world."""

    def __init__(self, world: PointerWorld) -> None:
        """Change *world*."""
        self._world = world

    def do(self, action: str, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Do what the control API asks.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such review or outlet.
        """
        of_review: dict[str, Callable[[Review, datetime, Mapping[str, Any]], object]] = {
            "edit": self._edited,
            "delete": lambda review, at, _: self._world.delete(review, at),
            "restore": lambda review, at, _: self._restored(review, at),
            "vanish": lambda review, _at, _what: setattr(review, "vanished", True),
            "return": lambda review, at, _: self._world.bring_back(review, at),
            "reply": lambda review, at, what: self._world.answer(review, str(what["text"]), at),
            "publish_reply": lambda review, at, _: self._decided(review, at, refused=False),
            "reject_reply": lambda review, at, _: self._decided(review, at, refused=True),
        }
        others: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "add": self._added,
            "revoke_key": self._key_revoked,
            "restore_key": self._key_restored,
            "deny": lambda what: self._denied(what, what.get("resources", ())),
            "grant": lambda what: self._denied(what, ()),
            "webhook_log": lambda _: {"log": list(self._world.webhooks.log)},
            "close_outlet": self._outlet_closed,
            "reopen_outlet": self._outlet_reopened,
            "move_outlet": self._outlet_moved,
        }
        if action in others:
            return others[action](what)
        if action not in of_review:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join([*of_review, *others])}")
        review = self._world.review(what.get("id"))
        of_review[action](review, now, what)
        review.touch()
        return {"stream": "reviews", "source_id": str(review.id)}

    def _edited(self, review: Review, at: datetime, what: Mapping[str, Any]) -> None:
        if not what.keys() & {"text", "rating", "published_at"}:
            self._world.edit(review, at)
            return
        self._overwrite(review, what)
        review.changed = True
        review.touch(at)

    def _overwrite(self, review: Review, what: Mapping[str, Any]) -> None:
        if "text" in what:
            review.wire = what["text"]
            review.plain = readable(review.wire) if review.wire else None
        if "rating" in what:
            review.rating = what["rating"]
        if "published_at" in what:
            review.published = datetime.fromisoformat(what["published_at"])

    def _restored(self, review: Review, at: datetime) -> None:
        review.deleted = review.vanished = False
        review.touch(at)

    def _decided(self, review: Review, at: datetime, *, refused: bool) -> None:
        if review.reply is None:
            raise LookupError(f"review {review.id} has no reply")
        review.reply.status = "moderation"
        self._world.moderate(review, review.reply, at, refused=refused)

    def _added(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """A new review, collected now, with any of text, rating, published_at, author, provider_id, company_uuid."""

        def make(review: Review) -> None:
            review.broken, review.reply = None, None
            self._overwrite(review, what)
            if "author" in what:
                review.fields["author"] = what["author"]
            if "company_uuid" in what:
                review.company = self._outlet(what)

        review = self._world.add(what.get("provider_id"), make)
        return {"stream": "reviews", "source_id": str(review.id)}

    def _key_revoked(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.add(str(what.get("key") or KEY))
        return {"revoked": len(self._world.revoked)}

    def _key_restored(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.discard(str(what.get("key") or KEY))
        return {"revoked": len(self._world.revoked)}

    def _denied(self, what: Mapping[str, Any], resources: Sequence[str]) -> dict[str, Any]:
        """The token loses the resources named (`networks`, `reviews`, …), or has them all again."""
        key = str(what.get("key") or KEY)
        self._world.tokens[key] = replace(self._world.tokens[key], denied=frozenset(resources))
        return {"denied": sorted(self._world.tokens[key].denied)}

    def _outlet(self, what: Mapping[str, Any]) -> Company:
        try:
            return self._world.companies[str(what["company_uuid"])]
        except KeyError:
            raise LookupError(f"no outlet {what.get('company_uuid')!r}") from None

    def _outlet_closed(self, what: Mapping[str, Any]) -> dict[str, Any]:
        company = self._outlet(what)
        self._world.close(company)
        return {"company_uuid": company.uuid, "status_type_id": company.status}

    def _outlet_reopened(self, what: Mapping[str, Any]) -> dict[str, Any]:
        return {"company_uuid": self._world.reopen(self._outlet(what), self._world.now()).uuid}

    def _outlet_moved(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Its reviews move with it."""
        company = self._outlet(what)
        if what.get("network_uuid") not in NETWORKS:
            raise LookupError(f"no network {what.get('network_uuid')!r}; there are {', '.join(NETWORKS)}")
        company.network = what["network_uuid"]
        for review in self._world.reviews:
            if review.company is company:
                review.touch()
        return {"company_uuid": company.uuid, "network_uuid": company.network}
