"""A ticket as an issue: create it once, tell it what is new, move it on. Vendor sheet, sections 7 to 9.

Jira has no idempotency key. An issue carries the effect's marker as a label, by which it is looked up before a second
create; its comments carry theirs in their last line; the link back is an upsert by ``globalId``. What was created twice
all the same, because the index was later than promised, is linked to the one that counts and closed. A clone has the
label too: what a person made is left alone.
"""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

from hub.sdk import (
    Created,
    Delivery,
    DeliveryError,
    HubError,
    Missing,
    Request,
    Response,
    SourceError,
    State,
    Writes,
    find_marker,
)
from hub_jira import assumed, faults
from hub_jira.config import JiraConfig, Level
from hub_jira.fields import PROPERTY, RAISED, as_label, by_name, create_body, names_of, priority
from hub_jira.issue import comment_id, mapping, person_key, rich, rows, string, text_id
from hub_jira.jql import quote as jql_quote
from hub_jira.search import Wanted, following, issues_of
from hub_jira.words import Words

CATEGORIES: Mapping[State, str] = {"new": "new", "open": "indeterminate", "solved": "done", "closed": "done"}
"""The status category that a state of ours means; pending and on_hold are statuses that only the settings can name."""

_MOST_PAGES = 20
_MOST_DUPLICATES = 10
_DUPLICATE = "Duplicate"
_EXTRAS = frozenset({"priority"})
"""Fields that an issue can do without where a screen does not take them."""

_T = TypeVar("_T")
_Step = Generator[Request | Created | Missing, Response | None, _T]


