"""Jira's objects as JSON, in both editions (sheet, sections 6 to 8)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .model import ANSWERS, CLOUD, Comment, Entry, Issue, Project, Status, User
from .people import CATEGORIES, OLD_PRIORITIES, PRIORITIES, STATUSES, TYPES

EMBEDDED_COMMENTS, EMBEDDED_CHANGES = 20, 40  # of an issue in a list; the rest is to be asked for apart
ALL = ("*all", "*navigable")


@dataclass(frozen=True)
class View:
    """How answers to one caller look: edition, address, language."""

    edition: str
    base: str
    english: bool

    @property
    def cloud(self) -> bool:
        return self.edition == CLOUD

    @property
    def api(self) -> str:
        return f"{self.base}/rest/api/{'3' if self.cloud else '2'}"

    def user(self, user: User | None) -> dict[str, Any] | None:
        """People by account on Cloud, by name and key on Data Center."""
        if user is None:
            return None
        common = {"displayName": user.name, "active": True, "timeZone": user.zone}
        if self.cloud:
            return {
                "self": f"{self.api}/user?accountId={user.key}", "accountId": user.key, "accountType": user.kind,
                **common,
            }  # fmt: skip
        key = f"JIRAUSER{10000 + sum(map(ord, user.login))}"
        return {
            "self": f"{self.api}/user?username={user.login}", "name": user.login, "key": key,
            "emailAddress": f"{user.login}@example.org", **common,
        }  # fmt: skip

    def status(self, status: Status) -> dict[str, Any]:
        number, english, translated, colour = CATEGORIES[status.category]
        return {
            "self": f"{self.api}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self.base}/images/icons/status.png",
            "name": status.name if self.english else status.translated,
            "id": status.id,
            "statusCategory": {
                "self": f"{self.api}/statuscategory/{number}",
                "id": number,
                "key": status.category,
                "colorName": colour,
                "name": english if self.english else translated,
            },
        }

    def statuses(self) -> list[dict[str, Any]]:
        return [self.status(status) for status in STATUSES.values()]

    def priority(self, number: int) -> dict[str, Any]:
        name = PRIORITIES[number][0 if self.english else 1] if self.cloud else OLD_PRIORITIES[number]
        return {
            "self": f"{self.api}/priority/{number}",
            "iconUrl": f"{self.base}/p{number}.svg",
            "name": name,
            "id": str(number),
        }

    def priorities(self) -> list[dict[str, Any]]:
        return [{**self.priority(number), "statusColor": "#f15C75", "description": ""} for number in PRIORITIES]

    def type(self, number: str) -> dict[str, Any]:
        name = TYPES[number][0 if self.english else 1]
        return {
            "self": f"{self.api}/issuetype/{number}", "id": number, "description": "", "name": name, "subtask": False,
            "iconUrl": f"{self.base}/t.svg", **({"hierarchyLevel": 0} if self.cloud else {}),
        }  # fmt: skip

    def project(self, project: Project) -> dict[str, Any]:
        return {
            "self": f"{self.api}/project/{project.id}", "id": project.id, "key": project.key, "name": project.name,
            "projectTypeKey": project.kind, "simplified": False,
        }  # fmt: skip

    # -- an issue -----------------------------------------------------------------------------

    def issue(self, issue: Issue, fields: Collection[str], *, changelog: bool, whole: bool = False) -> dict[str, Any]:
        """An issue with *fields*; *whole*: read by itself, its lists are less cut."""
        if set(fields) == {"id"}:
            return {"id": str(issue.id)} if issue.broken != "id" else {}
        made: dict[str, Any] = {
            "expand": "", "id": str(issue.id), "self": f"{self.api}/issue/{issue.id}", "key": issue.key,
        }  # fmt: skip
        if issue.broken == "id":
            del made["id"]
        everything = self.fields(issue, whole=whole)
        if not set(fields) & set(ALL):
            everything = {name: value for name, value in everything.items() if name in fields}
        made["fields"] = {name: value for name, value in everything.items() if f"-{name}" not in fields}
        if changelog:
            made["changelog"] = self.changelog(issue)
        return made

    def fields(self, issue: Issue, *, whole: bool) -> dict[str, Any]:
        bad = "31.02.2026 25:61" if issue.broken == "created" else None
        return {
            "summary": issue.summary,
            "description": issue.description.wire if issue.description else None,
            "status": self.status(issue.status),
            "priority": self.priority(issue.priority) if issue.priority else None,
            "issuetype": self.type(issue.type),
            "project": self.project(issue.project),
            "reporter": self.user(issue.reporter),
            "creator": self.user(issue.creator),
            "assignee": self.user(issue.assignee),
            "labels": issue.labels,
            "components": [],
            "created": bad or stamp(issue.created),
            "updated": bad or stamp(issue.updated),
            "resolution": {"id": "10000", "name": issue.resolution} if issue.resolution else None,
            "resolutiondate": stamp(issue.resolved) if issue.resolved else None,
            "duedate": None,
            "comment": self.comments(issue, 0, 1000 if whole else EMBEDDED_COMMENTS, newest=False),
            "attachment": [self.attachment(row) for row in issue.attachments],
            **issue.fields,
        }

    def comments(self, issue: Issue, start: int, size: int, *, newest: bool) -> dict[str, Any]:
        rows = sorted(issue.comments, key=lambda comment: (comment.created, comment.id), reverse=newest)
        found = [self.comment(issue, comment) for comment in rows[start : start + size]]
        return {"comments": found, "startAt": start, "maxResults": size, "total": len(rows)}

    def comment(self, issue: Issue, comment: Comment) -> dict[str, Any]:
        made: dict[str, Any] = {
            "self": f"{self.api}/issue/{issue.id}/comment/{comment.id}",
            "id": str(comment.id),
            "author": self.user(comment.author),
            "updateAuthor": self.user(comment.author),
            "body": comment.body.wire,
            "created": stamp(comment.created),
            "updated": stamp(comment.updated),
        }
        if self.cloud or issue.project.kind == "service_desk":
            made["jsdPublic"] = comment.public  # true in any project that has no customers, too
        if comment.visibility:
            made["visibility"] = comment.visibility
        return made

    def attachment(self, row: dict[str, Any]) -> dict[str, Any]:
        return {
            **row,
            "self": f"{self.api}/attachment/{row['id']}",
            "author": self.user(row["author"]),
            "created": row.get("created", "2026-10-01T10:00:00.000+0300"),
            "content": f"{self.api}/attachment/content/{row['id']}",
        }

    # -- the changelog ------------------------------------------------------------------------

    def changelog(self, issue: Issue) -> dict[str, Any]:
        """With an issue: newest first, and cut on Cloud."""
        rows = list(reversed(issue.entries)) if self.cloud else issue.entries
        found = [self.entry(entry) for entry in (rows[:EMBEDDED_CHANGES] if self.cloud else rows)]
        return {"startAt": 0, "maxResults": len(found), "total": len(rows), "histories": found}

    def entry(self, entry: Entry) -> dict[str, Any]:
        """Cloud's document knows no null in here; Data Center sends it."""
        items = [{k: v for k, v in item.items() if v is not None or not self.cloud} for item in entry.items]
        return {"id": str(entry.id), "author": self.user(entry.author), "created": stamp(entry.at), "items": items}

    def changes(self, issue: Issue, start: int, size: int) -> dict[str, Any]:
        """Asked for by itself: oldest first."""
        rows = issue.entries[start : start + size]
        last = start + len(rows) >= len(issue.entries)
        path = f"{self.api}/issue/{issue.id}/changelog"
        return {
            "self": f"{path}?maxResults={size}&startAt={start}",
            **({} if last else {"nextPage": f"{path}?maxResults={size}&startAt={start + len(rows)}"}),
            "maxResults": size, "startAt": start, "total": len(issue.entries), "isLast": last,
            "values": [self.entry(entry) for entry in rows],
        }  # fmt: skip


def stamp(at: datetime) -> str:
    """`2026-03-04T10:11:12.345+0300`, in the system's zone."""
    return at.astimezone(ANSWERS).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}+0300"
