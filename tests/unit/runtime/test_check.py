"""What ``hub check`` says of an instance's answers."""

import asyncio
from datetime import date, timedelta
from pathlib import Path

import pytest

from hub.runtime.check import check, seen_of
from hub.runtime.config import load_settings
from hub.runtime.plugins import discover
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
    assert all(f"`start` is {start}, which is still to come" in one.message and not one.ok for one in found)