class Escalation:
    """One effect under way.

    Args:
        config: the settings.
        delivery: the effect.
        cloud: the edition.
    """

    def __init__(self, config: JiraConfig, delivery: Delivery, *, cloud: bool) -> None:
        self._config, self._delivery, self._cloud = config, delivery, cloud
        self._api = "/rest/api/3" if cloud else "/rest/api/2"
        self._words = Words(cloud, config.language.startswith("ru"), config.link)
        self._headers = config.headers

    def run(self) -> Writes:
        """Bring the effect about."""
        match self._delivery.effect:
            case "create":
                yield from self._create()
            case "comment":
                yield from self._comment()
            case "change":
                yield from self._change()

    # --- create -------------------------------------------------------------------------------------------------

    def _create(self) -> Writes:
        link = self._delivery.link
        issue = link.external_id if link else (yield from self._earlier())
        if issue is None:
            issue = yield from self._new()
        yield from self._link_back(issue)
        if link is not None or self._delivery.unsure_since is not None:
            yield from self._close_duplicates(issue)

    def _earlier(self) -> _Step[str | None]:
        """Return the issue that an earlier try made, if one may have."""
        if self._delivery.unsure_since is None:
            return None
        found = yield from self._look_up(self._delivery.marker)
        if not found:
            yield Missing()
            return None
        found.sort(key=lambda row: (len(text_id(row.get("id"))), text_id(row.get("id"))))
        for row in found:  # the first is the one that counts, the others are known as the same
            yield self._made(row)
        return text_id(found[0].get("id"))

    def _new(self) -> _Step[str]:
        project, issue_type = yield from self._target()
        known = yield from self._screen(project, issue_type)
        body = create_body(self._delivery, self._config, project, issue_type, known, self._words)
        answer = yield from self._ask("POST", "/issue", json=body)
        if _refuses_extras(answer):
            body = {**body, "fields": {name: value for name, value in body["fields"].items() if name not in _EXTRAS}}
            answer = yield from self._ask("POST", "/issue", json=body)
        made = mapping(self._good(answer, 201, "Jira refuses the issue").json())
        yield self._made(made)
        return text_id(made.get("id"))

    def _made(self, issue: Mapping[str, Any]) -> Created:
        ident, key = text_id(issue.get("id")), text_id(issue.get("key"))
        if not ident:
            raise SourceError(f"Jira answered a create without an id: {issue!r}", retry=False)
        return Created(ident, f"{self._config.home}/browse/{key}" if key else None)

    def _target(self) -> _Step[tuple[str, str]]:
        """Return the project's key and the id of the issue type there."""
        target = self._config.map.find(self._delivery)
        project = (target and target.project) or self._config.project
        if not project:
            named = self._delivery.department or self._delivery.ticket.queue
            raise DeliveryError(
                f"no project for {named!r}: set `project`, or a project in [instances.NAME.map.department.{named}]"
                if named
                else "no project: set `project`"
            )
        wanted = (target and target.issue_type) or self._config.issue_type
        path = f"/issue/createmeta/{quote(project, safe='')}/issuetypes"
        types = yield from self._listed(path, "issueTypes", f"no issues can be created in project {project}")
        found = by_name(types, wanted)
        if found is None:
            raise DeliveryError(f"project {project} has no issue type {wanted!r}; it has {names_of(types)}")
        return project, text_id(found.get("id"))

    def _screen(self, project: str, issue_type: str) -> _Step[dict[str, Mapping[str, Any]]]:
        path = f"/issue/createmeta/{quote(project, safe='')}/issuetypes/{issue_type}"
        found = yield from self._listed(path, "fields", f"the fields of project {project} cannot be read")
        return {text_id(row.get("fieldId") or row.get("key")): row for row in found}

    def _listed(self, path: str, name: str, wrong: str) -> _Step[list[Mapping[str, Any]]]:
        """Return every row of a paged list; Data Center calls it ``values``."""
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_PAGES):
            answer = yield from self._ask("GET", path, params={"startAt": len(found), "maxResults": 50})
            body = mapping(self._good(answer, 200, wrong).json())
            page = rows(body.get(name) if isinstance(body.get(name), list) else body.get("values"))
            found += page
            total = body.get("total")
            if not page or not isinstance(total, int) or len(found) >= total:
                break
        return found

    def _link_back(self, issue: str) -> Writes:
        """Upsert the link to the ticket. An issue without one is no failed escalation."""
        ticket = self._delivery.ticket
        url = self._words.address(ticket)
        if url is None:
            return
        body = {
            "globalId": f"system=hub&id={ticket.id}",
            "application": {"type": "hub", "name": "helpdesk-hub"},
            "relationship": "escalated from",
            "object": {"url": url, "title": self._words.summary(ticket), "status": {"resolved": False}},
        }
        yield from self._ask("POST", f"/issue/{issue}/remotelink", json=body, safe=True)

    # --- comment ------------------------------------------------------------------------------------------------

    def _comment(self) -> Writes:
        issue = self._issue_id()
        delivery = self._delivery
        if delivery.unsure_since is not None:
            said = yield from self._said(issue)
            if said is not None:
                yield Created(comment_id(issue, said))
                return
            yield Missing()
        said = self._words.comment(delivery.ticket, delivery.messages, delivery.marker, edited=delivery.edited)
        body = {"body": said}
        body["properties"] = [assumed.INTERNAL_COMMENT]
        answer = yield from self._ask("POST", f"/issue/{issue}/comment", json=body)
        made = mapping(self._good(answer, 201, "Jira refuses the comment").json())
        yield Created(comment_id(issue, text_id(made.get("id"))))
        yield from self._close_duplicates(issue)

    def _said(self, issue: str) -> _Step[str | None]:
        """Return the id of the comment that an earlier try made; None when there is none. Comments are never late."""
        at = 0
        for _ in range(_MOST_PAGES):
            params = {"startAt": at, "maxResults": 100, "orderBy": "-created"}
            answer = yield from self._ask("GET", f"/issue/{issue}/comment", params=params)
            body = mapping(self._good(answer, 200, "the issue's comments cannot be read").json())
            page = rows(body.get("comments"))
            for comment in page:
                if find_marker(rich(comment.get("body"))) == self._delivery.marker:
                    return text_id(comment.get("id"))
            at += len(page)
            if not page or at >= int(body.get("total") or 0):
                break
        return None

    # --- change -------------------------------------------------------------------------------------------------

    def _change(self) -> Writes:
        issue = self._issue_id()
        changes = self._delivery.changes
        if changes.get("department") is not None:
            raise DeliveryError(
                "Jira's API cannot move an issue to another project: move it by hand, or escalate the ticket anew"
            )
        now = yield from self._read(issue)
        body = self._edit(changes, now)
        if body:
            answer = yield from self._ask("PUT", f"/issue/{issue}", json=body, safe=True)
            if not _refuses_extras(answer):
                self._good(answer, 204, "Jira refuses the change")
        if changes.get("state") is not None:
            yield from self._move(issue, changes["state"], mapping(now.get("status")))
        yield from self._close_duplicates(issue)

    def _read(self, issue: str) -> _Step[Mapping[str, Any]]:
        params = {"fields": "status,labels,priority"}
        answer = yield from self._ask("GET", f"/issue/{issue}", params=params)
        return mapping(mapping(self._good(answer, 200, "the issue cannot be read").json()).get("fields"))

    def _edit(self, changes: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of ``PUT /issue``; empty where there is nothing to set."""
        body: dict[str, Any] = {}
        level: Level | None = changes.get("priority")
        if level is not None and level in RAISED:
            raised = RAISED[level] if self._config.raise_priority else level
            known = rows(list(self._delivery.reference.get("priorities", ())))
            chosen = priority(known, raised, self._config)
            if chosen is not None and chosen.get("id") != mapping(now.get("priority")).get("id"):
                body["fields"] = {"priority": {"id": text_id(chosen.get("id"))}}
        new = [as_label(tag) for tag in changes.get("tags") or () if as_label(tag) not in (now.get("labels") or ())]
        if new:
            body["update"] = {"labels": [{"add": label} for label in new]}
        return body

    def _move(self, issue: str, state: State, status: Mapping[str, Any]) -> Writes:
        """Move the issue to a status that means *state*; nothing where it is there, or Jira has no such notion."""
        named, category = self._config.transitions.get(state), CATEGORIES.get(state)
        if _is_in(status, named, category) or (named is None and category is None):
            return
        params = {"expand": "transitions.fields"}
        answer = yield from self._ask("GET", f"/issue/{issue}/transitions", params=params)
        ways = rows(
            mapping(self._good(answer, 200, "the issue's transitions cannot be read").json()).get("transitions")
        )
        way = next((way for way in ways if _is_in(mapping(way.get("to")), named, category)), None)
        if way is None:
            targets = names_of([mapping(way.get("to")) for way in ways]) or "nothing: the user may lack the right"
            raise DeliveryError(
                f"no transition leads to {named or f'a status of the category {category}'}; from"
                f" {string(status.get('name')) or 'here'} the workflow leads to {targets}. Name one in `transitions`"
            )
        body: dict[str, Any] = {"transition": {"id": text_id(way.get("id"))}}
        screen = _screen_values(way)
        body |= {"fields": screen} if screen else {}
        answer = yield from self._ask("POST", f"/issue/{issue}/transitions", json=body, safe=True)
        self._good(answer, 204, f"Jira refuses the transition {string(way.get('name'))}")

    # --- duplicates ---------------------------------------------------------------------------------------------

    def _close_duplicates(self, issue: str) -> Writes:
        """Link what carries the same marker to *issue* and close it: the index was later than promised.

        Every later effect looks again. What stands in the way here fails no delivery.
        """
        try:
            marker = find_marker(*self._label_list((yield from self._read(issue))))
            found = (yield from self._look_up(marker, known=issue)) if marker else []
            for row in found[:_MOST_DUPLICATES]:
                other = text_id(row.get("id"))
                if other and other != issue:
                    yield from self._close_duplicate(other, issue, marker or "")
        except HubError:
            return  # what was asked for is done; it must not be done again for this

    def _label_list(self, fields: Mapping[str, Any]) -> list[str]:
        labels = fields.get("labels")
        return [label for label in labels if isinstance(label, str)] if isinstance(labels, list) else []

    def _close_duplicate(self, other: str, issue: str, marker: str) -> Writes:
        params = {"fields": "status,creator", "properties": PROPERTY}
        answer = yield from self._ask("GET", f"/issue/{other}", params=params)
        found = mapping(self._good(answer, 200, "the second issue cannot be read").json())
        status = mapping(mapping(found.get("fields")).get("status"))
        if _is_in(status, None, "done") or not self._made_by_us(found, marker):
            return
        ends = {"inwardIssue": {"id": other}, "outwardIssue": {"id": issue}}
        yield from self._ask("POST", "/issueLink", json={"type": {"name": _DUPLICATE}, **ends}, safe=True)
        yield from self._move(other, "closed", status)
        body = {"body": self._words.closed_as_duplicate(), "properties": [assumed.INTERNAL_COMMENT]}
        yield from self._ask("POST", f"/issue/{other}/comment", json=body)

    def _made_by_us(self, issue: Mapping[str, Any], marker: str) -> bool:
        """Return whether a create of ours made *issue*, by its author and the property that came with it."""
        own = {person_key(row) for row in self._delivery.reference.get("myself", ())} - {""}
        kept = mapping(mapping(issue.get("properties")).get(PROPERTY))
        return person_key(mapping(issue.get("fields")).get("creator")) in own and kept.get("marker") == marker

    # --- requests -----------------------------------------------------------------------------------------------

    def _look_up(self, marker: str, known: str | None = None) -> _Step[list[Mapping[str, Any]]]:
        """Return the issues with the label *marker*, as far as the index has them; *known* is seen as it is."""
        jql = f"labels = {jql_quote(marker)} ORDER BY key ASC"
        wanted = Wanted(self._cloud, ("id", "key"), 50, headers=self._headers)
        strong = {"reconcileIssues": [int(known)]} if self._cloud and known and known.isdigit() else {}
        request: Request | None = wanted.request(jql, None)
        found: list[Mapping[str, Any]] = []
        for _ in range(_MOST_PAGES):
            if request is None:
                break
            sent = replace(request, json={**request.json, **strong}) if strong else request
            answer = self._good(_given((yield sent)), 200, "the issue cannot be looked up")
            found += rows(issues_of(answer))
            request = following(answer, wanted)
        return found

    def _ask(self, method: str, path: str, **more: Any) -> _Step[Response]:
        answer = yield replace(Request(method, f"{self._api}{path}", **more), headers=self._headers)
        return _given(answer)

    def _issue_id(self) -> str:
        if self._delivery.link is None:
            raise DeliveryError("the ticket has no issue in this Jira")
        return self._delivery.link.external_id

    def _good(self, answer: Response, status: int, wrong: str) -> Response:
        """Return *answer* if it is what is wanted.

        Raises:
            SourceError: somebody else changed the issue in the same moment; the next try reads it again.
            DeliveryError: anything else: another try would be answered the same.
        """
        if answer.status in (status, 200):
            return answer
        if answer.status == 409:
            raise SourceError(f"{wrong}: somebody changed it in the same moment")
        gone = " (it is gone, or the user may not see it)" if answer.status == 404 else ""
        raise DeliveryError(f"{wrong}: {answer.status}{gone} {faults.said(answer)}".rstrip())


def _given(response: Response | None) -> Response:
    if response is None:
        raise SourceError("the engine answered a request with nothing")
    return response


def _refuses_extras(answer: Response) -> bool:
    """Return whether a 400 is about nothing but what may as well be left out."""
    if answer.status != 400:
        return False
    try:
        errors = mapping(mapping(answer.json()).get("errors"))
    except HubError:
        return False
    return bool(errors) and set(errors) <= _EXTRAS


def _is_in(status: Mapping[str, Any], named: str | None, category: str | None) -> bool:
    """Return whether *status* is the one that is *named*, or, where none is, of *category*."""
    if named is not None:
        return by_name([status], named) is not None
    known = text_id(mapping(status.get("statusCategory")).get("key"))
    return category is not None and {"undefined": "new"}.get(known, known) == category


def _screen_values(way: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the transition's screen requires: the first resolution.

    Raises:
        DeliveryError: it requires more than that.
    """
    required = {
        name: row
        for name, row in mapping(way.get("fields")).items()
        if mapping(row).get("required") is True and mapping(row).get("hasDefaultValue") is not True
    }
    values = rows(mapping(required.pop("resolution", None)).get("allowedValues"))
    if required:
        raise DeliveryError(
            f"the transition {string(way.get('name'))} requires {', '.join(sorted(required))}; name another status in"
            " `transitions`"
        )
    return {"resolution": {"id": text_id(values[0].get("id"))}} if values else {}
