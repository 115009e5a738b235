"""Our own cases, read by id: escalations may go to a project that ``jql`` does not look at. Pure.

Vendor sheet, sections 4 and 6. Cloud reads a hundred in one call, as they are now. Data Center searches for their ids;
it refuses a query that names an issue which is gone, unless it is told not to check.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.sdk import Page, Request, Response
from hub_jira.search import Wanted, following, furthest, issues_of

AT_ONCE = 100
BULK = "/rest/api/3/issue/bulkfetch"
CONTEXT = "own"
"""In a request's context: how many of the cases stand before its own."""


@dataclass(frozen=True, slots=True)
class OwnCases:
    """The cases to read.

    Args:
        ids: of all of them.
        wanted: what is asked of each.
        since: only what was updated since; None: all.
        clause: the same as JQL; empty for all.
    """

    ids: Sequence[str]
    wanted: Wanted
    since: datetime | None = None
    clause: str = ""

    def request(self, at: int = 0) -> Request | None:
        """Return the request for the cases from the place *at* on; None where there are none."""
        ids = [one for one in self.ids[at : at + AT_ONCE] if one.isdigit()]
        if not ids:
            return self.request(at + AT_ONCE) if at + AT_ONCE < len(self.ids) else None
        wanted = self.wanted
        if not wanted.cloud:
            conditions = " AND ".join(filter(None, [f"id in ({', '.join(ids)})", self.clause]))
            asked = wanted.request(f"{conditions} ORDER BY key ASC", None, **{CONTEXT: at})
            return asked.with_params(validateQuery="false")
        body: dict[str, Any] = {"issueIdsOrKeys": ids, "fields": list(wanted.fields)}
        body |= {"expand": ["changelog"]} if wanted.changelog else {}
        return Request("POST", BULK, json=body, context={CONTEXT: at}, safe=True, headers=wanted.headers)

    def page(self, response: Response) -> Page:
        """Return the cases that came, with the request for those after them."""
        issues = issues_of(response)
        after = None if self.wanted.cloud else following(response, self.wanted)
        return Page(
            records=[issue for issue in issues if self._is_new(issue)],
            next_request=after or self.request(response.request.context[CONTEXT] + AT_ONCE),
        )

    def _is_new(self, issue: Any) -> bool:
        updated = furthest([issue], self.wanted.by) if self.since else None
        return self.since is None or updated is None or updated >= self.since
