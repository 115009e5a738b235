"""Jira's issues as tickets, and tickets as issues: Cloud (REST v3) and Data Center (REST v2).

Source: vendor sheet, sections 2 to 9. Which edition a site is, ``/serverInfo`` tells; the zone in which it reads times
in queries is that of the caller's profile (``/myself``). Search gives issues by ``updated``, ascending; literals are
cut to the minute and the index lags, so that each poll reaches back behind its cursor. Comments and changelog come with
an issue; where they are cut they are read apart. A deleted issue never comes again: a sweep lists the ids. Our own
cases are read by id beside what ``jql`` finds.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from hub.sdk import (
    Auth,
    Basic,
    Bearer,
    Checks,
    Connector,
    Counted,
    Counting,
    Cursor,
    Delivery,
    Draft,
    HubError,
    Limit,
    Listed,
    OAuth2,
    Page,
    Read,
    Record,
    RecordError,
    Reference,
    Request,
    Response,
    Stream,
    Sweep,
    Webhook,
    Writes,
)
from hub_jira import assumed, cases, faults
from hub_jira.cases import OwnCases
from hub_jira.config import JiraConfig
from hub_jira.escalate import Escalation
from hub_jira.hooks import accept
from hub_jira.issue import Case, Setting, comments_of, drafts, histories_of, mapping, person_key, rows, text_id
from hub_jira.jql import Clock, conditions, query
from hub_jira.rights import Rights
from hub_jira.search import Wanted, count_request, follow, furthest, token_refused

HISTORY = timedelta(days=365)  # read at the first poll where `start` is not set
LATE_WINDOW = timedelta(hours=3)
DETAIL_ROWS = 100
FIELDS = (
    "summary", "description", "status", "priority", "issuetype", "project", "reporter", "creator", "assignee",
    "labels", "components", "created", "updated", "resolution", "resolutiondate", "duedate", "comment", "attachment",
)  # fmt: skip
"""Always named: Cloud answers with bare ids otherwise (sheet, section 1)."""

_STREAM = "issues"
_LATE, _DELETED = "late", "deleted"
_ROWS, _ID_ROWS = 100, 1000
_MYSELF, _SERVER = "/rest/api/2/myself", "/rest/api/2/serverInfo"
_NOT_FOR_US = (403, 404)
_DETAILS = {"comments": "comment", "values": "history", "histories": "history"}


class Jira(Connector[JiraConfig]):
    """Issues of one site that one account sees."""

    name = "jira"
    title = "Jira"
    Config = JiraConfig
    references = (
        Reference("myself"),
        Reference("server"),
        Reference("statuses", timedelta(days=1)),
        Reference("priorities", timedelta(days=1)),
    )
    sweep_names = frozenset((_LATE, _DELETED))

    def __init__(self, config: JiraConfig) -> None:
        super().__init__(config)
        self._known: tuple[Mapping[str, Sequence[Any]], Setting] | None = None

    def auth(self) -> Auth:
        config = self.config
        if config.client_id and config.client_secret:
            return OAuth2(config.token_url, config.client_id, config.client_secret, config.token, body="json")
        return Basic(config.email, config.token) if config.email else Bearer(config.token)

    def namespace(self) -> str:
        parts = urlsplit(self.config.home)
        return f"{parts.netloc}{parts.path}".lower()

    def account(self) -> str:
        """Return the site: bursts are counted by site, whoever calls."""
        return self.namespace()

    def index_delay(self) -> timedelta:
        return self.config.lag

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        sweeps = (
            Sweep(_LATE, timedelta(hours=1), LATE_WINDOW),
            Sweep(_DELETED, timedelta(days=1), self.config.deleted_window, inventory="threads"),
        )
        return (Stream(_STREAM, "Issues", sweeps),)

    def limits(self, request: Request) -> Sequence[Limit]:
        """Return a tenth of the burst that a site takes: everything else that calls it shares the rest.

        It also keeps a single issue's writes (20 in 2 s) within bounds.
        """
        return (Limit("requests", calls=10, per_s=1.0, concurrency=4),)

    def classify(self, response: Response) -> HubError | None:
        """Return what is wrong.

        A page's token that is no longer taken is read as a beginning anew; an issue that went, or was closed to us,
        between its row and its details has no details.
        """
        login = faults.refused_login(response, cloud_token=self.config.email is not None)
        if login is not None or token_refused(response):
            return login
        if response.status in _NOT_FOR_US and "case" in response.request.context:
            return None
        return faults.rate_limited(response) or faults.refused(response) or super().classify(response)

    # --- reading ------------------------------------------------------------------------------------------------

    def request(self, read: Read) -> Request | None:
        if read.mode == "reference":
            api = _api(read)
            paths = {"myself": _MYSELF, "server": _SERVER, "statuses": f"{api}/status", "priorities": f"{api}/priority"}
            return Request("GET", paths[read.name], headers=self.config.headers)
        since = self._since(read)
        clock = Clock.of(read.reference.get("myself", ()), read.now)
        return self._wanted(read).request(self._jql(read, since), clock.floor(since))

    def parse(self, response: Response, read: Read) -> Page:
        if read.mode == "reference":
            return _reference_page(response)
        if "case" in response.request.context:
            return _detail_page(response)
        if cases.CONTEXT in response.request.context:
            page = self._own_cases(read).page(response)
        else:
            clock = Clock.of(read.reference.get("myself", ()), read.now)
            page = follow(response, self._wanted(read), partial(self._jql, read), clock.floor)
        following = page.next_request
        if cases.CONTEXT not in response.request.context and following is None and page.restart is None:
            following = self._own_cases(read).request()
        return Page(
            records=page.records,
            next_request=following,
            restart=page.restart,
            cursor=_window_cursor(page.records) if read.mode == "backfill" else None,
            details=[] if read.name == _DELETED else [one for row in page.records for one in self._details(row, read)],
        )

    def position(self, record: Record) -> Cursor:
        return {"updated": _stamp(record, "updated")}

    def count(self, read: Read) -> Counting:
        """Ask Data Center for ``total``; Cloud's own count may lag (section 3), so that it proves nothing."""
        clock = Clock.of(read.reference.get("myself", ()), read.now)
        if read.since is None or read.until is None:
            return None
        exact = clock.is_exact(read.since) and clock.is_exact(read.until)
        end = clock.literal(read.until) if exact else clock.latest(read.until)
        jql = conditions(self.config.jql, (f"created >= {clock.literal(read.since)}", f"created < {end}"))
        cloud = _is_cloud(read.reference)
        answer = yield count_request(jql, self.config.headers, cloud=cloud)
        number = mapping(answer.json()).get("count" if cloud else "total") if answer.status == 200 else None
        if type(number) is not int or number < 0:
            return None
        requests = number // (self.config.page_size or _ROWS) + 1
        return Counted(number, requests, of="tickets", exact=exact and not cloud)

    def normalize(self, record: Record, read: Read) -> Sequence[Draft]:
        if read.mode == "sweep" and read.name == _DELETED:
            return [Listed(thread=Case.of(record).id)]
        return drafts(record, self._setting(read))

    def _wanted(self, read: Read) -> Wanted:
        cloud, config = _is_cloud(read.reference), self.config
        if read.mode == "sweep" and read.name == _DELETED:
            fields = ("id",) if cloud else ("created",)
            return Wanted(cloud, fields, config.page_size or _ID_ROWS, by="created", headers=config.headers)
        by = "created" if read.mode == "backfill" else "updated"
        size = config.page_size or _ROWS
        return Wanted(cloud, FIELDS, size, by=by, changelog=config.changelog, headers=config.headers)

    def _own_cases(self, read: Read) -> OwnCases:
        """Return what of our own cases is read at the end of *read*: in a poll what is new in them, in a sweep all of
        them. Without ``jql`` all that the account sees is read anyway."""
        known = read.cases if self.config.jql and read.mode in ("poll", "sweep") else ()
        if read.mode != "poll":
            return OwnCases(known, self._wanted(read))
        since = self._since(read)
        clock = Clock.of(read.reference.get("myself", ()), read.now)
        return OwnCases(known, self._wanted(read), since, f"updated >= {clock.literal(since)}")

    def _since(self, read: Read) -> datetime:
        """Return from where *read* reads."""
        if read.mode == "poll" and read.cursor:
            return datetime.fromisoformat(read.cursor["updated"]) - self.config.overlap
        if read.mode == "backfill" and read.cursor and "created" in read.cursor:
            return datetime.fromisoformat(read.cursor["created"])
        return read.since or read.now - HISTORY

    def _jql(self, read: Read, since: datetime) -> str:
        clock = Clock.of(read.reference.get("myself", ()), read.now)
        by = self._wanted(read).by
        clauses = [f"{by} >= {clock.literal(since)}"]
        if read.mode == "backfill" and read.until:
            clauses.append(f"{by} < {clock.latest(read.until)}")
        return query(self.config.jql, clauses, by)

    def _details(self, row: Any, read: Read) -> list[Request]:
        """Return what must be read apart: comments or changes that came cut."""
        try:
            case = Case.of(row)
        except RecordError:
            return []
        fields = mapping(row.get("fields"))
        found = []
        if comments_of(fields) is None:
            found.append(self._detail(read, case, "comment", orderBy="created"))
        if self.config.changelog and _is_cloud(read.reference) and histories_of(row) is None:
            found.append(self._detail(read, case, "changelog"))
        return found

    def _detail(self, read: Read, case: Case, what: str, **params: Any) -> Request:
        path = f"{_api(read)}/issue/{case.id}/{what}"
        params = {"startAt": 0, "maxResults": DETAIL_ROWS, **params}
        return Request("GET", path, params=params, context={"case": case.json()}, headers=self.config.headers)

    def _setting(self, read: Read) -> Setting:
        """Return what the references tell; made once for each set of them."""
        if self._known is None or self._known[0] is not read.reference:
            self._known = (read.reference, self._new_setting(read))
        return self._known[1]

    def _new_setting(self, read: Read) -> Setting:
        statuses = {text_id(row.get("id")): row for row in rows(list(read.reference.get("statuses", ())))}
        priorities = [text_id(row.get("id")) for row in rows(list(read.reference.get("priorities", ())))]
        own = frozenset(filter(None, (person_key(row) for row in read.reference.get("myself", ()))))
        return Setting(self.config.home, self.config.states, statuses, priorities, own)

    def receive(self, webhook: Webhook) -> Sequence[str]:
        secret = self.config.webhook_secret
        return accept(webhook, secret.get_secret_value() if secret else None, _STREAM)

    def check(self) -> Checks:
        return Rights(self.config).run()

    # --- writing ------------------------------------------------------------------------------------------------

    def escalate(self, delivery: Delivery) -> Writes:
        return Escalation(self.config, delivery, cloud=_is_cloud(delivery.reference)).run()


