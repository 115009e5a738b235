"""The two dialects of search, walked page by page: vendor sheet, sections 3 and 4. Pure.

Cloud hands out tokens, Data Center counts rows from the start, and in both a row moves to the end when somebody changes
it, so that others slip from one page to the one before. So each page asks anew for what was updated since the last row;
tokens and counts are used within one minute, which is all that a query can tell apart, counted pages with an overlap.
A request's context says where its walk stands, and what came twice is given once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from hub.sdk import Page, Request, Response, SourceError
from hub_jira import assumed

CLOUD_SEARCH, SERVER_SEARCH = "/rest/api/3/search/jql", "/rest/api/2/search"
_CLOUD_COUNT = "/rest/api/3/search/approximate-count"

_OVERLAP = 10  # one row in so many is counted again with the next page

Ask = Callable[[datetime], str]
"""Makes the JQL of everything from an instant on."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What every page of a walk asks for.

    Args:
        cloud: which dialect.
        fields: names of the fields.
        size: rows a page.
        by: the field that rows are ordered by, ``updated`` or ``created``; it tells how far a walk has come.
        changelog: whether the changelog comes with each issue.
        headers: of every request.
    """

    cloud: bool
    fields: Sequence[str]
    size: int
    by: str = "updated"
    changelog: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)

    def request(self, jql: str, since: datetime | None, **context: Any) -> Request:
        """Return the first page of *jql*, which reads from *since*."""
        noted = {"since": since.isoformat() if since else None, **context}
        if self.cloud:
            body = {"jql": jql, "fields": list(self.fields), "maxResults": self.size}
            body |= {"expand": "changelog"} if self.changelog else {}
            return Request("POST", CLOUD_SEARCH, json=body, context=noted, safe=True, headers=self.headers)
        params = {"jql": jql, "fields": ",".join(self.fields), "maxResults": self.size, "startAt": 0}
        params |= {"expand": "changelog"} if self.changelog else {}
        return Request("GET", SERVER_SEARCH, params=params, context=noted, headers=self.headers)


def count_request(jql: str, headers: Mapping[str, str], *, cloud: bool) -> Request:
    """Return what asks how many issues *jql* finds: Cloud answers with ``count``, Data Center with ``total``."""
    if cloud:
        return Request("POST", _CLOUD_COUNT, json={"jql": jql}, safe=True, headers=headers)
    params = {"jql": jql, "fields": "created", "maxResults": 1, "startAt": 0}
    return Request("GET", SERVER_SEARCH, params=params, headers=headers)


def issues_of(response: Response) -> list[Any]:
    """Return the rows of a page.

    Raises:
        SourceError: it has none.
    """
    body = response.json()
    issues = body.get("issues") if isinstance(body, Mapping) else None
    if not isinstance(issues, list):
        seen = " ".join(response.text[:120].split())
        raise SourceError(f"{response.request.path}: expected an object with a list `issues`, got {seen!r}", retry=True)
    return issues


def follow(response: Response, wanted: Wanted, ask: Ask, floor: Callable[[datetime], datetime]) -> Page:
    """Return the page with the request that comes after it.

    Args:
        response: of a request that :class:`Wanted` made, or of one that followed it.
        wanted: what is read.
        ask: the JQL from an instant on, in the source's way to read times.
        floor: the instant that such a JQL really begins at.
    """
    request = response.request
    since = datetime.fromisoformat(request.context["since"]) if request.context["since"] else None
    if token_refused(response):
        return Page(restart=wanted.request(ask(since) if since else request.json["jql"], since))
    issues = issues_of(response)
    known = {tuple(name) for name in request.context.get("seen", ())}
    fresh = [issue for issue in issues if _name(issue, wanted.by) not in known]
    after = following(response, wanted)
    if after is None:
        return Page(records=fresh)
    seen = [list(name) for issue in issues if (name := _name(issue, wanted.by))] or request.context.get("seen", ())
    reached = furthest(issues, wanted.by)
    if since and reached and floor(reached) > since:
        after = wanted.request(ask(reached), floor(reached))
    return Page(records=fresh, next_request=after.with_context(seen=seen))


def following(response: Response, wanted: Wanted) -> Request | None:
    """Return the page after this one by token or by count; None after the last."""
    return _after_token(response) if wanted.cloud else _after_rows(response, len(issues_of(response)))


def token_refused(response: Response) -> bool:
    """Return whether a page's token is no longer taken: it lives for seven days, and a site may forget it sooner."""
    asked = response.request.json
    return response.status == 400 and isinstance(asked, Mapping) and "nextPageToken" in asked


def _after_token(response: Response) -> Request | None:
    """Return the page after this one, None after the last: `isLast` may be missing, and an empty page is no end."""
    token = response.json().get("nextPageToken")
    request = response.request
    return replace(request, json={**request.json, "nextPageToken": str(token)}) if token else None


def _after_rows(response: Response, count: int) -> Request | None:
    """Return the page after this one, which repeats its end; None after the last.

    The site lowers ``maxResults`` as it likes: what counts is how many rows came.
    """
    request, total = response.request, response.json().get("total")
    at: int = request.params["startAt"]
    if not count or not isinstance(total, int) or at + count >= total:
        return None
    return request.with_params(startAt=at + max(count - max(1, count // _OVERLAP), 1))


def furthest(issues: Sequence[Any], by: str) -> datetime | None:
    """Return the latest time *by* of rows; None where none can be read."""
    times = (assumed.instant(issue["fields"].get(by)) for issue in issues if _has_fields(issue))
    return max((time for time in times if time is not None), default=None)


def _has_fields(issue: Any) -> bool:
    return isinstance(issue, Mapping) and isinstance(issue.get("fields"), Mapping)


def _name(issue: Any, by: str) -> tuple[str, str] | None:
    """Return id and time of a row: the same row, not changed since."""
    if not _has_fields(issue) or not isinstance(issue["fields"].get(by), str):
        return None
    return str(issue.get("id")), issue["fields"][by]
