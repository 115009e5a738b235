"""What ``hub check`` asks a site: the rights of the account, the query, the create screens of escalations.

``/mypermissions`` is no part of the vendor sheet's list; what it does not answer is not told.
"""

from collections.abc import Generator, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from hub.sdk import Checks, DeliveryError, HubError, Request, Response, Shortcoming
from hub_jira import faults
from hub_jira.config import JiraConfig, Target
from hub_jira.fields import OWN, by_name, given_fields, lacking, names_of
from hub_jira.issue import mapping, rows, text_id
from hub_jira.jql import projects_of, query
from hub_jira.search import Wanted, following, issues_of

WRITING = ("CREATE_ISSUES", "EDIT_ISSUES", "ADD_COMMENTS", "TRANSITION_ISSUES", "LINK_ISSUES")

_MOST_PAGES = 5  # a page of Cloud may be empty and not the last
_ASK_ADMINISTRATOR = "ask Jira's administrator for the rights"

_T = TypeVar("_T")
_Step = Generator[Request, Response, _T]
_Found = list[Shortcoming]


class Rights:
    """The checks of one instance."""

    def __init__(self, config: JiraConfig) -> None:
        self._config = config
        self._api = "/rest/api/2"

    def run(self) -> Checks:
        """Return what is lacking."""
        server = mapping(_json((yield self._get("/serverInfo"))))
        cloud = server.get("deploymentType") == "Cloud"
        self._api = "/rest/api/3" if cloud else "/rest/api/2"
        found = yield from self._reading(cloud)
        for project, targets in self._destinations().items():
            missing = yield from self._writing(project)
            found += missing or (yield from self._screens(project, targets))
        return tuple(found)

    def _reading(self, cloud: bool) -> _Step[_Found]:
        missing = yield from self._missing(("BROWSE_PROJECTS",), None)
        if missing:
            return [Shortcoming(f"the account may not see any project ({', '.join(missing)})", _ASK_ADMINISTRATOR)]
        return (yield from self._query(cloud))

    def _query(self, cloud: bool) -> _Step[_Found]:
        """Return what is wrong with the query: refused, of projects that are not seen, or of nothing at all."""
        wanted = Wanted(cloud, ("id",), 1, headers=self._config.headers)
        clauses = [] if self._config.jql else ["updated >= -1d"]  # Cloud refuses a query of everything
        asked: Request | None = wanted.request(query(self._config.jql, clauses, "updated"), None)
        empty = True
        for _ in range(_MOST_PAGES):
            if asked is None or not empty:
                break
            answer = yield asked
            if answer.status == 400:
                return [Shortcoming(f"jql: {faults.said(answer)}", "mend `jql`")]
            if answer.status != 200:
                return []
            empty, asked = not issues_of(answer), following(answer, wanted)
        unseen = yield from self._unseen()
        if unseen or not empty or not self._config.jql:
            return unseen
        return [Shortcoming("jql finds no issue that the account may see", "mend `jql`, or give the account the right")]

    def _unseen(self) -> _Step[_Found]:
        """Return the projects that `jql` names and the account does not see: of those nothing is ever read."""
        found: _Found = []
        for project in projects_of(self._config.jql or ""):
            if (yield from self._missing(("BROWSE_PROJECTS",), project)) != []:
                told = f"jql: there is no project with the key {project}, or the account may not see it"
                found.append(Shortcoming(told, "mend `jql`, or give the account the right"))
        return found

    def _destinations(self) -> dict[str, list[Target]]:
        """Return the projects that escalations go to, each with its targets."""
        mapped = self._config.map
        targets = [Target(project=self._config.project), *mapped.queue.values(), *mapped.department.values()]
        found: dict[str, list[Target]] = {}
        for target in targets:
            project = target.project or self._config.project
            if project:
                found.setdefault(project, []).append(target)
        return found

    def _writing(self, project: str) -> _Step[_Found]:
        missing = yield from self._missing(WRITING, project)
        if missing is None:
            return [
                Shortcoming(f"there is no project {project}, or the account may not see it", "mend `project` or `map`")
            ]
        if missing:
            return [Shortcoming(f"in project {project} the account lacks {', '.join(missing)}", _ASK_ADMINISTRATOR)]
        return []

    def _missing(self, wanted: tuple[str, ...], project: str | None) -> _Step[list[str] | None]:
        """Return the rights of *wanted* that the account lacks; None where there is no such project."""
        params = {"permissions": ",".join(wanted), "projectKey": project}
        answer = yield self._get("/mypermissions", **params)
        if answer.status == 404 and project:
            return None
        held = mapping(mapping(_json(answer)).get("permissions"))
        return [name for name in wanted if name in held and mapping(held[name]).get("havePermission") is False]

    def _screens(self, project: str, targets: Iterable[Target]) -> _Step[_Found]:
        base = f"/issue/createmeta/{quote(project, safe='')}/issuetypes"
        body = mapping(_json((yield self._get(base, maxResults=50))))
        types = rows(body.get("issueTypes") or body.get("values"))
        found: dict[str, Shortcoming] = {}
        for target in targets:
            wanted = target.issue_type or self._config.issue_type
            row = by_name(types, wanted)
            if row is None:
                seen = f"project {project} has no issue type {wanted!r}; it has {names_of(types)}"
                found[seen] = Shortcoming(seen, "mend `issue_type` or `map`")
                continue
            body = mapping(_json((yield self._get(f"{base}/{text_id(row.get('id'))}", maxResults=50))))
            screen = rows(body.get("fields") or body.get("values"))
            wrong = self._wrong({text_id(one.get("fieldId") or one.get("key")): one for one in screen}, target)
            if wrong:
                found[wrong] = Shortcoming(f"project {project}: {wrong}", "mend `fields`, `map` or the create screen")
        return list(found.values())

    def _wrong(self, known: Mapping[str, Mapping[str, Any]], target: Target) -> str:
        try:
            return lacking(OWN | set(given_fields(self._config, target, known)), known)
        except DeliveryError as error:
            return str(error)

    def _get(self, path: str, **params: Any) -> Request:
        return Request("GET", f"{self._api}{path}", params=params, headers=self._config.headers)


def _json(answer: Response) -> Any:
    if answer.status >= 400:
        return None
    try:
        return answer.json()
    except HubError:
        return None
