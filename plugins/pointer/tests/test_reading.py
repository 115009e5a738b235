"""The connector against the vendor's sandbox over real HTTP: nothing missed, nothing claimed too early."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import Action, ActionResult, AuthError, Change, Draft, Read, Request, Response, TicketDraft
from hub.testing import drafts_of, drive, read_references, walk, wire_params
from hub_pointer.connector import Pointer, PointerConfig

START = datetime(2026, 10, 20, 9, tzinfo=UTC)
NORTH_TOKEN = "sandbox-pointer-token-north"
TEXT = "Спасибо, что написали. Разберёмся."

Told = dict[str, Any]


def pointer(**settings: Any) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t", **settings}))


def answers(sandbox: Running, token: str | None = None) -> Callable[[Request], Response]:
    """Return what sends requests to the sandbox as the transport does."""
    headers = {"Authorization": f"Bearer {token or sandbox.keys['pointer']}"}

    def answer(request: Request) -> Response:
        # Without TLS there is nothing to verify, and building its context takes longer than the request.
        url, query = sandbox.urls["pointer"] + request.path, wire_params(request.params)
        with httpx.Client(verify=False, trust_env=False) as client:
            got = client.request(request.method, url, params=query, json=request.json, headers=headers)
        return Response(got.status_code, dict(got.headers), got.content, request)

    return answer


def serve(**options: Any) -> Iterator[Running]:
    chosen: dict[str, Any] = {"items": 400, "start": START, "limits": {"pointer": "off"}, "odd": 0.2, **options}
    with running(["pointer"], SandboxOptions(**chosen)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox() -> Iterator[Running]:
    yield from serve(items=80, future=0.0)


def read_all(sandbox: Running, connector: Pointer, read: Read) -> list[Draft]:
    """Return every draft of *read*, with the references known; records that cannot be read are passed over."""
    answer = answers(sandbox)
    reference = read_references(connector, read.now, answer)
    known = Read(read.stream, read.mode, read.now, read.name, read.cursor, read.since, read.until, reference)
    records = [record for step in walk(connector, known, answer) for record in step.records]
    return [draft for record in records if record.get("id") for draft in drafts_of(connector, record, known)]


def poll() -> Read:
    return Read("reviews", "poll", START)


def sweep(name: str) -> Read:
    window = next(sweep.window for sweep in pointer().streams({})[0].sweeps if sweep.name == name)
    assert window is not None
    return Read("reviews", "sweep", START, name=name, since=START - window, until=START)


def tickets(drafts: Sequence[Draft]) -> dict[str, TicketDraft]:
    return {draft.thread: draft for draft in drafts if isinstance(draft, TicketDraft)}


def served_reviews(sandbox: Running) -> list[Told]:
    """Return all reviews as the source shows them, a plain page after the other."""
    answer, found = answers(sandbox), list[Told]()
    while True:
        page = answer(Request("GET", "/reviews", {"limit": 100, "offset": len(found)})).json()
        found += page["items"]
        if not page["items"]:
            return found


def ledger(sandbox: Running) -> dict[str, Told]:
    """Return what a client that misses nothing must end with.

    Of the malformed records, one whose time of publication cannot be read is a ticket by its other times.
    """
    items = sandbox.ledger("pointer")["items"]
    served = {str(record["id"]) for record in served_reviews(sandbox) if record.get("id")}
    return {item["source_id"]: item for item in items if item["visible"] and item["source_id"] in served}


def act(sandbox: Running, action: Action, token: str | None = None) -> ActionResult:
    connector = pointer()
    return drive(connector, connector.act([action]), answers(sandbox, token))[0]


def unanswered(sandbox: Running) -> tuple[str, dict[str, Any]]:
    """Return a review that may be answered, and the facts that the store would know of it."""
    for source_id, draft in tickets(read_all(sandbox, pointer(), poll())).items():
        message = draft.messages[0]
        if draft.state == "new" and not message.hidden and draft.platform == "yandex_maps" and draft.place:
            place = draft.place.model_dump()
            return source_id, {"place": place, "created_at": message.created_at.isoformat()}
    raise AssertionError("the sandbox has no review to answer")


@pytest.mark.parametrize("bounds", ["inclusive", "exclusive"])
@pytest.mark.parametrize("churn", [0.0, 0.5])
def test_a_first_poll_finds_every_review_with_its_text_stars_and_outlet(bounds: str, churn: float) -> None:
    for sandbox in serve(bounds=bounds, churn=churn):
        found, known = tickets(read_all(sandbox, pointer(), poll())), ledger(sandbox)
        # Under churn reviews arrive with every request; what came after its window was read is for the next poll.
        assert found.keys() <= known.keys()
        assert len(known) - len(found) <= (3 if churn else 0)
        for source_id, draft in found.items():
            said, truth = draft.messages[0], known[source_id]
            assert "".join(said.body.split()) == "".join((truth["text"] or "").split())
            assert said.rating == truth["rating"]
            assert said.hidden == truth["hidden"]
            assert draft.place is not None
            assert (draft.place.key, draft.place.name is not None) == (truth["company_uuid"], True)


def test_a_poll_with_small_pages_finds_the_same(sandbox: Running) -> None:
    assert tickets(read_all(sandbox, pointer(page_size=7), poll())).keys() == ledger(sandbox).keys()


@pytest.mark.parametrize("style", ["brackets", "repeat", "comma"])
def test_only_the_networks_of_the_settings_are_read(sandbox: Running, style: str) -> None:
    north = "0b0d6c1e-0000-4000-8000-00000000b001"
    every = tickets(read_all(sandbox, pointer(), poll()))
    found = tickets(read_all(sandbox, pointer(networks=[north], list_style=style), poll()))
    assert found.keys() == {thread for thread, draft in every.items() if draft.extra["network_uuid"] == north}
    assert 0 < len(found) < len(every)


def test_an_edit_is_seen_by_the_sweep_of_changed_reviews(sandbox: Running) -> None:
    source_id, _ = unanswered(sandbox)
    sandbox.change("pointer", "edit", id=source_id, text="Передумал: всё плохо", rating=1)
    said = tickets(read_all(sandbox, pointer(), sweep("changed")))[source_id].messages[0]
    assert (said.body, said.rating) == ("Передумал: всё плохо", 1)


def test_a_vanished_review_is_missing_from_the_inventory_and_nothing_else_is(sandbox: Running) -> None:
    def inventory() -> set[str]:
        return set(tickets(read_all(sandbox, pointer(), sweep("edits"))))

    source_id, _ = unanswered(sandbox)
    before = inventory()
    sandbox.change("pointer", "vanish", id=source_id)
    assert before - inventory() == {source_id}
    published = {key for key, item in ledger(sandbox).items() if item["published_at"] >= "2026-08-22"}
    assert published - {source_id} <= before


def test_a_reply_given_elsewhere_is_seen_and_so_is_its_end(sandbox: Running) -> None:
    source_id, _ = unanswered(sandbox)
    sandbox.change("pointer", "reply", id=source_id, text=TEXT)
    draft = tickets(read_all(sandbox, pointer(), sweep("replies")))[source_id]
    assert (draft.state, draft.messages[1].body, draft.messages[1].direction) == ("solved", TEXT, "out")
    assert act(sandbox, Action("delete_reply", "reviews", source_id)).state == "sent"
    drafts = read_all(sandbox, pointer(), poll())
    assert Change(source_id=f"{source_id}/reply", hidden=True) in drafts


def test_a_reply_is_first_created_then_published_and_never_given_twice(sandbox: Running) -> None:
    source_id, context = unanswered(sandbox)
    reply = Action("reply", "reviews", source_id, text=TEXT, context=context)
    first = act(sandbox, reply)
    assert (first.state, first.detail) == ("sent", "created")
    sandbox.change("pointer", "publish_reply", id=source_id)
    again = act(sandbox, reply)
    assert (again.state, again.detail) == ("done", "published")
    other = act(sandbox, Action("reply", "reviews", source_id, text="Другой ответ", context=context))
    assert other.state == "failed"
    assert "a reply exists; edit_reply" in other.detail


def test_a_reply_with_signs_that_look_like_markup_is_recognised(sandbox: Running) -> None:
    source_id, context = unanswered(sandbox)
    text = "Новый <b>текст</b> & всё, сумма < 5"
    assert act(sandbox, Action("reply", "reviews", source_id, text=text, context=context)).detail == "created"


def test_a_reply_that_the_map_rejected_is_no_success(sandbox: Running) -> None:
    source_id, context = unanswered(sandbox)
    reply = Action("reply", "reviews", source_id, text=TEXT, context=context)
    act(sandbox, reply)
    sandbox.change("pointer", "reject_reply", id=source_id)
    again = act(sandbox, reply)
    assert (again.state, again.detail) == ("failed", "the map rejected the reply; change its words with edit_reply")


def test_a_reply_is_edited_and_deleted(sandbox: Running) -> None:
    source_id, context = unanswered(sandbox)
    act(sandbox, Action("reply", "reviews", source_id, text=TEXT, context=context))
    edited = act(sandbox, Action("edit_reply", "reviews", source_id, text="Уточняем.", context=context))
    assert (edited.state, edited.detail) == ("sent", "created")
    for _ in range(2):
        deleted = act(sandbox, Action("delete_reply", "reviews", source_id, context=context))
        assert (deleted.state, deleted.detail) == ("done", "deleted")
    missing = act(sandbox, Action("edit_reply", "reviews", source_id, text="Уточняем.", context=context))
    assert missing.state == "failed"


def test_a_report_reaches_the_source_with_its_reason(sandbox: Running) -> None:
    source_id, _ = unanswered(sandbox)
    result = act(sandbox, Action("report", "reviews", source_id, text="Не был у нас", values=("not_a_client",)))
    assert result.state == "sent"
    assert ledger(sandbox)[source_id]["reported"] is not None


def test_a_token_for_reading_only_says_whom_to_ask(sandbox: Running) -> None:
    source_id, context = unanswered(sandbox)
    result = act(sandbox, Action("reply", "reviews", source_id, text=TEXT, context=context), NORTH_TOKEN)
    assert result.state == "failed"
    assert "ask Pointer support" in result.detail


def test_a_wrong_token_pauses_the_instance(sandbox: Running) -> None:
    with pytest.raises(AuthError, match="401"):
        read_references(pointer(), START, answers(sandbox, "wrong"))


def test_a_day_later_the_next_poll_finds_what_was_collected_meanwhile() -> None:
    for sandbox in serve(items=120, future=0.5):
        connector, now = pointer(), START + timedelta(days=1)
        before = ledger(sandbox).keys()
        sandbox.advance(timedelta(days=1).total_seconds())
        read = Read("reviews", "poll", now, cursor={"created": START.date().isoformat()})
        new = ledger(sandbox).keys() - before
        assert new
        assert new <= tickets(read_all(sandbox, connector, read)).keys()
