"""Webhooks are hints: signed ones are believed, and their bodies never are."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from hub.sdk import AuthError, Webhook
from hub.testing import Receiver
from hub_jira.hooks import signature

SECRET = "It's a Secret to Everybody"


def test_the_published_vector_is_met() -> None:
    wanted = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
    assert signature(b"Hello World!", SECRET) == wanted


@pytest.mark.parametrize("name", ["X-Hub-Signature", "x-hub-signature"])
def test_a_signed_call_says_that_issues_have_news(cloud: Any, name: str) -> None:
    connector = cloud.connector(webhook_secret=SecretStr(SECRET))
    assert connector.receive(Webhook({name: signature(b"{}", SECRET)}, b"{}")) == ("issues",)
    for headers, body in (
        ({}, b"{}"),
        ({name: signature(b"{}", "x")}, b"{}"),
        ({name: signature(b"{}", SECRET)}, b"{ }"),
    ):
        with pytest.raises(AuthError):
            connector.receive(Webhook(headers, body))


def test_where_nothing_is_signed_the_address_ends_in_the_secret(server: Any) -> None:
    connector = server.connector(webhook_secret=SecretStr("long-random-word"))
    called = Webhook({}, b"", "/hooks/jira/long-random-word?user_id=x&user_key=y")
    assert connector.receive(called) == ("issues",)
    with pytest.raises(AuthError):
        connector.receive(Webhook({}, b"", "/hooks/jira/"))


def test_without_a_secret_no_call_is_taken_and_the_setting_is_named(site: Any) -> None:
    for headers in ({}, {"x-hub-signature": signature(b"{}", "")}):
        with pytest.raises(AuthError, match="set `webhook_secret`"):
            site.connector().receive(Webhook(headers, b"{}"))


def test_the_sandbox_calls_as_jira_does_and_the_connector_believes_it(site: Any) -> None:
    connector = site.connector(webhook_secret=SecretStr(SECRET if site.vendor == "jira" else "long-random-word"))
    with Receiver() as receiver:
        hook = {"name": "hub", "url": f"{receiver.url}/${{issue.key}}/long-random-word", "secret": SECRET,
                "events": ["jira:issue_updated", "jira:issue_deleted", "comment_created"]}  # fmt: skip
        assert site.ask("POST", "/rest/webhooks/1.0/webhook", json={**hook, "events": ["nope"]}).status == 400
        assert site.ask("POST", "/rest/webhooks/1.0/webhook", json=hook).status == 201
        source = next(item["source_id"] for item in site.items(broken=False) if "/" not in item["source_id"])
        for number in range(8):
            site.change("comment", id=source, text=f"новость {number}")
        site.change("delete", id=source)
        calls = receiver.wait(14)  # a few come twice, swapped, or never
    bodies = [json.loads(body) for _, _, body in calls]
    assert {body["webhookEvent"] for body in bodies} >= {"jira:issue_updated", "comment_created"}
    assert all(isinstance(body["issue"]["fields"]["description"], str | None) for body in bodies)
    assert not any("secret" in body for body in bodies)
    for path, headers, body in calls:
        assert headers["x-atlassian-webhook-identifier"].startswith("hook-")
        assert connector.receive(Webhook(headers, body, path)) == ("issues",)
    assert ("x-hub-signature" in calls[0][1]) == (site.vendor == "jira")
