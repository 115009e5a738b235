"""Webhooks are hints: who brings the password is believed that a topic has news, and nothing else."""

import base64

import pytest

from hub.sdk import AuthError, Webhook
from hub_youscan.connector import YouScan, YouScanConfig

SECRET = "s3cret: with a colon"


def connector(secret: str | None = SECRET) -> YouScan:
    settings = {"connector": "youscan", "api_key": "k", "webhook_secret": secret}
    return YouScan(YouScanConfig.model_validate(settings))


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"}


@pytest.mark.parametrize(
    ("headers", "path"),
    [(basic("hub", SECRET), ""), (basic("", SECRET), "x"), ({}, SECRET), ({}, f"any/{SECRET}/"), ({}, f"{SECRET}?k=1")],
)
def test_a_password_or_an_address_that_ends_in_it_is_believed(headers: dict[str, str], path: str) -> None:
    assert connector().receive(Webhook(headers, b'{"topicId": 101, "mentionId": 5}', path)) == ("101",)


@pytest.mark.parametrize(
    ("headers", "path"),
    [
        ({}, ""),
        (basic("hub", "wrong"), "wrong"),
        (basic(SECRET, ""), ""),
        ({"authorization": "Basic ???"}, ""),
        ({"authorization": "Basic"}, ""),
        ({"authorization": f"Bearer {SECRET}"}, ""),
        ({}, f"{SECRET}/more"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str], path: str) -> None:
    with pytest.raises(AuthError, match="compare `webhook_secret`") as refused:
        connector().receive(Webhook(headers, b'{"topicId": 101}', path))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_no_call_is_taken(secret: str | None) -> None:
    with pytest.raises(AuthError):
        connector(secret).receive(Webhook(basic("hub", ""), b"{}"))


@pytest.mark.parametrize("body", [b"", b"junk", b"[1]", b"{}", b'{"topicId": "101"}', b'{"topicId": true}', b"\xff"])
def test_a_body_that_names_no_topic_means_all_of_them(body: bytes) -> None:
    assert connector().receive(Webhook({}, body, SECRET)) == ()
