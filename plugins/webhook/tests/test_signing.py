"""Signatures, against the specification's scheme computed here from its own words."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from hub.sdk import Outgoing, Request
from hub_webhook.connector import Webhooks
from hub_webhook.signing import Signed, key_of

from .conftest import MARKER, Desk, delivery

# Secret, id, timestamp and payload in the shape of the specification's own example.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
NAME, AT = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330


def expected(key: bytes, name: str, at: int, body: bytes) -> str:
    made = hmac.new(key, f"{name}.{at}.{body.decode()}".encode(), hashlib.sha256)
    return "v1," + base64.b64encode(made.digest()).decode()


def sign(*secrets: str, body: bytes = BODY) -> dict[str, str]:
    signed = Signed(tuple(map(SecretStr, secrets)), clock=lambda: AT + 0.9)
    return signed.apply(Outgoing("POST", "https://desk.example", {"webhook-id": NAME}, body), "").headers


def test_the_published_example_has_its_published_signature() -> None:
    made = sign(SECRET)
    assert made["webhook-timestamp"] == str(AT)
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert made["webhook-signature"] == expected(base64.b64decode(SECRET[6:]), NAME, AT, BODY)


def test_a_secret_without_the_prefix_is_the_key_itself() -> None:
    assert sign("a plain secret, Ж")["webhook-signature"] == expected("a plain secret, Ж".encode(), NAME, AT, BODY)


def test_while_a_secret_is_changed_both_signatures_are_there_the_new_one_first() -> None:
    both = sign("new secret", SECRET)["webhook-signature"].split(" ")
    assert both == [sign("new secret")["webhook-signature"], sign(SECRET)["webhook-signature"]]


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_not base64!", "whsec_абв"])
def test_a_secret_that_cannot_sign_is_refused_and_not_shown(secret: str) -> None:
    with pytest.raises(ValueError, match=r"base64|empty") as refused:
        key_of(SecretStr(secret))
    assert "not base64!" not in str(refused.value)


def settings(**given: Any) -> Webhooks:
    known = {"connector": "webhook", "base_url": "https://desk.example/hook", "secret": SECRET}
    return Webhooks(Webhooks.Config.model_validate({**known, **given}))


def test_settings_that_cannot_work_say_what_to_do() -> None:
    with pytest.raises(ValidationError, match="changes_url is on another host"):
        settings(changes_url="https://elsewhere.example/changes")
    with pytest.raises(ValidationError, match="old_secret: what follows whsec_ is no base64; copy the secret"):
        settings(old_secret="whsec_no base64")
    with pytest.raises(ValidationError, match="base_url\n  Field required"):
        Webhooks.Config.model_validate({"connector": "webhook", "secret": SECRET})
    assert settings(changes_url="https://desk.example:443/changes").config.changes_url


def test_without_a_list_of_changes_nothing_is_read() -> None:
    alone, both = settings(), settings(changes_url="https://desk.example/changes")
    assert alone.abilities(alone.config) == {"deliver"}
    assert both.abilities(both.config) == {"deliver", "pull"}
    assert not alone.streams({})


def test_two_receivers_on_one_host_are_two_and_their_paths_are_not_told() -> None:
    first, second = (settings(base_url=f"https://hooks.example/{path}") for path in ("s3cr3t/1", "s3cr3t/2"))
    assert first.namespace() != second.namespace()
    assert "s3cr3t" not in first.namespace()


def test_what_is_signed_is_what_is_sent(desk: Desk) -> None:
    odd = delivery(summary="жалоба 😡 \u2028 </script> \u0000")
    desk.deliver(odd)
    [write] = desk.box.ledger("webhook")["client"]["writes"]  # the sandbox checks signatures before it takes anything
    assert write["id"] == MARKER
    assert write["data"]["summary"] == odd.summary
    assert json.loads(json.dumps(write["data"]["ticket"]))["messages"][0]["body"] == "Украли деньги"


def test_every_try_has_its_own_time() -> None:
    moments = iter((AT, AT + 600))
    signed = Signed((SecretStr(SECRET),), clock=lambda: next(moments))
    bare = Outgoing("POST", "https://desk.example", {"webhook-id": NAME}, BODY)
    first, second = (signed.apply(bare, "").headers for _ in range(2))
    assert (int(first["webhook-timestamp"]), int(second["webhook-timestamp"])) == (AT, AT + 600)
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize(
    ("base_url", "sent_to"),
    [
        ("https://desk.example/hook", ""),
        ("https://desk.example/hook/", "/"),
        ("https://desk.example/hook?key=1", ""),
    ],
)
def test_the_address_is_taken_as_it_is(base_url: str, sent_to: str) -> None:
    step = next(settings(base_url=base_url).deliver(delivery()))
    assert isinstance(step, Request)
    assert step.path == sent_to
