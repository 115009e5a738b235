"""What the control API can do to a Jira: people at work, and the administrator's levers, on demand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .model import Issue
from .people import ANNA, CLAIMS, HUB, KEY, PROJECTS, STATUSES, USERS
from .richtext import plain

if TYPE_CHECKING:
    from .world import JiraWorld


class Changes:
    """Actions on one world."""

    def __init__(self, world: JiraWorld) -> None:
        self._world = world

    def do(self, action: str, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Do what the control API asks.

        Raises:
            ValueError: no such action; the message names the valid ones.
            LookupError: no such issue, user or project.
        """
        world = self._world
        of_issue: dict[str, Callable[[Issue, datetime, Mapping[str, Any]], object]] = {
            "edit": self._edited,
            "comment": self._commented,
            "transition": self._transitioned,
            "assign": self._assigned,
            "move": lambda issue, at, _: world.relocate(issue, at),
            "delete": lambda issue, at, _: world.delete(issue, at),
            "delete_comment": lambda issue, at, _: world.uncomment(issue, at),
        }
        others: dict[str, Callable[[Mapping[str, Any], datetime], dict[str, Any]]] = {
            "add": self._added,
            "bulk_touch": self._bulk_touched,
            "index_delay": self._index_delayed,
            "zone": self._zone_set,
            "deny": self._denied,
            "revoke_key": self._revoked,
            "restore_key": self._restored,
            "forget_tokens": self._tokens_forgotten,
            "captcha": self._captcha_set,
            "quota": self._quota_set,
            "copy": self._copied,
            "clone": self._cloned,
        }
        if action in others:
            return others[action](what, now)
        if action not in of_issue:
            raise ValueError(f"action {action!r} is unknown; choose one of {', '.join([*of_issue, *others])}")
        issue = self._issue(what)
        of_issue[action](issue, now, what)
        return {"stream": "issues", "source_id": str(issue.id), "key": issue.key}

    def _issue(self, what: Mapping[str, Any]) -> Issue:
        try:
            return self._world.by_id[str(what["id"])]
        except KeyError:
            raise LookupError(f"no issue {what.get('id')!r}") from None

    def _edited(self, issue: Issue, at: datetime, what: Mapping[str, Any]) -> None:
        def change(_: datetime) -> None:
            if "text" in what:
                issue.description = plain(what["text"], self._world.edition)
            if "summary" in what:
                issue.summary = what["summary"]

        self._world.touch(issue, change, at)

    def _commented(self, issue: Issue, at: datetime, what: Mapping[str, Any]) -> None:
        writer = USERS.get(str(what.get("author")), ANNA)
        body = plain(str(what["text"]), self._world.edition)
        public = bool(what.get("public", True))
        self._world.touch(
            issue, lambda when: self._world.mint.add_comment(issue, writer, body, when, public=public), at
        )

    def _transitioned(self, issue: Issue, at: datetime, what: Mapping[str, Any]) -> None:
        to = STATUSES[str(what["status"])]
        self._world.touch(issue, lambda when: self._world.mint.transition(issue, ANNA, to, when), at)

    def _assigned(self, issue: Issue, at: datetime, what: Mapping[str, Any]) -> None:
        to = USERS[what["user"]] if what.get("user") else None
        self._world.touch(issue, lambda when: self._world.mint.assign(issue, ANNA, to, when), at)

    def _added(self, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """A new issue now, with any of text, summary, project."""
        issue = self._world.mint.blank(PROJECTS.get(str(what.get("project")), CLAIMS), now)
        issue.summary = what.get("summary", "Новое обращение")
        issue.description = plain(str(what.get("text", "Помогите")), self._world.edition)
        issue.indexed = now + self._world.index_delay
        self._world.keep(issue)
        return {"stream": "issues", "source_id": str(issue.id), "key": issue.key}

    def _copied(self, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The same issue once more, labels included: what a client makes that created twice."""
        first = self._issue(what)
        issue = self._world.mint.blank(first.project, now)
        issue.summary, issue.description, issue.labels = first.summary, first.description, list(first.labels)
        issue.by_client, issue.creator = first.by_client, first.creator
        issue.properties = dict(first.properties)
        self._world.keep(issue)
        return {"stream": "issues", "source_id": str(issue.id), "key": issue.key}

    def _cloned(self, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """A person presses Clone: labels come along, properties do not, and the issue is that person's."""
        first = self._issue(what)
        issue = self._world.mint.blank(first.project, now)
        issue.summary, issue.description = f"CLONE - {first.summary}", first.description
        issue.labels, issue.creator = list(first.labels), ANNA
        self._world.keep(issue)
        return {"stream": "issues", "source_id": str(issue.id), "key": issue.key}

    def _bulk_touched(self, what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Somebody changes many issues in one go, within one minute."""
        chosen = [issue for issue in self._world.issues if issue.broken is None][: int(what.get("count", 50))]
        for issue in chosen:
            self._world.touch(issue, lambda _: None, now)
        return {"touched": len(chosen)}

    def _index_delayed(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        self._world.index_delay = timedelta(seconds=float(what["seconds"]))
        return {"seconds": float(what["seconds"])}

    def _zone_set(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        self._world.zones[self._user(what)] = str(what["zone"])
        return {"zone": str(what["zone"])}

    def _denied(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        """Take rights away in a project, or give them all back with none named."""
        place = f"{self._user(what)}:{what['project']}"
        self._world.denied[place] = set(what.get("rights", ()))
        return {"denied": sorted(self._world.denied[place])}

    def _user(self, what: Mapping[str, Any]) -> str:
        return str(what.get("user") or HUB.key)

    def _revoked(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        self._world.revoked.add(str(what.get("key") or KEY))
        return {"revoked": len(self._world.revoked)}

    def _restored(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        self._world.revoked.clear()
        return {"revoked": 0}

    def _tokens_forgotten(self, _what: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """Page tokens that were handed out so far are no longer taken."""
        self._world.tokens_from = now
        return {"forgotten": True}

    def _captcha_set(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        self._world.captcha = bool(what.get("on", True))
        return {"captcha": self._world.captcha}

    def _quota_set(self, what: Mapping[str, Any], _: datetime) -> dict[str, Any]:
        """The next requests are refused with 429 and this reason."""
        self._world.quota = [str(what["reason"])] * int(what.get("times", 1))
        return {"quota": len(self._world.quota)}
