import json
from pathlib import Path

import pytest

from hub.sdk import Read
from hub.testing import NOW, check_golden, golden_drafts
from tests.unit.testing.toys import note, toy, write_page

READS = [Read("in", "poll", NOW)]


@pytest.fixture
def kept(pages: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    with monkeypatch.context() as writing:
        writing.setenv("HUB_GOLDEN", "write")
        check_golden(toy(), pages, READS)
    monkeypatch.delenv("HUB_GOLDEN", raising=False)
    return pages


def test_drafts_stand_beside_the_page_they_come_from(kept: Path) -> None:
    assert {file.name for file in kept.glob("*.drafts.json")} == {f"{n}.drafts.json" for n in ("02", "03", "04")}
    first = json.loads((kept / "02.drafts.json").read_text())[0]["ticket"]
    assert first["messages"][0] == {"source_id": "n1", "body": "Заметка 1", "created_at": "2026-11-20T07:00:00Z"}


def test_what_was_kept_is_what_comes_again(kept: Path) -> None:
    check_golden(toy(), kept, READS)


def test_a_refused_record_is_part_of_what_is_kept(pages: Path) -> None:
    write_page(pages, "04", "/boxes/in/notes", [{"id": "x", "n": 9}], limit=2, after=5)
    assert golden_drafts(toy(), pages, READS)["04"] == [{"refused": "KeyError: 'text'"}]


def test_a_difference_is_shown(kept: Path) -> None:
    write_page(kept, "02", "/boxes/in/notes", [{**note(1), "text": "Иначе"}, note(2)], limit=2)
    with pytest.raises(AssertionError, match=r"02.drafts.json differs") as error:
        check_golden(toy(), kept, READS)
    assert '-          "body": "Заметка 1"' in str(error.value)
    assert '+          "body": "Иначе"' in str(error.value)


def test_a_missing_file_says_how_to_write_it(kept: Path) -> None:
    (kept / "03.drafts.json").unlink()
    with pytest.raises(AssertionError, match=r"03.drafts.json is missing; run the tests with HUB_GOLDEN=write"):
        check_golden(toy(), kept, READS)


def test_a_file_of_no_page_is_named(kept: Path) -> None:
    (kept / "09.drafts.json").write_text("[]\n")
    with pytest.raises(AssertionError, match=r"09.drafts.json belongs to no page"):
        check_golden(toy(), kept, READS)
