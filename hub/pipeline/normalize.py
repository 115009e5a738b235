"""Records into drafts; a record that cannot be normalised is set aside with its original bytes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from hub.pipeline.source import Source
from hub.sdk import Change, Draft, FollowUp, Read, Record, RecordError, TicketDraft, storable
from hub.store import Rejected

_FINDINGS = 3  # of a validation error that are told


def normalize(
    source: Source, records: Iterable[Record], read: Read, *, unclean: bool = False, strict: bool = False
) -> tuple[list[Draft], list[Rejected]]:
    """Return what *records* say, and those that cannot be read.

    Args:
        records: untouched.
        unclean: the records hold text that no store can hold; it is replaced by U+FFFD in what is normalised, while
            a record set aside keeps its original bytes.
        strict: set aside also what a connector made that no store can hold (a lone surrogate, an object that is no
            JSON, a number beyond 64 bits), or that validation refuses (made by ``trusted``). It costs as much as the
            rest, so it is for a page that could not be stored.
    """
    drafts: list[Draft] = []
    rejected: list[Rejected] = []
    call = source.normalize or source.hooks.normalize
    for record in records:
        try:
            result = call(record=storable(record) if unclean else record, read=read)
            if isinstance(result, Draft):
                drafts.append(_storable_draft(result) if strict else result)
            elif result is not None:
                found = [_checked(draft) for draft in result]
                drafts.extend(map(_storable_draft, found) if strict else found)
        except Exception as error:
            rejected.append(Rejected(original_bytes(record), reason_of(error)))
    return drafts, rejected


@dataclass(slots=True)
class Said:
    """Drafts by what becomes of them: merged into tickets, followed by the tickets that have a case there, noted."""

    content: list[TicketDraft | Change] = field(default_factory=list)
    follow_ups: list[FollowUp] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)


def sort_out(drafts: Iterable[Draft]) -> Said:
    """Return *drafts* by their kinds, each in order."""
    said = Said()
    for draft in drafts:
        if isinstance(draft, TicketDraft | Change):
            said.content.append(draft)
        elif isinstance(draft, FollowUp):
            said.follow_ups.append(draft)
        else:
            said.listed.append(draft.thread)
    return said


def _checked(draft: Draft) -> Draft:
    if not isinstance(draft, Draft):
        raise RecordError(f"normalize returned a {type(draft).__name__}; it must return drafts and changes")
    return draft


def _storable_draft(draft: Draft) -> Draft:
    values = draft.model_dump(warnings=False)
    try:
        orjson.dumps(values)
    except TypeError as error:
        raise RecordError(f"normalize returned what no store can hold: {error}") from error
    return draft.model_validate(values)  # it may have been made without


def original_bytes(record: Record) -> bytes:
    """Return *record* as JSON, as it came: lone surrogates stay escapes."""
    try:
        return orjson.dumps(record)
    except TypeError:
        pass
    try:
        return json.dumps(record, default=str).encode()
    except RecursionError:
        return b'"nested too deep to be kept apart; the original page holds it"'


def record_of(body: bytes) -> Record:
    """Return the record that :func:`original_bytes` gave."""
    return json.loads(body)


def reason_of(error: BaseException) -> str:
    """Return why a record was set aside, in a line for a person."""
    if isinstance(error, ValidationError):
        findings = error.errors(include_url=False, include_input=False)
        told = "; ".join(f"{_path(finding['loc'])}: {finding['msg']}" for finding in findings[:_FINDINGS])
        more = f" (and {len(findings) - _FINDINGS} more)" if len(findings) > _FINDINGS else ""
        return f"{error.title}: {told}{more}"
    if isinstance(error, RecordError):
        return str(error)
    return f"{type(error).__name__}: {error}"


def _path(location: tuple[Any, ...]) -> str:
    return ".".join(str(part) for part in location)
