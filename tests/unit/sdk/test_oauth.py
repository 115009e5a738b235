"""OAuth 2 as a value: what is asked for a refresh token, what is read from the answer, and that no token is shown."""

import base64
import json
from typing import Any

import pytest
from pydantic import SecretStr

from hub.sdk import AuthError, Bearer, BodyField, Grant, OAuth2, Outgoing, Request, Response, SourceError

TOKEN, APP, FIRST = "https://auth.example/token", SecretStr("app-secret"), SecretStr("refresh-1")


def oauth(**changes: Any) -> OAuth2:
    return OAuth2(TOKEN, "app", APP, FIRST, **changes)


def answer(status: int, body: Any) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, content, Request("POST", TOKEN))


def test_a_refresh_token_is_spent_as_rfc_6749_has_it() -> None:
    request = oauth(extra={"redirect_uri": "https://us.example"}).refresh(SecretStr("refresh-9"))
    assert (request.method, request.path, request.json) == ("POST", TOKEN, None)
    assert request.form == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh-9",
        "client_id": "app",
        "client_secret": "app-secret",
        "redirect_uri": "https://us.example",
    }


def test_the_apps_secret_may_stand_in_a_header_and_the_body_be_json() -> None:
    request = oauth(body="json", client="basic").refresh(FIRST)
    assert request.json == {"grant_type": "refresh_token", "refresh_token": "refresh-1"}
    assert base64.b64decode(request.headers["authorization"].removeprefix("Basic ")) == b"app:app-secret"


def test_the_tokens_and_how_long_they_last_are_read_from_the_answer() -> None:
    grant = oauth().read(answer(200, {"access_token": "a", "refresh_token": "r", "expires_in": 3600}))
    assert grant == Grant(SecretStr("a"), SecretStr("r"), 3600.0)


def test_a_vendor_that_does_not_rotate_leaves_the_refresh_token_as_it_is() -> None:
    assert oauth().read(answer(200, {"access_token": "a"})) == Grant(SecretStr("a"))


def test_a_refused_refresh_token_waits_for_a_person_and_says_the_vendors_word() -> None:
    with pytest.raises(AuthError, match=r"400 from https://auth.example/token.*\(invalid_grant\)"):
        oauth().read(answer(400, {"error": "invalid_grant"}))


@pytest.mark.parametrize("body", [b"<html>", {"error": "your token refresh-1 is old"}, [], {"error": {"code": 1}}])
def test_a_refusal_never_repeats_what_may_hold_the_token(body: Any) -> None:
    with pytest.raises(AuthError) as raised:
        oauth().read(answer(401, body))
    assert "refresh-1" not in str(raised.value)


@pytest.mark.parametrize("body", [{}, [], {"access_token": None}])
def test_an_answer_without_an_access_token_is_tried_again(body: Any) -> None:
    with pytest.raises(SourceError) as raised:
        oauth().read(answer(200, body))
    assert raised.value.retry


def test_an_access_token_goes_where_the_vendor_wants_it() -> None:
    bare = Outgoing("POST", "https://portal.example/rest/x", {}, json={"id": 1})
    assert oauth().place(SecretStr("a")) == Bearer(SecretStr("a"))
    placed = oauth(place=lambda token: BodyField("auth", token)).place(SecretStr("a"))
    assert placed.apply(bare, "https://portal.example").json == {"id": 1, "auth": "a"}
    assert oauth().apply(bare, "https://portal.example") == bare


def test_no_token_is_shown() -> None:
    shown = f"{oauth()!r} {Grant(SecretStr('access-1'), FIRST)!r}"
    assert not [word for word in ("app-secret", "refresh-1", "access-1") if word in shown]
    assert oauth().secrets() == ("app-secret", "refresh-1")
