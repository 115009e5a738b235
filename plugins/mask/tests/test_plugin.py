"""The plugin wraps ``normalize`` of a source that knows nothing of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import entry_points
from typing import Any, cast

import pluggy
import pytest
from pydantic import ValidationError

import hub_mask
from hub.sdk import Change, ConnectorSpec, Draft, FollowUp, Read, TicketDraft, hookimpl

NOW = datetime(2026, 11, 20, tzinfo=UTC)
READ = Read("stream", "poll", NOW)
CARD = "4111 1111 1111 1111"
MASKED = "**** **** **** 1111"


class Source:
    def __init__(self, drafts: Draft | Sequence[Draft] | None) -> None:
        self._drafts = drafts

    @hookimpl
    def normalize(self, record: Any, read: Read) -> Draft | Sequence[Draft] | None:
        if record == "bad":
            raise ValueError("no id")
        return self._drafts


def normalized(drafts: Draft | Sequence[Draft] | None, record: Any = "record", **settings: Any) -> Any:
    manager = pluggy.PluginManager("hub")
    manager.add_hookspecs(ConnectorSpec)
    manager.register(Source(drafts))
    manager.register(hub_mask.create(hub_mask.Config(**settings)))
    return cast(ConnectorSpec, manager.hook).normalize(record=record, read=READ)


def draft(body: str, **fields: Any) -> TicketDraft:
    return TicketDraft.of(
        source_id="4111111111111111", kind="mention", platform="p", created_at=NOW, body=body, **fields
    )


def test_title_and_body_are_masked_and_ids_and_links_are_not() -> None:
    link = "https://p.example/4111111111111111"
    masked = normalized(draft(f"карта {CARD}", title=f"Украли {CARD}", url=link, extra={"post_id": "4111111111111111"}))
    assert (masked.title, masked.messages[0].body) == (f"Украли {MASKED}", f"карта {MASKED}")
    assert (masked.thread, masked.messages[0].source_id, masked.extra) == (
        "4111111111111111",
        "4111111111111111",
        {"post_id": "4111111111111111"},
    )
    assert (masked.url, masked.messages[0].url) == (link, link)


def test_what_is_said_of_a_case_is_masked_too() -> None:
    own = draft(CARD, title=CARD)
    masked = normalized(FollowUp(external_id="7", messages=own.messages, otherwise=own, status=CARD))
    assert [message.body for message in masked.messages] == [MASKED]
    assert (masked.otherwise.title, masked.otherwise.messages[0].body) == (MASKED, MASKED)
    assert masked.status == CARD, "a state is no text of a person"
    clean = FollowUp(external_id="7", state="open")
    assert normalized(clean) is clean


def test_every_draft_of_a_sequence_is_masked_and_changes_pass() -> None:
    change = Change(source_id="1", hidden=True)
    masked = normalized([draft(CARD), change, draft("+7 916 123-45-67")])
    assert [item.messages[0].body if isinstance(item, TicketDraft) else item for item in masked] == [
        MASKED,
        change,
        "+* *** ***-**-67",
    ]


def test_a_record_that_says_nothing_stays_nothing() -> None:
    assert normalized(None) is None


def test_a_draft_without_numbers_is_passed_on_as_it_is() -> None:
    clean = draft("Спасибо!", title="Отзыв")
    assert normalized(clean) is clean


def test_what_the_source_raises_comes_through() -> None:
    with pytest.raises(ValueError, match="no id"):
        normalized(None, record="bad")


def test_settings_choose_what_is_masked() -> None:
    assert normalized(draft(CARD), cards=False).messages[0].body == CARD


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(ValidationError, match="card"):
        hub_mask.Config(card=True)  # type: ignore[call-arg]  # the mistake is the point


def test_it_is_found_by_its_entry_point() -> None:
    assert entry_points(group="hub.plugins")["mask"].load() is hub_mask
