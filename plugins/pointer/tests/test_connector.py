"""Settings, credentials, limits, errors and reference data."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from hub.sdk import (
    AuthError,
    ConnectorConfig,
    HubError,
    Outgoing,
    Page,
    Read,
    Request,
    Response,
    SourceError,
    TransientError,
)
from hub_pointer import register_connector
from hub_pointer.connector import Pointer, PointerConfig

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
README = Path(__file__).parents[1] / "README.md"


def pointer(**settings: Any) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "s3cret-token", **settings}))


def answered(status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> HubError | None:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return pointer().classify(Response(status, headers or {}, content, Request("GET", "/reviews")))


def reference(name: str, **known: Any) -> Read:
    return Read("", "reference", NOW, name=name, reference=known)


def listing(request: Request, items: list[Any], total: int | None = None) -> Response:
    meta = {"total": len(items) if total is None else total, "limit": 100, "offset": request.params.get("offset", 0)}
    return Response(200, {}, orjson.dumps({"items": items, "meta": meta}), request)


def asked(request: Request | None) -> Request:
    assert request is not None
    return request


def test_the_plugin_registers_its_connector() -> None:
    assert register_connector() is Pointer
    assert Pointer.abilities() == {"pull", "act", "receive"}


def test_the_token_goes_into_the_header_and_nowhere_else() -> None:
    connector = pointer()
    outgoing = connector.auth().apply(Outgoing("GET", "https://api.pntr.io/v1/reviews", {}), "https://api.pntr.io/v1")
    assert outgoing.headers == {"Authorization": "Bearer s3cret-token"}
    assert "s3cret" not in f"{connector.config!r} {connector.auth()!r} {outgoing.url}"


@pytest.mark.parametrize(
    "wrong", [{"token": None}, {"networks": []}, {"list_style": "pipe"}, {"edits_window": "0d"}, {"tokn": "x"}]
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        pointer(**wrong)


def test_one_request_a_second_and_a_little_more() -> None:
    limits = pointer().limits(Request("GET", "/reviews"))
    assert [(limit.calls, limit.per_s, limit.concurrency) for limit in limits] == [(1, 1.1, 1)]


def test_the_sweeps_and_how_often_they_come() -> None:
    stream = pointer(edits_window="30d").streams({})[0]
    hour, month, short = timedelta(hours=1), timedelta(days=30), timedelta(days=3)
    assert stream.name == "reviews"
    assert [(sweep.name, sweep.every, sweep.window, sweep.inventory) for sweep in stream.sweeps] == [
        ("edits", timedelta(days=1), month, True),
        ("changed", hour, month, False),
        ("replies", hour, short, False),
        ("published", hour, short, False),
    ]


@pytest.mark.parametrize(
    ("settings", "networks", "scope"),
    [
        ({"networks": ["n1"]}, [{"uuid": "n1"}, {"uuid": "n2"}], {"network_uuid": ("n1",)}),
        ({}, [{"uuid": "n1"}, {"uuid": "n2"}, "junk"], {"network_uuid": ("n1", "n2")}),
        ({}, [], {}),
    ],
)
def test_the_inventory_speaks_only_of_the_networks_that_are_read(
    settings: dict[str, Any], networks: list[Any], scope: dict[str, Any]
) -> None:
    [stream] = pointer(**settings).streams({"networks": networks})
    assert [sweep.scope for sweep in stream.sweeps] == [scope, {}, {}, {}]


def test_a_network_that_the_token_does_not_see_is_left_out_and_told() -> None:
    known = {"networks": [{"uuid": "n1"}, {"uuid": "n2"}]}
    read = Read("reviews", "poll", NOW, reference=known)
    connector = pointer(networks=["n1", "gone"])
    request = asked(connector.request(read))
    assert request.params["network_uuids[]"] == ["n1"]
    page = connector.parse(listing(request, []), read)
    (told,) = page.warnings
    assert told.startswith(
        "network gone is not visible to the token: take it out of `networks`, or ask Pointer support"
    )
    assert pointer(networks=["n1"]).parse(listing(request, []), read).warnings == ()


@pytest.mark.parametrize("networks", [[], [{"uuid": "n2"}]])
def test_networks_are_asked_for_as_named_where_none_of_them_is_known_to_be_visible(networks: list[Any]) -> None:
    read = Read("reviews", "poll", NOW, reference={"networks": networks})
    assert asked(pointer(networks=["n1"]).request(read)).params["network_uuids[]"] == ["n1"]


def test_good_answers_are_no_errors_whatever_their_body() -> None:
    assert answered(200, {"message": "Error", "errors": {}}) is None
    assert answered(204, b"") is None


def test_a_token_that_is_refused_or_limited_says_what_to_ask_for() -> None:
    refused, limited = answered(401, {}), answered(403, {})
    assert isinstance(refused, AuthError)
    assert isinstance(limited, AuthError)
    assert "new one" in str(refused)
    assert "ask Pointer support which networks and methods the token has" in str(limited)


def forbidden(path: str, body: bytes) -> tuple[Response, HubError | None]:
    response = Response(403, {}, body, Request("GET", path))
    return response, pointer().classify(response)


DENIED = '{"message": "Метод недоступен для этого токена"}'.encode()


@pytest.mark.parametrize("path", ["/reviews", "/networks"])
def test_a_token_without_a_method_that_reviews_need_waits_for_a_person(path: str) -> None:
    _, error = forbidden(path, DENIED)
    assert isinstance(error, AuthError)
    assert f"403 from GET {path}; ask Pointer support" in str(error)


def test_a_token_that_may_not_list_providers_reads_reviews_all_the_same() -> None:
    response, error = forbidden("/providers", DENIED)
    assert error is None
    assert pointer().parse(response, reference("providers")) == Page()


def test_a_token_that_may_not_list_networks_reads_those_that_are_named() -> None:
    response = Response(403, {}, DENIED, Request("GET", "/networks"))
    named = pointer(networks=["n1"])
    assert named.classify(response) is None
    assert named.parse(response, reference("networks")) == Page()


@pytest.mark.parametrize("status", [403, 404])
def test_a_network_whose_outlets_cannot_be_seen_stops_neither_the_others_nor_the_reviews(status: int) -> None:
    connector = pointer(networks=["hidden", "seen"])
    first = asked(connector.request(reference("outlets")))
    refused = Response(status, {}, DENIED, first)
    assert connector.classify(refused) is None
    page = connector.parse(refused, reference("outlets"))
    assert (page.records, asked(page.next_request).params["network_uuid"]) == ((), "seen")


@pytest.mark.parametrize("path", ["/reviews", "/providers"])
def test_a_web_page_that_refuses_is_not_the_vendor_and_pauses_nothing(path: str) -> None:
    _, error = forbidden(path, b"\n<!DOCTYPE html><title>Attention Required!</title>")
    assert isinstance(error, TransientError)
    assert f"403 from GET {path}: a web page; something in front of the API refused" in str(error)


@pytest.mark.parametrize(("headers", "wait_s"), [({}, 1.1), ({"retry-after": "soon"}, 1.1), ({"retry-after": "7"}, 7)])
def test_too_many_requests_wait_as_asked_or_one_interval(headers: dict[str, str], wait_s: float) -> None:
    error = answered(429, {}, headers)
    assert isinstance(error, TransientError)
    assert error.retry_after == timedelta(seconds=wait_s)


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_source_that_is_away_is_waited_for(status: int) -> None:
    assert isinstance(answered(status, b"<html>"), TransientError)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Период не больше 31 дня", "errors": {}}, "404 from GET /reviews: Период не больше 31 дня"),
        ({"message": "Ошибка", "errors": {"limit": ["max 100"]}}, "Ошибка; limit: ['max 100']"),
        ({"message": ["x"]}, '{"message":["x"]}'),
        (b"<html>\n nothing here", "<html> nothing here"),
        (b"", "404 from GET /reviews"),
    ],
)
def test_a_refusal_says_what_the_vendor_said(body: Any, said: str) -> None:
    error = answered(404, body)
    assert isinstance(error, SourceError)
    assert said in str(error)
    assert not error.retry


def test_providers_may_come_without_meta() -> None:
    request = asked(pointer().request(reference("providers")))
    assert (request.path, dict(request.params)) == ("/providers", {})
    page = pointer().parse(Response(200, {}, b'{"items": [{"id": 1}]}', request), reference("providers"))
    assert page == Page(records=[{"id": 1}])


def test_networks_are_paged() -> None:
    request = asked(pointer().request(reference("networks")))
    page = pointer().parse(listing(request, [{"uuid": str(n)} for n in range(100)], total=150), reference("networks"))
    assert [(ahead.path, ahead.params["offset"]) for ahead in page.ahead] == [("/networks", 90)]
    assert page.next_request is None


def test_outlets_are_read_network_by_network_and_carry_it() -> None:
    read = reference("outlets", networks=[{"uuid": "n1"}, {"uuid": "n2"}, {"uuid": "n1"}, {}, "junk"])
    first = asked(pointer().request(read))
    assert (first.path, first.params["network_uuid"]) == ("/companies", "n1")
    page = pointer().parse(listing(first, [{"uuid": str(n)} for n in range(100)], total=120), read)
    assert page.records[0] == {"uuid": "0", "network_uuid": "n1"}
    assert page.next_request is None
    rest = pointer().parse(listing(page.ahead[0], [{"uuid": "119"}, "junk"], total=120), read)
    assert list(rest.records) == [{"uuid": "119", "network_uuid": "n1"}]
    second = asked(rest.next_request)
    assert (second.params["network_uuid"], second.params["offset"]) == ("n2", 0)
    last = pointer().parse(listing(second, []), read)
    assert (last.next_request, last.ahead) == (None, ())


def test_only_the_outlets_of_the_networks_in_the_settings_are_read() -> None:
    read = reference("outlets", networks=[{"uuid": "n1"}, {"uuid": "n2"}])
    request = asked(pointer(networks=["n2"]).request(read))
    page = pointer(networks=["n2"]).parse(listing(request, [{"uuid": "a"}]), read)
    assert request.params["network_uuid"] == "n2"
    assert page.next_request is None


def test_a_token_that_sees_no_network_has_no_outlets_to_read() -> None:
    assert pointer().request(reference("outlets", networks=[])) is None


def test_reference_data_that_moves_is_read_anew() -> None:
    read = reference("networks")
    request = asked(pointer().request(read))
    page = pointer().parse(listing(request, [{"uuid": str(n)} for n in range(100)], total=150), read)
    moved = pointer().parse(listing(page.ahead[0], [], total=140), read)
    assert asked(moved.restart).params["offset"] == 0


def test_the_readme_names_every_setting_of_its_own_with_its_default() -> None:
    own = PointerConfig.model_fields.keys() - ConnectorConfig.model_fields.keys()
    text = README.read_text("utf-8")
    assert own == {"token", "networks", "list_style", "edits_window", "comments", "comments_window", "webhook_secret"}
    assert [name for name in own if f"| `{name}` |" not in text] == []
