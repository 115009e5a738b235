"""Settings, credentials, editions, errors: what is said of each, and what is done about it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from hub.sdk import (
    AuthError,
    Basic,
    Bearer,
    HubError,
    OAuth2,
    Read,
    Request,
    Response,
    Shortcoming,
    SourceError,
    TransientError,
)
from hub_jira.config import JiraConfig
from hub_jira.connector import Jira

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)


def config(**settings: Any) -> JiraConfig:
    return JiraConfig.model_validate(
        {"connector": "jira", "base_url": "https://acme.example", "token": "kept-secret", **settings}
    )


def classify(
    status: int, body: bytes = b"", method: str = "GET", path: str = "/rest/api/3/myself", **headers: str
) -> HubError | None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    connector = Jira(config(email="hub@acme.example", base_url="https://acme.atlassian.net"))
    return connector.classify(Response(status, named, body, Request(method, path)))


# -- settings ---------------------------------------------------------------------------------------------------


def test_each_kind_of_account_has_its_credentials() -> None:
    assert isinstance(Jira(config(email="a@acme.example")).auth(), Basic)
    assert isinstance(Jira(config()).auth(), Bearer)
    app = Jira(config(client_id="app", client_secret="also-secret")).auth()
    assert isinstance(app, OAuth2)
    assert app.token_url == "https://auth.atlassian.com/oauth/token"
    assert set(app.secrets()) == {"kept-secret", "also-secret"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"client_id": "app"}, "both client_id and client_secret"),
        ({"client_id": "app", "client_secret": "s", "email": "a@b.example"}, "leave one of them out"),
        ({"base_url": "https://api.atlassian.com/ex/jira/1"}, "set `site`"),
        ({"jql": "project = A ORDER BY key"}, "leave out ORDER BY"),
        ({"labels": ["two words"]}, "labels have no spaces"),
        ({"overlap": "1m"}, "greater than or equal to 2 minutes"),
        ({"priorities": {"highest": "A"}}, "urgent"),
        ({"link": "https://desk.example/"}, "pattern"),
        ({"map": {"queue": {"claims": {"projekt": "A"}}}}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        config(**settings)


def test_ids_belong_to_the_site_whatever_the_way_to_it() -> None:
    direct = Jira(config(base_url="https://Acme.atlassian.net/"))
    gateway = Jira(
        config(
            client_id="app",
            client_secret="secret",
            base_url="https://api.atlassian.com/ex/jira/0b0d",
            site="https://acme.atlassian.net",
        )
    )
    assert direct.namespace() == gateway.namespace() == "acme.atlassian.net"
    assert direct.account() == gateway.account(), "bursts are counted by site, whoever calls"
    assert Jira(config(base_url="https://jira.acme.example/jira")).namespace() == "jira.acme.example/jira"


# -- errors -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "headers", "told"),
    [
        (b"", {}, "make a new one at id.atlassian.com"),
        (b"<html>log in</html>", {}, "make a new one at id.atlassian.com"),
        (b'{"message":"Client must be authenticated","status-code":401}', {}, "id.atlassian.com"),
        (b"", {"x_seraph_loginreason": "AUTHENTICATION_DENIED"}, "CAPTCHA"),
        (b"", {"x_seraph_loginreason": "OUT, AUTHENTICATED_FAILED"}, "make a new one at id.atlassian.com"),
        (b'{"code":401,"message":"Unauthorized; scope does not match"}', {}, "lacks a scope: read:jira-work"),
    ],
)
def test_a_refused_login_pauses_and_says_what_to_do(body: bytes, headers: dict[str, str], told: str) -> None:
    fault = classify(401, body, **headers)
    assert isinstance(fault, AuthError)
    assert told in str(fault)


def test_a_login_that_failed_behind_an_open_door_is_noticed() -> None:
    """Guests may be allowed to read: then a bad token looks like an empty site (sheet, section 2)."""
    assert isinstance(classify(200, b"{}", x_seraph_loginreason="AUTHENTICATED_FAILED"), AuthError)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "17"}, 17),
        ({"beta_retry_after": "30", "ratelimit_reason": "jira-quota-tenant-based"}, 30),
        ({}, 2),
        ({"x_ratelimit_reset": "2020-01-01T00:00:00+00:00"}, 0),
    ],
)
def test_too_many_requests_are_waited_for(headers: dict[str, str], seconds: float) -> None:
    fault = classify(429, b"", **headers)
    assert isinstance(fault, TransientError)
    assert fault.undone
    assert fault.retry_after == timedelta(seconds=seconds)


def test_a_reset_in_the_future_is_waited_for() -> None:
    fault = classify(429, b"", x_ratelimit_reset=(datetime.now(UTC) + timedelta(seconds=60)).isoformat())
    assert isinstance(fault, TransientError)
    assert fault.retry_after is not None
    assert timedelta(seconds=1) < fault.retry_after <= timedelta(seconds=60)


def test_a_busy_site_may_say_how_long() -> None:
    fault = classify(503, b"", retry_after="9")
    assert isinstance(fault, TransientError)
    assert (fault.retry_after, fault.undone) == (timedelta(seconds=9), False)


@pytest.mark.parametrize(
    ("status", "method", "body", "kind", "told"),
    [
        (403, "GET", b'{"errorMessages":["No."],"errors":{}}', AuthError, "No.; the user lacks a right"),
        (403, "POST", b'{"errorMessages":["No."],"errors":{}}', SourceError, "No."),
        (403, "GET", b"<html>proxy</html>", TransientError, "a web page"),
        (400, "POST", b"", SourceError, "no reason given; look at `jql`"),
        (400, "POST", b'{"errorMessages":["Bad JQL"],"errors":{"a":"b"}}', SourceError, "Bad JQL; a: b"),
        (410, "GET", b'{"errorMessages":["removed"]}', SourceError, "the other edition's dialect"),
        (404, "GET", b"\xff{", SourceError, "404"),
        (500, "GET", b"", TransientError, "500"),
    ],
)  # fmt: skip
def test_every_refusal_is_told_in_the_vendors_words(
    status: int, method: str, body: bytes, kind: type[HubError], told: str
) -> None:
    fault = classify(status, body, method)
    assert isinstance(fault, kind)
    assert told in str(fault)


@pytest.mark.parametrize("status", [403, 404])
def test_an_issue_that_went_before_its_comments_were_read_has_none(status: int) -> None:
    connector, read = Jira(config()), Read("issues", "poll", NOW)
    asked = Request("GET", "/rest/api/3/issue/1/comment", params={"startAt": 0}, context={"case": {}})
    answer = Response(status, {}, b"<html>gone</html>", asked)
    assert connector.classify(answer) is None
    assert connector.parse(answer, read).records == ()


# -- editions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("server", "path"), [("Cloud", "/rest/api/3/search/jql"), ("Server", "/rest/api/2/search")])
def test_the_site_itself_says_which_edition_it_is(server: str, path: str) -> None:
    reference = {"server": [{"deploymentType": server}], "myself": [{"timeZone": "UTC"}]}
    asked = Jira(config()).request(Read("issues", "poll", NOW, reference=reference))
    assert asked is not None
    assert asked.path == path
    assert "summary" in str(asked.json or asked.params), "fields are always named: Cloud's default is the id alone"
    assert asked.repeatable


def test_the_language_of_names_is_pinned() -> None:
    asked = Jira(config(language="ru")).request(Read("", "reference", NOW, name="myself"))
    assert asked is not None
    assert asked.headers == {"Accept-Language": "ru", "X-Force-Accept-Language": "true"}


# -- check ------------------------------------------------------------------------------------------------------


def findings(site: Any, **settings: Any) -> list[str]:
    connector = site.connector(**settings)
    found = site.answers(connector, connector.check())
    assert all(isinstance(one, Shortcoming) and one.todo for one in found)
    return [one.seen for one in found]


def test_a_site_with_all_rights_lacks_nothing(site: Any) -> None:
    assert findings(site) == []


@pytest.mark.parametrize("jql", ["project = CLAIMS", "project in ('CLAIMS', DEV) AND updated >= -9999d"])
def test_a_query_that_finds_something_lacks_nothing(site: Any, jql: str) -> None:
    assert findings(site, jql=jql) == []


def test_missing_rights_are_named(site: Any) -> None:
    site.change("deny", project="CLAIMS", rights=["CREATE_ISSUES", "LINK_ISSUES"])
    assert findings(site) == ["in project CLAIMS the account lacks CREATE_ISSUES, LINK_ISSUES"]
    for project in ("CLAIMS", "DEV", "STRICT"):
        site.change("deny", project=project, rights=["BROWSE_PROJECTS"])
    assert findings(site, project=None) == ["the account may not see any project (BROWSE_PROJECTS)"]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"project": "NOPE"}, "there is no project NOPE, or the account may not see it"),
        ({"project": "STRICT"}, "project STRICT: Jira requires Team (customfield_10050), one of Север, Юг"),
        ({"issue_type": "Epic"}, "project CLAIMS has no issue type 'Epic'; it has Task, Bug, Service request"),
        ({"fields": {"Colour": 1}}, "project CLAIMS: fields: this create screen has no field 'Colour'"),
        ({"jql": "colour = red"}, "jql: Field 'colour' does not exist"),
        ({"jql": "labels = nobody-has-it"}, "jql finds no issue that the account may see"),
        ({"jql": "project in (CLAIMS, LAW)"}, "jql: there is no project with the key LAW, or the account may not see"),
        ({"map": {"department": {"law": {"project": "STRICT"}}}}, "project STRICT: Jira requires Team"),
    ],
)
def test_settings_that_the_site_has_no_place_for_are_named(site: Any, settings: dict[str, Any], told: str) -> None:
    (found,) = findings(site, **settings)
    assert found.startswith(told)
