"""Credentials: put where the vendor wants them, told to whoever takes secrets out of texts, never shown."""

import base64
import hashlib
import hmac
from typing import Any

import pytest
from pydantic import SecretStr

from hub.sdk import ApiKey, Auth, Basic, Bearer, BodyField, NoAuth, Outgoing, SecretPath, Signature

BASE = "https://api.example/v1"
WORD = "s3cr3t-word"
SECRET = SecretStr(WORD)
OUTGOING = Outgoing("POST", f"{BASE}/items?a=1", {"accept": "x"}, json={"id": 1})


def signed_text(outgoing: Outgoing) -> bytes:
    return f"{outgoing.method} {outgoing.url}".encode()


ALL: list[Auth] = [
    ApiKey("X-Key", SECRET),
    Bearer(SECRET),
    Basic("user", SECRET),
    BodyField("token", SECRET),
    SecretPath(SECRET),
    Signature("X-Sign", SECRET, signed_text, prefix="sha256="),
]
IDS = [type(auth).__name__ for auth in ALL]


@pytest.mark.parametrize("auth", ALL, ids=IDS)
def test_no_credential_is_shown(auth: Auth) -> None:
    assert WORD not in f"{auth!r} {auth}"


@pytest.mark.parametrize("auth", ALL, ids=IDS)
def test_every_form_of_the_secret_that_goes_out_is_told(auth: Auth) -> None:
    sent = auth.apply(OUTGOING, BASE)
    out = f"{sent.url} {sent.headers} {sent.json}"
    assert WORD in auth.secrets()
    for secret in auth.secrets():
        out = out.replace(secret, "***")
    assert WORD not in out
    assert base64.b64encode(f"user:{WORD}".encode()).decode() not in out


@pytest.mark.parametrize("auth", [*ALL, NoAuth()], ids=[*IDS, "NoAuth"])
def test_applying_changes_nothing_that_was_given(auth: Auth) -> None:
    auth.apply(OUTGOING, BASE)
    assert (OUTGOING.url, OUTGOING.headers, OUTGOING.json) == (f"{BASE}/items?a=1", {"accept": "x"}, {"id": 1})


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        (ALL[0], "X-Key", WORD),
        (ALL[1], "Authorization", f"Bearer {WORD}"),
        (Bearer(SECRET, scheme="Token token="), "Authorization", f"Token token={WORD}"),
        (ALL[2], "Authorization", "Basic " + base64.b64encode(f"user:{WORD}".encode()).decode()),
    ],
)
def test_a_credential_in_a_header_stands_beside_the_others(auth: Auth, header: str, value: str) -> None:
    sent = auth.apply(OUTGOING, BASE)
    assert sent.headers == {"accept": "x", header: value}
    assert (sent.url, sent.json) == (OUTGOING.url, OUTGOING.json)


@pytest.mark.parametrize(("body", "sent"), [({"id": 1}, {"id": 1, "token": WORD}), (None, {"token": WORD})])
def test_a_token_in_the_body_stands_beside_the_other_fields(body: Any, sent: dict[str, Any]) -> None:
    assert ALL[3].apply(Outgoing("POST", BASE, {}, json=body), BASE).json == sent


@pytest.mark.parametrize("path", ["rest/1/abc123xyz", "/rest/1/abc123xyz/"])
def test_a_secret_path_stands_between_the_base_and_the_method(path: str) -> None:
    auth = SecretPath(SecretStr(path))
    assert auth.apply(OUTGOING, BASE).url == f"{BASE}/rest/1/abc123xyz/items?a=1"
    assert auth.secrets() == ("rest/1/abc123xyz", "abc123xyz")


def test_a_signature_covers_the_request() -> None:
    digest = hmac.new(WORD.encode(), b"POST https://api.example/v1/items?a=1", hashlib.sha256).hexdigest()
    assert ALL[5].apply(OUTGOING, BASE).headers["X-Sign"] == f"sha256={digest}"


def test_no_credentials_add_nothing() -> None:
    assert NoAuth().apply(OUTGOING, BASE) is OUTGOING
    assert NoAuth().secrets() == ()
