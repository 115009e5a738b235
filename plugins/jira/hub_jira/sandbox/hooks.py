"""Webhooks of an administrator: registered below `/rest/webhooks/1.0`, sent at every change (sheet, section 10).

Their texts are plain or markup in both editions; on Cloud a secret makes a signature, Data Center signs nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from hub.sandbox import Delivery, Webhooks, require_loopback

from .model import CLOUD, Comment, Issue
from .people import ANNA

if TYPE_CHECKING:
    from .world import JiraWorld

EVENTS = ("jira:issue_created", "jira:issue_updated", "jira:issue_deleted", "comment_created", "comment_deleted")


class Hooks:
    """The registered webhooks of one site."""

    def __init__(self, world: JiraWorld, seed: int) -> None:
        self._world = world
        self._sender = Webhooks(seed)
        self._known: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._identifiers = itertools.count(1)

    @property
    def log(self) -> list[dict[str, Any]]:
        """What became of each call."""
        return list(self._sender.log)

    def add(self, told: dict[str, Any]) -> dict[str, Any]:
        """Register a webhook.

        Raises:
            ValueError: an event that there is not, or an address that is not on this machine.
        """
        events = list(told.get("events") or ())
        if not events or set(events) - set(EVENTS):
            raise ValueError(f"events: choose among {', '.join(EVENTS)}")
        require_loopback(str(told.get("url")))
        number = str(next(self._numbers))
        self._known[number] = {"name": "", "excludeBody": False, "filters": {}, **told, "events": events}
        return {"number": number, **{key: value for key, value in self._known[number].items() if key != "secret"}}

    def remove(self, number: str) -> bool:
        return self._known.pop(number, None) is not None

    def tell(self, event: str, issue: Issue, at: datetime, comment: Comment | None = None) -> None:
        """Call whoever asked for *event*; every webhook gets an identifier of its own."""
        for hook in self._known.values():
            if event in hook["events"]:
                body = b"" if hook["excludeBody"] else self._body(event, issue, at, comment)
                name = f"hook-{next(self._identifiers)}"
                note = {"event": event, "issue": str(issue.id), "identifier": name}
                url = hook["url"].replace("${issue.key}", issue.key).replace("${project.key}", issue.project.key)
                self._sender.send(Delivery(url, body, note, self._headers(hook, body, name)))

    def _headers(self, hook: dict[str, Any], body: bytes, name: str) -> dict[str, str]:
        headers = {"user-agent": "Atlassian Webhook HTTP Client", "x-atlassian-webhook-identifier": name}
        headers["x-atlassian-webhook-flow"] = "Primary"
        if hook.get("secret") and self._world.edition == CLOUD:
            digest = hmac.new(str(hook["secret"]).encode(), body, hashlib.sha256).hexdigest()
            headers["x-hub-signature"] = f"sha256={digest}"
        return headers

    def _body(self, event: str, issue: Issue, at: datetime, comment: Comment | None) -> bytes:
        said = issue.description.plain if issue.description else None
        fields = {"summary": issue.summary, "description": said, "status": {"name": issue.status.translated}}
        body: dict[str, Any] = {
            "timestamp": int(at.timestamp() * 1000),
            "webhookEvent": event,
            "user": {"displayName": ANNA.name},
            "issue": {"id": str(issue.id), "key": issue.key, "fields": fields},
        }
        if comment is not None:
            body["comment"] = {"id": str(comment.id), "body": comment.body.plain}
        return json.dumps(body).encode()
