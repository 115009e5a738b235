"""What the control API can do to a YouScan: the vendor's people at work, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from hub.sandbox import readable, require_loopback

from .model import KEY, Mention, Topic

if TYPE_CHECKING:
    from .world import YouScanWorld


class Changes:
    """Actions on one world."""

    def __init__(self, world: YouScanWorld) -> None:
        """Change *world*."""
        self._world = world

    def do(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Do what the control API asks.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such mention, topic or key.
        """
        actions: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
            "delete": lambda what: self._marked(what, deleted=True),
            "restore": lambda what: self._marked(what, deleted=False),
            "spam": lambda what: self._marked(what, spam=True),
            "unspam": lambda what: self._marked(what, spam=False),
            "tag": lambda what: self._marked(what, tags=list(what["tags"])),
            "sentiment": lambda what: self._marked(what, sentiment=what["sentiment"]),
            "engagement": self._engaged,
            "remove_topic": self._removed,
            "delete_tag": self._tag_deleted,
            "revoke_key": self._key_revoked,
            "restore_key": self._key_restored,
            "add": self._added,
            "api_access": self._api_access,
            "collect_history": self._history_collected,
            "add_webhook": self._webhook_added,
            "remove_webhook": self._webhook_removed,
            "send_webhook": self._webhook_sent,
            "webhook_log": lambda _: {"log": list(self._world.webhooks.log)},
        }
        if action not in actions:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join(actions)}")
        return actions[action](what)

    def _topic_of(self, what: Mapping[str, Any]) -> Topic:
        try:
            return self._world.topics[int(what["topic"])]
        except (KeyError, ValueError):
            raise LookupError(
                f"no topic {what.get('topic')!r}; there are {', '.join(map(str, self._world.topics))}"
            ) from None

    def _marked(self, what: Mapping[str, Any], **marks: Any) -> dict[str, Any]:
        mention = self._world.mention(what.get("id"))
        for name, value in marks.items():
            setattr(mention, name, value)
        mention.touch()
        return {"stream": str(mention.topic), "source_id": str(mention.id), "seq": mention.seq}

    def _engaged(self, what: Mapping[str, Any]) -> dict[str, Any]:
        numbers = {name: value for name, value in what.items() if name not in {"id", "topic"}}
        self._world.engage(self._world.mention(what.get("id")), self._world.now(), **numbers)
        return self._marked(what)

    def _removed(self, what: Mapping[str, Any]) -> dict[str, Any]:
        topic = self._topic_of(what)
        topic.removed = True
        return {"topic": topic.id}

    def _tag_deleted(self, what: Mapping[str, Any]) -> dict[str, Any]:
        topic = self._topic_of(what)
        self._world.delete_tag(topic, str(what["tag"]))
        return {"topic": topic.id, "tags": list(topic.tags)}

    def _key_revoked(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.add(str(what.get("key") or KEY))
        return {"revoked": len(self._world.revoked)}

    def _key_restored(self, what: Mapping[str, Any]) -> dict[str, Any]:
        self._world.revoked.discard(str(what.get("key") or KEY))
        return {"revoked": len(self._world.revoked)}

    def _api_access(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """The plan gets or loses the API: 402 for this key."""
        user = self._world.users[str(what.get("key") or KEY)]
        self._world.users[user.key] = replace(user, api_access=bool(what.get("on", False)))
        return {"api_access": self._world.users[user.key].api_access}

    def _history_collected(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """A burst of mentions published long ago, saved now."""
        topic = self._topic_of({"topic": what.get("topic", 101)})
        ids = []
        for _ in range(int(what.get("count", 20))):
            age = timedelta(days=self._world.dice.uniform(30, 1000))
            ids.append(
                self._added({"topic": topic.id, "published": (self._world.now() - age).isoformat()})["source_id"]
            )
        return {"topic": topic.id, "source_ids": ids}

    def _webhook_added(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """As by hand, in the topic's settings: the same address twice sends twice."""
        topic = self._topic_of(what)
        require_loopback(str(what["url"]))
        topic.webhooks.append(str(what["url"]))
        return {"topic": topic.id, "webhooks": len(topic.webhooks)}

    def _webhook_removed(self, what: Mapping[str, Any]) -> dict[str, Any]:
        topic = self._topic_of(what)
        topic.webhooks = [url for url in topic.webhooks if url != what.get("url")]
        return {"topic": topic.id, "webhooks": len(topic.webhooks)}

    def _webhook_sent(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """A person sends a mention, however old, from the stream by hand."""
        mention = self._world.mention(what.get("id"))
        return {"source_id": str(mention.id), "sent": self._world.tell(mention, sure=True)}

    def _added(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """A new mention, saved now; every field of a mention may be given, `published` and `text` too."""
        topic = self._topic_of({"topic": what.get("topic", 101)})

        def make(mention: Mention) -> None:
            mention.topic, mention.broken, mention.big_id = topic.id, None, False
            _overwrite(mention, what)

        return self._marked({"id": self._world.add(make).id})


def _overwrite(mention: Mention, what: Mapping[str, Any]) -> None:
    given = {name: value for name, value in what.items() if name != "topic"}
    if "text" in given:
        mention.wire = given.pop("text")
        mention.plain = readable(mention.wire or "")
        mention.withheld = False
        mention.omit = frozenset()
    if "published" in given:
        mention.published = datetime.fromisoformat(given.pop("published"))
    for name in ("sentiment", "tags", "starred", "processed", "spam", "deleted"):
        setattr(mention, name, given.pop(name, getattr(mention, name)))
    mention.fields = mention.fields | given
    mention.label, mention.same_as = _labels(mention)


def _labels(mention: Mention) -> tuple[str, str | None]:
    """Conversation and post of a mention whose fields were given from outside."""
    fields = mention.fields
    source, author = fields["source"], (fields.get("author") or {}).get("profileId")
    thread = fields.get("discussionId") or fields.get("postId")
    if not source:
        return f"alone|{mention.uid}", None
    same_as = f"{source}|{fields['postId']}" if fields.get("postId") else None
    if thread and author:
        return f"{source}|{thread}|{author}", same_as
    return f"alone|{same_as or mention.uid}", same_as