def _is_cloud(reference: Mapping[str, Sequence[Any]]) -> bool:
    """Return whether the site is Cloud, by what ``/serverInfo`` said."""
    return any(mapping(row).get("deploymentType") == "Cloud" for row in reference.get("server", ()))


def _api(read: Read) -> str:
    return "/rest/api/3" if _is_cloud(read.reference) else "/rest/api/2"


def _detail_page(response: Response) -> Page:
    """Return comments or changes, each with what it must know of its issue; none where the issue is gone."""
    if response.status in _NOT_FOR_US:
        return Page()
    body, request = mapping(response.json()), response.request
    name = next((name for name in _DETAILS if isinstance(body.get(name), list)), "values")
    found = rows(body.get(name))
    records = [{"issue": request.context["case"], _DETAILS[name]: row} for row in found]
    reached, total = request.params["startAt"] + len(found), body.get("total")
    more = found and body.get("isLast") is not True and (not isinstance(total, int) or reached < total)
    return Page(records=records, next_request=request.with_params(startAt=reached) if more else None)


def _reference_page(response: Response) -> Page:
    body = response.json()
    return Page(records=body if isinstance(body, list) else [body])


def _stamp(record: Record, field: str) -> str:
    """Return the time *field* of an issue as text that sorts by time.

    Raises:
        RecordError: there is none.
    """
    at = assumed.instant(mapping(mapping(record).get("fields")).get(field))
    if at is None:
        raise RecordError(f"the issue has no usable time {field!r}")
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _window_cursor(records: Sequence[Record]) -> Cursor | None:
    reached = furthest(records, "created")
    return {"created": reached.astimezone(UTC).isoformat(timespec="milliseconds")} if reached else None
