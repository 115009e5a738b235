"""Every request that the client sends, and every answer that the sandbox gives, is valid under Atlassian's own document
of the API. It says what the *shape* must be, not how the product behaves."""

import json
import re
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from hub.sdk import DeliveryError, Request, Response

DOCUMENT = Path(__file__).parents[4] / "shared" / "oracles" / "jira-cloud-platform-v3.trimmed.json"
NOT_IN_IT = {"/rest/api/3/mypermissions", "/rest/api/3/issueLink"}
"""What the document was cut to leaves these out."""

GONE = "/rest/api/3/search"


class Oracle:
    """The vendor's document."""

    @cached_property
    def document(self) -> dict[str, Any]:
        if not DOCUMENT.exists():
            pytest.skip(f"no document at {DOCUMENT}: this trial needs the vendor's OpenAPI file")
        found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
        return found

    @cached_property
    def templates(self) -> list[tuple[re.Pattern[str], str]]:
        """Paths as patterns, those without a parameter first."""
        paths = sorted(self.document["paths"], key=lambda path: path.count("{"))
        return [(re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))), path) for path in paths]

    def operation(self, request: Request) -> tuple[str, dict[str, Any]]:
        """Return the template and the operation of *request*. Version 2 of what both versions have is the same."""
        path = request.path.replace("/rest/api/2/", "/rest/api/3/")
        template = next(template for pattern, template in self.templates if pattern.fullmatch(path))
        assert request.method.lower() in self.document["paths"][template], f"no {request.method} {template}"
        return template, self.document["paths"][template][request.method.lower()]

    def findings(self, schema: dict[str, Any], value: Any) -> list[str]:
        whole = {**schema, "components": self.components}
        errors = Draft202012Validator(whole).iter_errors(value)
        return [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors]

    @cached_property
    def components(self) -> Any:
        return _nullable(self.document["components"])

    def of_request(self, request: Request) -> list[str]:
        """Return what is wrong with *request*: unknown parameters, a body that breaks its schema."""
        _, operation = self.operation(request)
        known = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        found = [
            f"unknown parameter {name}"
            for name, value in request.params.items()
            if name not in known and value is not None
        ]
        body = operation.get("requestBody")
        if request.json is not None:
            assert body is not None, f"{request.path} takes no body"
            schema = body["content"]["application/json"]["schema"]
            found += self.findings(_nullable(schema), json.loads(json.dumps(request.json)))
        elif body is not None and body.get("required"):
            found.append("a body is required")
        return found

    def of_answer(self, request: Request, response: Response) -> list[str]:
        """Return what is wrong with *response*: a status that is not told, a body that breaks its schema."""
        _, operation = self.operation(request)
        told = operation["responses"].get(str(response.status))
        if told is None:
            return [f"status {response.status} is not in the document"]
        schema = told.get("content", {}).get("application/json", {}).get("schema")
        if not response.content or schema is None:
            return []
        return self.findings(_nullable(schema), response.json())


def _nullable(schema: Any) -> Any:
    """OpenAPI 3.0 says `nullable` beside a type; JSON Schema has a type of its own for it."""
    if isinstance(schema, list):
        return [_nullable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _nullable(value) for name, value in schema.items()}
    if made.pop("nullable", False) is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


@pytest.fixture(scope="module")
def oracle() -> Oracle:
    found = Oracle()
    assert found.document
    return found


def check(oracle: Oracle, log: Iterable[tuple[Request, Response]]) -> set[str]:
    """Hold every pair against the document; return the operations that were seen."""
    seen = set()
    for request, response in log:
        path = request.path.replace("/rest/api/2/", "/rest/api/3/")
        if path in NOT_IN_IT:
            continue
        template, _ = oracle.operation(request)
        wrong = oracle.of_request(request) + oracle.of_answer(request, response)
        assert not wrong, f"{request.method} {request.path} {request.json} -> {response.status}: {wrong[:4]}"
        seen.add(f"{request.method} {template.removeprefix('/rest/api/3')}")
    return seen


def test_reading(oracle: Oracle, tools: Any) -> None:
    with tools.serving("jira", items=60) as site:
        connector = site.connector(page_size=20)
        site.read(connector)
        for sweep in connector.streams({})[0].sweeps:
            site.read(connector, mode="sweep", name=sweep.name, since=tools.start)
        source = next(item["source_id"] for item in site.items() if "/" not in item["source_id"])
        site.read(site.connector(jql="project = DEV"), cases=[source, "999999"])
        seen = check(oracle, site.log)
    assert seen == {
        "GET /myself", "GET /serverInfo", "GET /status", "GET /priority", "POST /search/jql",
        "POST /issue/bulkfetch", "GET /issue/{issueIdOrKey}/comment", "GET /issue/{issueIdOrKey}/changelog",
    }  # fmt: skip


