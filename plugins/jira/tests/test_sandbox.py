"""The sandbox keeps to `vendors/jira.md`; section numbers are those of the sheet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sdk import Request, Response

BOUND = "project in (CLAIMS, DEV) ORDER BY updated ASC, key ASC"


def search(site: Any, jql: str, **more: Any) -> Response:
    if site.vendor == "jira":
        by_token: Response = site.ask(
            "POST", "/search/jql", json={"jql": jql, "fields": ["updated", "created"], **more}
        )
        return by_token
    counted: Response = site.ask("GET", "/search", params={"jql": jql, "fields": "updated,created", **more})
    return counted


def ids(answer: Response) -> list[str]:
    assert answer.status == 200, answer.text
    return [row.get("id") for row in answer.json()["issues"]]


def whole(site: Any, jql: str) -> list[str]:
    """Follow a search to its end, over short and empty pages."""
    found: list[str] = []
    more: dict[str, Any] = {}
    while True:
        answer = search(site, jql, maxResults=50, **more)
        found += ids(answer)
        body = answer.json()
        if site.vendor == "jira":
            if "nextPageToken" not in body:
                return found
            more = {"nextPageToken": body["nextPageToken"]}
        else:
            if len(found) >= body["total"]:
                return found
            more = {"startAt": len(found)}


def some_issue(site: Any) -> str:
    return next(item["source_id"] for item in site.items(broken=False) if "/" not in item["source_id"])


# -- access: sections 1 and 2 -----------------------------------------------------------------------------------


def test_the_edition_is_told_and_each_speaks_its_own_version(site: Any) -> None:
    told = site.ask("GET", "/rest/api/2/serverInfo").json()
    assert told["deploymentType"] == {"jira": "Cloud", "jira-dc": "Server"}[site.vendor]
    assert site.ask("GET", "/rest/api/3/myself").status == (200 if site.vendor == "jira" else 404)


def test_people_have_accounts_on_cloud_and_names_on_data_center(site: Any) -> None:
    me = site.ask("GET", "/rest/api/2/myself").json()
    assert ("accountId" in me) == (site.vendor == "jira")
    assert ("name" in me) == (site.vendor == "jira-dc")
    assert me["timeZone"] == "Asia/Yekaterinburg", "another zone than that of the answers"


@pytest.mark.parametrize("account", [{"token": "wrong-token"}, {"email": "somebody@example.org"}])
def test_wrong_credentials_get_401_in_several_shapes(cloud: Any, account: dict[str, str]) -> None:
    answers = [cloud.ask("GET", "/myself", cloud.connector(**account)) for _ in range(4)]
    assert {answer.status for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 4
    assert b"" in {answer.content for answer in answers}
    assert answers[0].headers["x-seraph-loginreason"] == "AUTHENTICATED_FAILED"


def test_a_personal_token_is_no_basic_password_and_an_api_token_no_bearer(site: Any) -> None:
    other = {"email": None} if site.vendor == "jira" else {"email": "hub@example.org"}
    assert site.ask("GET", "/myself", site.connector(**other)).status == 401


def test_a_captcha_stops_good_credentials(site: Any) -> None:
    site.change("captcha")
    answer = site.ask("GET", "/myself")
    assert (answer.status, answer.headers["x-seraph-loginreason"]) == (401, "AUTHENTICATION_DENIED")


def test_refresh_tokens_work_once_and_access_tokens_for_an_hour_at_the_gateway_alone(cloud: Any) -> None:
    def refresh(token: str) -> Response:
        app = {"client_id": "sandbox-jira-client", "client_secret": "sandbox-jira-client-secret"}
        body = {"grant_type": "refresh_token", "refresh_token": token, **app}
        found: Response = cloud.send(cloud.connector(), Request("POST", "/oauth/token", json=body))
        return found

    given = refresh("sandbox-jira-refresh-0").json()
    assert refresh("sandbox-jira-refresh-0").status == 403
    assert refresh(given["refresh_token"]).json()["refresh_token"] != given["refresh_token"]
    gateway = "/ex/jira/0b0d6c1e-0000-4000-8000-00000000c10d/rest/api/3/myself"
    bearer = cloud.connector(email=None, token=given["access_token"])
    assert cloud.send(bearer, Request("GET", gateway)).status == 200
    assert cloud.send(bearer, Request("GET", "/rest/api/3/myself")).status == 401
    cloud.box.advance(3601)
    assert cloud.send(bearer, Request("GET", gateway)).status == 401


def test_names_are_translated_unless_the_language_is_forced(cloud: Any) -> None:
    plain = cloud.ask("GET", "/priority").json()[0]["name"]
    ignored = cloud.send(cloud.connector(), Request("GET", "/rest/api/3/priority"), **{"Accept-Language": "en"})
    forced = {"Accept-Language": "en", "X-Force-Accept-Language": "true"}
    english = cloud.send(cloud.connector(), Request("GET", "/rest/api/3/priority"), **forced)
    assert [plain, ignored.json()[0]["name"], english.json()[0]["name"]] == ["Наивысший", "Наивысший", "Highest"]


# -- search: sections 3 to 5 ------------------------------------------------------------------------------------


def test_the_old_search_is_gone_in_both_versions(cloud: Any) -> None:
    for path in ("/rest/api/2/search", "/rest/api/3/search"):
        answer = cloud.ask("GET", path, params={"jql": BOUND})
        assert answer.status == 410
        assert "CHANGE-2046" in answer.text


def test_without_fields_cloud_gives_bare_ids_and_no_count(cloud: Any) -> None:
    body = cloud.ask("POST", "/search/jql", json={"jql": BOUND}).json()
    assert set(body) <= {"issues", "nextPageToken", "isLast"}
    assert all(set(row) == {"id"} for row in body["issues"])


def test_what_cloud_does_not_know_is_refused_without_a_word(cloud: Any) -> None:
    answer = cloud.ask("POST", "/search/jql", json={"jql": BOUND, "startAt": 0})
    assert (answer.status, answer.content) == (400, b"")


@pytest.mark.parametrize(
    ("jql", "told"),
    [
        ("order by key", "Unbounded JQL"),
        ("colour = red", "Field 'colour' does not exist"),
        ('updated >= "2026-10-01 10:00:30"', "Valid formats include"),
        ("project = CLAIMS ORDER BY key, key, key, key, key, key, key, key", "maximum number of sort fields"),
        ("project = ", "reached the end"),
    ],
)
def test_bad_queries_are_refused_in_the_vendors_words(cloud: Any, jql: str, told: str) -> None:
    answer = search(cloud, jql)
    assert answer.status == 400
    assert told in answer.text


def test_every_form_of_a_time_is_understood(site: Any) -> None:
    now = datetime.now(UTC)
    everything = set(whole(site, BOUND))
    long_ago = now - timedelta(days=400)
    for literal in (
        f'"{long_ago:%Y-%m-%d %H:%M}"', f'"{long_ago:%Y/%m/%d %H:%M}"', f'"{long_ago:%Y-%m-%d}"', "-60w", "-9600h",
        str(int(long_ago.timestamp() * 1000)),
    ):  # fmt: skip
        assert set(whole(site, f"updated >= {literal} ORDER BY key")) == everything, literal
    assert whole(site, "updated > -1m ORDER BY key") == []


def test_literals_are_read_in_the_profiles_zone_to_the_minute(site: Any) -> None:
    site.change("zone", zone="UTC")
    site.change("index_delay", seconds=0)
    source = some_issue(site)
    site.change("comment", id=source, text="x")
    at = datetime.fromisoformat(site.ask("GET", f"/issue/{source}").json()["fields"]["updated"]).astimezone(UTC)
    assert source in whole(site, f'updated >= "{at:%Y-%m-%d %H:%M}" ORDER BY key')
    next_minute = at + timedelta(minutes=1)
    assert source not in whole(site, f'updated >= "{next_minute:%Y-%m-%d %H:%M}" ORDER BY key')
    site.change("zone", zone="Asia/Tokyo")
    assert source in whole(site, f'updated >= "{at + timedelta(hours=9):%Y-%m-%d %H:%M}" ORDER BY key')


def test_the_index_lags_and_named_issues_can_be_had_at_once(cloud: Any) -> None:
    cloud.change("index_delay", seconds=60)
    source = cloud.change("add")["source_id"]
    jql = f"id = {source}"
    assert whole(cloud, jql) == []
    strong = [ids(search(cloud, jql, reconcileIssues=[int(source)])) for _ in range(3)]
    assert [source] in strong, "an empty page may come first"
    assert cloud.ask("GET", f"/issue/{source}").status == 200
    cloud.box.advance(61)
    assert whole(cloud, jql) == [source]


def test_tokens_end_and_belong_to_their_query(cloud: Any) -> None:
    token = search(cloud, BOUND, maxResults=2).json()["nextPageToken"]
    assert search(cloud, BOUND, maxResults=2, nextPageToken=token).status == 200
    assert search(cloud, "project = DEV", maxResults=2, nextPageToken=token).status == 400
    assert search(cloud, BOUND, nextPageToken="junk").status == 400
    cloud.box.advance(8 * 24 * 3600)
    assert search(cloud, BOUND, maxResults=2, nextPageToken=token).status == 400


def test_pages_shrink_and_may_be_empty(tools: Any) -> None:
    with tools.serving("jira", items=300, odd=0.2) as site:
        sizes = set()
        more: dict[str, Any] = {}
        while "nextPageToken" in (body := search(site, BOUND, maxResults=9, **more).json()):
            sizes.add(len(body["issues"]))
            more = {"nextPageToken": body["nextPageToken"]}
    assert {0, 4, 9} <= sizes


def test_data_center_counts_rows_and_lowers_what_was_asked(server: Any) -> None:
    body = search(server, BOUND, maxResults=5000).json()
    assert (body["maxResults"], body["startAt"], body["total"]) == (1000, 0, len(body["issues"]))
    assert search(server, BOUND, startAt=9900, maxResults=500).status == 400


def test_rows_move_while_they_are_counted(tools: Any) -> None:
    with tools.serving("jira-dc", items=40, churn=1.0) as site:
        site.change("index_delay", seconds=0)
        pages = [ids(search(site, BOUND, startAt=start, maxResults=10)) for start in (0, 10, 20, 30)]
    seen = [one for page in pages for one in page]
    assert len(set(seen)) < 40, "who counts from the start misses some"


# -- issues: sections 6 to 8 ------------------------------------------------------------------------------------


def test_times_have_an_offset_without_a_colon_and_texts_the_editions_own_form(site: Any) -> None:
    found = [
        site.ask("GET", f"/issue/{item['source_id']}").json()
        for item in site.items(broken=False)
        if "/" not in item["source_id"]
    ]
    assert all(one["fields"]["updated"].endswith("+0300") for one in found)
    kinds = {type(one["fields"]["description"]) for one in found if one["fields"]["description"]}
    assert kinds == {dict if site.vendor == "jira" else str}


def test_a_moved_issue_keeps_its_id_and_a_deleted_one_is_404(site: Any) -> None:
    source = some_issue(site)
    before = site.issue(source)["key"]
    site.change("move", id=source)
    after = site.ask("GET", f"/issue/{source}").json()
    assert after["id"] == source
    assert after["key"] != before
    site.change("delete", id=source)
    assert site.ask("GET", f"/issue/{source}").status == 404


def test_a_project_that_may_not_be_seen_is_404_and_left_out_silently(site: Any) -> None:
    source = next(item["source_id"] for item in site.items(project="CLAIMS"))
    site.change("deny", project="CLAIMS", rights=["BROWSE_PROJECTS"])
    assert site.ask("GET", f"/issue/{source}").status == 404
    assert source not in whole(site, BOUND)


def test_the_busy_issue_comes_cut_and_whole_when_it_is_asked_for(tools: Any) -> None:
    with tools.serving("jira", items=60, odd=0.1) as site:
        busy = max(site.items(), key=lambda item: item.get("comments", 0))["source_id"]
        record: dict[str, Any] = {}
        while not record:
            body = {"jql": f"id = {busy}", "fields": ["comment"], "expand": "changelog"}
            record = next(iter(site.ask("POST", "/search/jql", json=body).json()["issues"]), {})
        embedded = record["fields"]["comment"]
        assert (len(embedded["comments"]), embedded["total"]) == (20, 27)
        assert (len(record["changelog"]["histories"]), record["changelog"]["total"]) == (40, 46)
        page = site.ask("GET", f"/issue/{busy}/changelog", params={"maxResults": 100}).json()
        assert (len(page["values"]), page["isLast"]) == (46, True)
        times = [row["created"] for row in page["values"]]
        assert times == sorted(times), "by itself it comes oldest first"


def test_data_center_has_no_changelog_of_its_own(server: Any) -> None:
    source = some_issue(server)
    assert server.ask("GET", f"/issue/{source}/changelog").status == 404
    assert "histories" in server.ask("GET", f"/issue/{source}", params={"expand": "changelog"}).json()["changelog"]


# -- writing: sections 7 and 8 ----------------------------------------------------------------------------------


def create(site: Any, **fields: Any) -> Response:
    given = {"project": {"key": "CLAIMS"}, "issuetype": {"id": "10001"}, "summary": "S", **fields}
    found: Response = site.ask("POST", "/issue", json={"fields": given})
    return found


@pytest.mark.parametrize(
    ("fields", "field", "told"),
    [
        ({"summary": ""}, "summary", "must specify a summary"),
        ({"summary": "x" * 256}, "summary", "less than 255"),
        ({"project": {"key": "STRICT"}}, "customfield_10050", "Team is required."),
        ({"project": {"key": "DEV"}, "priority": {"id": "1"}}, "priority", "cannot be set"),
        ({"customfield_1": 1}, "customfield_1", "cannot be set"),
        ({"labels": ["a b"]}, "labels", "contains spaces"),
        ({"priority": {"name": "Nope"}}, "priority", "does not exist"),
        ({"issuetype": {"name": "Nope"}}, "issuetype", "valid issue type"),
    ],
)
def test_wrong_fields_are_told_field_by_field(site: Any, fields: Any, field: str, told: str) -> None:
    answer = create(site, **fields)
    assert answer.status == 400
    assert told in answer.json()["errors"][field]
    assert site.made() == []


@pytest.mark.parametrize(
    "body",
    [
        "a string",
        {"type": "doc", "content": []},
        {"version": 1, "type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": ""}]}]},
        {"version": 1, "type": "doc", "content": [{"type": "text", "text": "x"}]},
    ],
)
def test_cloud_takes_documents_alone_and_no_empty_text(cloud: Any, body: Any) -> None:
    assert create(cloud, description=body).status == 400
    assert cloud.ask("POST", f"/issue/{some_issue(cloud)}/comment", json={"body": body}).status == 400


def test_a_link_with_the_same_global_id_is_updated(site: Any) -> None:
    path = f"/issue/{some_issue(site)}/remotelink"
    link = {"globalId": "g=1", "object": {"url": "https://a.example", "title": "t"}}
    assert [site.ask("POST", path, json=link).status for _ in range(2)] == [201, 200]
    assert site.ask("POST", path, json={"object": {"url": "https://a.example"}}).json()["errors"] == {
        "title": "'title' is required."
    }
    assert site.ask("GET", path, params={"globalId": "none"}).status == 404


def test_a_wrong_transition_is_400_and_none_is_listed_without_the_right(site: Any) -> None:
    source = next(item["source_id"] for item in site.items(project="CLAIMS", broken=False))
    path = f"/issue/{source}/transitions"
    assert site.ask("POST", path, json={"transition": {"id": "4"}}).status == 400, "an id of another workflow"
    site.change("deny", project="CLAIMS", rights=["TRANSITION_ISSUES"])
    answer = site.ask("GET", path)
    assert (answer.status, answer.json()["transitions"]) == (200, [])


def test_files_need_the_header_against_forged_requests(site: Any) -> None:
    path = f"/rest/api/2/issue/{some_issue(site)}/attachments"
    assert site.send(site.connector(), Request("POST", path)).status == 403
    assert site.send(site.connector(), Request("POST", path), **{"X-Atlassian-Token": "no-check"}).status == 200


# -- limits: section 11 -----------------------------------------------------------------------------------------


def test_bursts_and_quotas_are_refused_with_their_headers(site: Any) -> None:
    site.change("quota", reason="jira-quota-tenant-based", times=1)
    quota = site.ask("GET", "/status")
    assert (quota.status, quota.headers["ratelimit-reason"]) == (429, "jira-quota-tenant-based")
    assert "retry-after" not in quota.headers
    assert quota.headers["beta-retry-after"] == "1"
    assert site.ask("GET", "/status").status == 200


def test_a_hundred_requests_a_second_are_the_most(tools: Any) -> None:
    with tools.serving("jira", limits={"jira": "3/60s"}) as site:
        answers = [site.ask("GET", "/status") for _ in range(4)]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] == "1"
