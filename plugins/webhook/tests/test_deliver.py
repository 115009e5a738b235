"""Events to the sandbox over real HTTP: taken once, told again, refused, signed with two secrets."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.sdk import AuthError, ConfigError, Created, DeliveryError, HubError, Request, TransientError
from hub_webhook.sandbox.verify import OTHER_KEY, TOKEN

from .conftest import MARKER, Desk, again, case_link, delivery, message, ticket

URL = "https://desk.example/cases/1001"
README = Path(__file__).parents[1] / "README.md"


def test_a_ticket_becomes_a_case_with_the_group_of_the_map(desk: Desk) -> None:
    assert desk.deliver(delivery()) == [Created("1001", URL)]
    [case] = desk.cases()
    assert (case["ticket"], case["text"], case["fields"]["group"]) == (str(ticket().id), "Украли деньги", "Second line")
    [write] = desk.box.ledger("webhook")["client"]["writes"]
    assert (write["action"], write["timestamp"]) == ("ticket.created", "2026-11-20T12:00:00Z")
    data = write["data"]
    assert (data["source_url"], data["summary"]) == ("https://vk.com/wall-1_2", "complaint, urgent, claims")
    assert data["ticket"]["priority"] == "urgent"


def test_another_try_has_the_same_id_and_makes_no_second_case(desk: Desk) -> None:
    first = desk.deliver(delivery())
    assert desk.deliver(again(delivery())) == first
    [case] = desk.cases()
    assert (case["events"], case["repeated"]) == ([MARKER], 1)


def test_a_lost_answer_is_told_and_the_next_try_finds_the_case(desk: Desk) -> None:
    desk.box.next_faults(["lost"], "webhook")
    with pytest.raises(TransientError) as lost:
        desk.deliver(delivery())
    assert not lost.value.undone
    assert desk.deliver(again(delivery())) == [Created("1001", URL)]
    assert len(desk.cases()) == 1


def test_a_ticket_that_changed_between_two_tries_still_has_one_case(desk: Desk) -> None:
    desk.deliver(delivery())
    changed = again(delivery(ticket=ticket(priority="normal")))
    assert desk.deliver(changed) == [Created("1001", URL)]
    assert len(desk.cases()) == 1
    with pytest.raises(DeliveryError, match="409 from the receiver: this id came before, with another body"):
        desk.deliver(delivery(ticket=ticket(priority="low")))  # a first try cannot have been there before


def test_the_engine_notes_a_first_try_before_it_goes_out_and_repeats_later_ones(desk: Desk) -> None:
    first, second = (next(desk.connector().deliver(one)) for one in (delivery(), again(delivery())))
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert (first.repeatable, second.repeatable) == (False, True)
    assert first.json == second.json


def test_a_case_that_is_made_is_not_made_again(desk: Desk) -> None:
    assert desk.deliver(delivery(link=case_link("1001"))) == []
    assert desk.sent == []


def test_what_the_customer_says_later_and_what_changes_reach_the_case(desk: Desk) -> None:
    desk.deliver(delivery())
    link, more = case_link("1001"), message("Ну что там?", 2)
    said = delivery(effect="comment", link=link, messages=(more,), marker=f"hub-{'2' * 24}")
    assert desk.deliver(said) == [Created("1001/1")]
    changes = {"priority": "normal", "state": "solved"}
    assert desk.deliver(delivery(effect="change", link=link, changes=changes, marker=f"hub-{'3' * 24}")) == []
    [case] = desk.cases()
    assert [one["body"] for one in case["messages"]] == ["Ну что там?"]
    assert (case["fields"]["priority"], case["fields"]["state"]) == ("normal", "solved")
    told = desk.box.ledger("webhook")["client"]["writes"]
    assert [one["action"] for one in told] == ["ticket.created", "ticket.message_added", "ticket.changed"]
    assert told[1]["data"]["case"] == {"id": "1001", "url": None}
    assert [one["body"] for one in told[1]["data"]["messages"]] == ["Ну что там?"]
    assert told[2]["data"]["changes"] == changes


def test_a_message_that_the_customer_changed_is_told_as_one(desk: Desk) -> None:
    desk.deliver(delivery())
    said = (message("Верните всё!", 1),)
    again = delivery(effect="comment", link=case_link("1001"), messages=said, edited=True, marker=f"hub-{'2' * 24}")
    assert desk.deliver(again) == [Created("1001/1")]
    told = desk.box.ledger("webhook")["client"]["writes"][-1]
    assert (told["action"], [one["body"] for one in told["data"]["messages"]]) == (
        "ticket.message_changed",
        ["Верните всё!"],
    )


def test_a_receiver_that_says_nothing_has_the_case_under_the_ticket_s_own_id(desk: Desk) -> None:
    desk.change("settings", bare=True)
    assert desk.deliver(delivery()) == [Created(str(ticket().id), None)]


# --- secrets ------------------------------------------------------------------------------------------------------


def test_another_secret_is_refused_in_the_receiver_s_words_and_never_shown(desk: Desk) -> None:
    with pytest.raises(AuthError, match="401 from the receiver: the signature does not match; compare") as refused:
        desk.deliver(delivery(), secret=OTHER_KEY)
    assert OTHER_KEY not in str(refused.value)
    assert desk.cases() == []


def test_a_secret_is_changed_for_another_without_an_event_refused(desk: Desk) -> None:
    key = desk.box.keys["webhook"]
    desk.deliver(delivery(), secret=OTHER_KEY, old_secret=key)
    desk.change("settings", rotated=True)
    desk.deliver(delivery(marker=f"hub-{'2' * 24}"), secret=OTHER_KEY, old_secret=key)
    desk.deliver(delivery(marker=f"hub-{'3' * 24}"), secret=OTHER_KEY)
    assert len(desk.cases()) == 3


@pytest.mark.parametrize("ahead", [301 + 5, -301 - 5])
def test_clocks_more_than_five_minutes_apart_are_told(desk: Desk, ahead: int) -> None:
    desk.change("settings", ahead=ahead)
    with pytest.raises(AuthError, match=r"more than 300 s off; compare .* the clocks"):
        desk.deliver(delivery())


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "kind", "told"),
    [
        ({"status": 410}, ConfigError, "it wants no more events"),
        (
            {"status": 308, "to": "https://new.example/hook?k=1"},
            ConfigError,
            "to https://new.example/hook: not followed",
        ),
        ({"status": 301, "to": "/webhook/other"}, ConfigError, "set `base_url`"),
        ({"status": 303, "to": "/webhook/changes"}, TransientError, "not followed"),
        ({"status": 302, "to": "/webhook/"}, TransientError, "not followed"),
        ({"status": 500, "text": "out of order"}, TransientError, "500 from the receiver: out of order"),
        ({"status": 408}, TransientError, "408"),
        ({"status": 422, "text": "the field group is unknown"}, DeliveryError, "the field group is unknown"),
        ({"status": 404, "text": "no such case"}, DeliveryError, "no such case"),
        ({"status": 413, "text": ""}, DeliveryError, "413 from the receiver"),
    ],
)
def test_every_refusal_is_told_apart(desk: Desk, refusal: dict[str, Any], kind: type[HubError], told: str) -> None:
    desk.change("refuse", **refusal)
    with pytest.raises(kind, match=re.escape(told)):
        desk.deliver(delivery())
    assert desk.cases() == []
    assert len(desk.box.ledger("webhook")["client"]["log"]) == 1, "no redirect is followed"


def test_the_receiver_says_how_long_to_wait(desk: Desk) -> None:
    desk.change("refuse", status=429, retry_after=7)
    with pytest.raises(TransientError) as busy:
        desk.deliver(delivery())
    assert busy.value.retry_after is not None
    assert busy.value.retry_after.total_seconds() == 7


def test_a_web_page_is_no_answer(desk: Desk) -> None:
    desk.box.next_faults(["html"], "webhook")
    with pytest.raises(TransientError, match="a web page"):
        desk.deliver(delivery())


def test_the_check_asks_whether_somebody_is_there_and_sends_no_event(desk: Desk) -> None:
    connector = desk.connector()
    steps = connector.check()
    response = desk.ask(next(steps))
    assert response.status == 405
    assert connector.classify(response) is None
    with pytest.raises(StopIteration) as end:
        steps.send(response)
    assert end.value.value == ()
    assert desk.cases() == []


def test_a_token_goes_along_for_a_gateway(desk: Desk) -> None:
    wrong = {"secret": OTHER_KEY}
    assert desk.changes(token=TOKEN, **wrong)[0] == []
    with pytest.raises(AuthError):
        desk.changes(**wrong)


# --- the receiver of the README -----------------------------------------------------------------------------------


@contextmanager
def receiver(secret: str) -> Iterator[str]:
    """Run the README's example in a process of its own."""
    text = README.read_text(encoding="utf-8")
    code = text.partition("```python\n")[2].partition("```")[0]
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {**os.environ, "DESK_SECRET": secret, "PORT": str(port)}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}/hooks"
        finally:
            process.terminate()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise AssertionError("the receiver does not listen")


def test_the_receiver_of_the_readme_takes_events_once_and_refuses_forged_ones(desk: Desk) -> None:
    with receiver(desk.box.keys["webhook"]) as url:
        to = {"base_url": url, "changes_url": None}
        assert desk.deliver(delivery(), **to) == [Created("1")]
        assert desk.deliver(again(delivery()), **to) == [Created("1")]
        assert desk.deliver(delivery(marker=f"hub-{'2' * 24}"), **to) == [Created("2")]
        with pytest.raises(AuthError, match="the signature does not match"):
            desk.deliver(delivery(marker=f"hub-{'3' * 24}"), secret=OTHER_KEY, **to)


def test_the_example_of_the_readme_is_short() -> None:
    code = README.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    assert len([line for line in code.splitlines() if line.strip()]) <= 26
