"""What ``hub check`` says of an instance's answers."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from hub.runtime.check import check, seen_of
from hub.runtime.config import load_settings
from hub.runtime.plugins import discover
from hub.runtime.short_secrets import short_secrets
from hub.sdk import Request, Response
from hub.store import open_store


def answer(path: str, status: int = 200) -> Response:
    return Response(status, {}, b"", Request("GET", path))


def test_answers_of_the_same_kind_are_counted_and_not_repeated() -> None:
    answers = [answer("/agents"), *(answer("/ticket") for _ in range(68)), answer("/ticket", 404)]
    assert seen_of(answers) == "200 from /agents, 200 from /ticket ×68, 404 from /ticket"
    assert seen_of([]) == "nothing to ask"


@pytest.mark.parametrize(("days", "told"), [(2, 1), (-2, 0)])
def test_a_start_that_is_still_to_come_is_told_as_nothing_is_read_until_then(
    tmp_path: Path, days: int, told: int
) -> None:
    start = date.today() + timedelta(days=days)  # noqa: DTZ011 - a zone makes no difference of two days
    path = tmp_path / "hub.toml"
    table = f'[instances.main]\nconnector = "youscan"\nbase_url = "http://127.0.0.1:1"\nstart = {start}\n'
    path.write_text(f'{table}api_key = {{ env = "KEY" }}\n', encoding="utf-8")
    settings = load_settings(path, discover(), {"KEY": "k3y-of-main"})
    with open_store(settings.store) as store:
        found = [one for one in asyncio.run(check(settings, store)) if "`start`" in one.message]
    assert len(found) == told
    assert all(f"`start` is {start}, which is still to come" in one.message and one.ok and one.warns for one in found)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("wrong", "`api_key` has only 5 characters: it cannot be kept out of logs without spoiling other words"),
        ("abc", "`api_key` has only 3 characters: it cannot be kept out of logs at all"),
        ("k3y-of-main", None),
    ],
)
def test_a_secret_that_is_too_short_to_be_taken_out_is_warned_of_and_not_shown(
    tmp_path: Path, key: str, told: str | None
) -> None:
    path = tmp_path / "hub.toml"
    path.write_text('[instances.main]\nconnector = "youscan"\napi_key = { env = "KEY" }\n', encoding="utf-8")
    found = short_secrets(load_settings(path, discover(), {"KEY": key}))
    assert [(one.instance, one.ok, one.warns, one.message) for one in found] == (
        [("main", True, True, told)] if told else []
    )
    assert not any(key in f"{one}" for one in found)
