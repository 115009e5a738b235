"""Which messages a destination is told of: what is public, and as many as fit."""

from typing import Any
from uuid import UUID

import pytest

from hub.sdk import Message, latest_messages, public_messages
from hub.testing.clock import NOW


def message(body: str, **values: Any) -> Message:
    return Message(id=UUID(int=1), sources=(), body=body, created_at=NOW, ingested_at=NOW, **values)


def bodies(messages: list[Message]) -> list[str]:
    return [one.body for one in messages]


def test_notes_and_what_is_hidden_are_not_public() -> None:
    said = [message("asked"), message("noted", direction="note"), message("gone", hidden=True)]
    assert bodies(public_messages([*said, message("answered", direction="out")])) == ["asked", "answered"]


@pytest.mark.parametrize(
    ("most", "kept"),
    [(9, ["one", "two", "six"]), (8, ["two", "six"]), (5, ["six"]), (2, ["si"])],
)
def test_the_latest_are_kept_and_the_last_one_at_all_events(most: int, kept: list[str]) -> None:
    assert bodies(latest_messages([message("one"), message("two"), message("six")], most)) == kept


@pytest.mark.parametrize(("url", "told"), [("https://x.com/1", "https://x.com/1"), (None, "—")])
def test_a_text_that_is_withheld_is_where_it_was_published(url: str | None, told: str) -> None:
    assert bodies(latest_messages([message("", url=url)], 10)) == [told]
