"""What a connector makes of its recorded pages, kept beside them as ``01.drafts.json`` and compared by test.

Run the tests with ``HUB_GOLDEN=write`` to write the files anew; then read the difference before keeping it.
"""

import json
import os
from collections.abc import Iterable, Sequence
from difflib import unified_diff
from pathlib import Path
from typing import Any

from hub.sdk import Change, Connector, Draft, FollowUp, Listed, Read, Record, TicketDraft
from hub.testing.replay import Replay, walk

SWITCH = "HUB_GOLDEN"
_KINDS: dict[type, str] = {TicketDraft: "ticket", Change: "change", FollowUp: "follow_up", Listed: "listed"}


def drafts_of(connector: Connector[Any], record: Record, read: Read) -> tuple[Draft, ...]:
    """Return what ``normalize`` says of *record*, always as a tuple."""
    found = connector.normalize(record, read)
    if found is None:
        return ()
    return (found,) if isinstance(found, Draft) else tuple(found)


def draft_json(draft: Draft) -> dict[str, Any]:
    """Return *draft* as JSON values, fields at their default left out."""
    return {_KINDS[type(draft)]: draft.model_dump(mode="json", exclude_defaults=True)}


def golden_drafts(connector: Connector[Any], pages: Path, reads: Iterable[Read]) -> dict[str, list[dict[str, Any]]]:
    """Return, by the name of the recording, what the records of each page become.

    Args:
        connector: whose hooks are called.
        pages: folder of recordings.
        reads: what to read; pages of references are not part of it.
    Returns:
        Under ``"01"``: one entry a draft, such as ``{"ticket": …}`` or ``{"change": …}``; a record that is refused
        has ``{"refused": reason}``.
    """
    golden: dict[str, list[dict[str, Any]]] = {}
    for read in reads:
        replay = Replay(connector, pages)
        for step in walk(connector, read, replay):
            entries = [entry for record in step.records for entry in _entries(connector, record, read)]
            golden.setdefault(replay.answered[step.request.identity], []).extend(entries)
    return golden


def check_golden(connector: Connector[Any], pages: Path, reads: Sequence[Read]) -> None:
    """Compare what the pages become with the files beside them; with ``HUB_GOLDEN=write``, write these.

    Raises:
        AssertionError: a file is missing, differs, or belongs to no page; says which, and the difference.
    """
    golden = golden_drafts(connector, pages, reads)
    written = {f"{name}.drafts.json": _text(entries) for name, entries in golden.items()}
    if os.environ.get(SWITCH) == "write":
        for name, text in written.items():
            (pages / name).write_text(text, encoding="utf-8")
    known = {file.name: file.read_text(encoding="utf-8") for file in pages.glob("*.drafts.json")}
    for name in sorted(written.keys() | known.keys()):
        if written.get(name) != known.get(name):
            raise AssertionError(f"{pages / name} {_difference(known.get(name), written.get(name))}")


def check_file(file: Path, written: str) -> None:
    """Compare *written* with what *file* keeps; with ``HUB_GOLDEN=write``, write it.

    Raises:
        AssertionError: the file is missing or differs; says how.
    """
    if os.environ.get(SWITCH) == "write":
        file.write_text(written, encoding="utf-8")
    known = file.read_text(encoding="utf-8") if file.exists() else None
    if known != written:
        raise AssertionError(f"{file} {_difference(known, written)}")


def _entries(connector: Connector[Any], record: Record, read: Read) -> list[dict[str, Any]]:
    try:
        return [draft_json(draft) for draft in drafts_of(connector, record, read)]
    except Exception as error:  # whatever a record is refused for is part of what is kept
        return [{"refused": f"{type(error).__name__}: {error}"}]


def _text(entries: list[dict[str, Any]]) -> str:
    return json.dumps(entries, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _difference(known: str | None, written: str | None) -> str:
    if written is None:
        return "belongs to no page that is read; delete it, or record the page"
    if known is None:
        return f"is missing; run the tests with {SWITCH}=write, then read what was written"
    lines = unified_diff(known.splitlines(), written.splitlines(), "kept", "now", lineterm="")
    return f"differs; if the change is meant, run the tests with {SWITCH}=write:\n" + "\n".join(lines)
