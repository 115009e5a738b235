"""A connector that looks at every value itself may have its drafts made without validation."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from hub.sdk import Author, MessageDraft

VALUES: dict[str, Any] = {"key": "vk.com/1", "name": "Анна", "handle": None, "url": None, "followers": 3}


def test_a_trusted_model_is_the_one_that_validation_gives() -> None:
    trusted, validated = Author.trusted(dict(VALUES)), Author.model_validate(VALUES)
    assert trusted == validated
    assert hash(trusted) == hash(validated)
    assert repr(trusted) == repr(validated)
    assert trusted.model_dump_json() == validated.model_dump_json()
    assert trusted.model_copy(update={"name": "Ольга"}).name == "Ольга"


def test_a_trusted_model_is_frozen() -> None:
    author: Any = Author.trusted(dict(VALUES))
    with pytest.raises(ValidationError, match="frozen"):
        author.name = "Ольга"


def test_trusted_models_share_nothing_that_a_changed_copy_could_spoil() -> None:
    first, second = Author.trusted(dict(VALUES)), Author.trusted(dict(VALUES))
    first.model_copy(update={"name": "Ольга"})
    assert second.name == "Анна"
    assert second.model_fields_set == set(VALUES)


def test_a_field_left_out_is_told() -> None:
    with pytest.raises(TypeError, match="MessageDraft has 20 fields, 2 were given; name every one of them"):
        MessageDraft.trusted({"source_id": "1", "created_at": datetime(2026, 1, 1, tzinfo=UTC)})