def test_writing(oracle: Oracle, cloud: Any, tools: Any) -> None:
    connector = cloud.connector(link="https://desk.example/{id}")
    first = cloud.drive(connector, cloud.delivery(connector))[0].external_id
    cloud.change("copy", id=first)
    cloud.box.advance(60)
    case = {"link": tools.link(first), "messages": tools.ticket().messages}
    cloud.drive(connector, cloud.delivery(connector, unsure_since=tools.start))
    cloud.drive(connector, cloud.delivery(connector, effect="comment", unsure_since=tools.start, **case))
    changes = {"state": "solved", "priority": "high", "tags": ["a b"]}
    cloud.drive(connector, cloud.delivery(connector, effect="change", changes=changes, **case))
    with pytest.raises(DeliveryError):
        cloud.drive(connector := cloud.connector(fields={"assignee": {"accountId": "x"}}), cloud.delivery(connector))
    list(cloud.answers(connector, connector.check()))
    seen = check(oracle, cloud.log)
    assert {
        "POST /issue", "GET /issue/createmeta/{projectIdOrKey}/issuetypes", "PUT /issue/{issueIdOrKey}",
        "GET /issue/createmeta/{projectIdOrKey}/issuetypes/{issueTypeId}", "POST /issue/{issueIdOrKey}/comment",
        "POST /issue/{issueIdOrKey}/remotelink", "GET /issue/{issueIdOrKey}/transitions", "POST /search/jql",
        "POST /issue/{issueIdOrKey}/transitions", "GET /issue/{issueIdOrKey}", "GET /issue/{issueIdOrKey}/comment",
    } <= seen  # fmt: skip


def test_what_the_client_does_not_ask_for_is_answered_in_shape_too(oracle: Oracle, cloud: Any) -> None:
    source = next(item["source_id"] for item in cloud.items() if "/" not in item["source_id"])
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/search/jql", {"params": {"jql": "project = CLAIMS", "maxResults": 2}}),
        ("GET", "/search/jql", {"params": {"jql": "project = CLAIMS", "fields": "*all", "expand": "changelog"}}),
        ("POST", "/search/jql", {"json": {"jql": "order by key"}}),
        ("POST", "/search/approximate-count", {"json": {"jql": "project = CLAIMS"}}),
        ("POST", "/issue/bulkfetch", {"json": {"issueIdsOrKeys": [source], "fields": ["summary"]}}),
        ("GET", "/issue/999999", {}),
        ("GET", f"/issue/{source}/properties", {}),
        ("PUT", f"/issue/{source}/properties/a.b", {"json": {"x": 1}}),
        ("GET", f"/issue/{source}/properties/a.b", {}),
        ("GET", f"/issue/{source}/properties/none", {}),
        (
            "POST",
            f"/issue/{source}/remotelink",
            {"json": {"globalId": "g", "object": {"url": "https://a.example", "title": "t"}}},
        ),
        ("GET", f"/issue/{source}/remotelink", {"params": {"globalId": "g"}}),
        ("POST", f"/issue/{source}/transitions", {"json": {"transition": {"id": "999"}}}),
        ("POST", f"/issue/{source}/comment", {"json": {"body": "no document"}}),
        ("POST", "/issue", {"json": {"fields": {"project": {"key": "CLAIMS"}, "issuetype": {"id": "10001"}}}}),
        ("DELETE", f"/issue/{source}", {}),
    ]
    for method, path, more in asked:
        cloud.ask(method, path, **more)
    assert len(check(oracle, cloud.log)) > 10


def test_the_old_search_is_gone_on_cloud(oracle: Oracle, cloud: Any) -> None:
    answer = cloud.ask("GET", "/search", params={"jql": "project = CLAIMS"})
    assert answer.status == 410
    assert "/rest/api/3/search/jql" in answer.text
    assert GONE in oracle.document["paths"], "the document still has it, live sites do not"


def test_the_check_notices_what_breaks_the_document(oracle: Oracle) -> None:
    old = Request("POST", "/rest/api/3/search/jql", json={"jql": "project = A", "startAt": 0})
    assert oracle.of_request(old) == [": Additional properties are not allowed ('startAt' was unexpected)"]
    assert oracle.of_request(Request("GET", "/rest/api/3/myself", params={"x": 1})) == ["unknown parameter x"]
    wrong = Response(200, {}, b'{"issues": [{"id": 7}], "total": 1}', old)
    assert len(oracle.of_answer(old, wrong)) == 2
    assert oracle.of_answer(old, Response(418, {}, b"", old)) == ["status 418 is not in the document"]
