"""The connector against the vendor's API on loopback: real requests, the vendor's strictness and oddities."""

import contextlib
import json
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running
from hub.sdk import (
    Action,
    ActionResult,
    AuthError,
    Change,
    Draft,
    Outgoing,
    Read,
    RecordError,
    Request,
    Response,
    SourceError,
    TicketDraft,
)
from hub.testing import drafts_of, drive, read_references, walk, wire_params
from hub_youscan.connector import YouScan, YouScanConfig

NOW = datetime(2026, 10, 20, 9, tzinfo=UTC)
TLS = ssl.create_default_context()  # building one takes longer than most requests here

Send = Callable[[Request], Response]


@pytest.fixture
def sandbox() -> Iterator[Running]:
    options = SandboxOptions(items=300, start=NOW, limits={"youscan": "off"}, odd=0.3, future=0)
    with running(["youscan"], options) as started:
        yield started


@pytest.fixture
def youscan(sandbox: Running) -> YouScan:
    return connector(sandbox)


@pytest.fixture
def send(sandbox: Running, youscan: YouScan) -> Iterator[Send]:
    with httpx.Client(verify=TLS) as http:
        yield lambda request: sent(http, sandbox, youscan, request)


def connector(sandbox: Running, **settings: Any) -> YouScan:
    return YouScan(
        YouScanConfig(
            connector="youscan", api_key=settings.pop("key", sandbox.keys["youscan"]), page_size=40, **settings
        )
    )


def sent(http: httpx.Client, sandbox: Running, youscan: YouScan, request: Request) -> Response:
    base = sandbox.urls["youscan"]
    outgoing = youscan.auth().apply(Outgoing(request.method, base + request.path, {}, json=request.json), base)
    body = None if outgoing.json is None else json.dumps(outgoing.json)
    params = httpx.QueryParams(wire_params(request.params))
    got = http.request(outgoing.method, outgoing.url, params=params, headers=outgoing.headers, content=body)
    return Response(got.status_code, dict(got.headers), got.content, request)


def drafts(youscan: YouScan, send: Send, mode: Any = "poll", name: str = "", **fields: Any) -> list[Draft]:
    """Read every topic and normalise what can be: the vendor sends some without an id or a time."""
    reference = read_references(youscan, NOW, send)
    found: list[Draft] = []
    for stream in youscan.streams(reference):
        read = Read(stream.name, mode, NOW, name=name, reference=reference, **fields)
        for step in walk(youscan, read, send):
            for record in step.records:
                with contextlib.suppress(RecordError):
                    found += drafts_of(youscan, record, read)
    return found


def messages(found: list[Draft]) -> dict[str, Any]:
    return {item.source_id: item for draft in found if isinstance(draft, TicketDraft) for item in draft.messages}


def visible(sandbox: Running) -> dict[str, dict[str, Any]]:
    items = sandbox.ledger("youscan")["items"]
    shown = [item for item in items if item["visible"] and not item["hidden"] and not item["broken"]]
    return {item["source_id"]: item for item in shown}


def test_a_poll_finds_every_mention_of_every_topic(sandbox: Running, youscan: YouScan, send: Send) -> None:
    found, ledger = messages(drafts(youscan, send)), visible(sandbox)
    assert found.keys() == ledger.keys()
    posts = {(item.same_as, ledger[number]["same_as"]) for number, item in found.items() if item.same_as}
    assert len(posts) == len({ours for ours, _ in posts}) == len({theirs for _, theirs in posts})
    assert {n for n, item in found.items() if item.same_as} == {n for n, item in ledger.items() if item["same_as"]}
    assert min(item.created_at for item in found.values()).year < 2000


def test_conversations_are_told_apart_as_the_vendor_does(sandbox: Running, youscan: YouScan, send: Send) -> None:
    ledger = visible(sandbox)
    tickets = [draft for draft in drafts(youscan, send) if isinstance(draft, TicketDraft)]
    pairs = {(draft.thread, ledger[draft.messages[0].source_id]["conversation"]) for draft in tickets}
    assert len(pairs) == len({thread for thread, _ in pairs}) == len({conversation for _, conversation in pairs})


def test_texts_survive_the_vendors_markup(sandbox: Running, youscan: YouScan, send: Send) -> None:
    ledger = visible(sandbox)
    for number, item in messages(drafts(youscan, send)).items():
        assert item.body == (ledger[number]["text"] or "").replace("\r\n", "\n").strip(), number


def test_deleted_and_spam_mentions_are_hidden_and_come_back_when_restored(
    sandbox: Running, youscan: YouScan, send: Send
) -> None:
    binned, spam, *_ = visible(sandbox)
    sandbox.change("youscan", "delete", id=binned)
    sandbox.change("youscan", "spam", id=spam)
    for name, number in (("deleted", binned), ("spam", spam)):
        changes = drafts(youscan, send, "sweep", name)
        assert number in {change.source_id for change in changes if isinstance(change, Change) and change.hidden}
        assert len(changes) == len([change for change in changes if isinstance(change, Change)])
    assert not {binned, spam} & messages(drafts(youscan, send, "sweep", "edits")).keys()
    sandbox.change("youscan", "restore", id=binned)
    assert messages(drafts(youscan, send, "sweep", "edits"))[binned].hidden is False


def test_late_edits_are_found_within_the_window_and_not_by_the_poll(
    sandbox: Running, youscan: YouScan, send: Send
) -> None:
    topic, number = next((item["stream"], n) for n, item in visible(sandbox).items())
    end = {"seq": max(item["seq"] for item in visible(sandbox).values())}
    sandbox.change("youscan", "sentiment", id=number, sentiment="negative")
    assert number not in messages(drafts(youscan, send, cursor=end)), topic
    edits = messages(drafts(youscan, send, "sweep", "edits", since=NOW - timedelta(days=4000)))
    assert edits[number].sentiment == "negative"


def test_a_mention_dated_ahead_is_read_when_it_is_saved(sandbox: Running, youscan: YouScan, send: Send) -> None:
    end = {"seq": max(item["seq"] for item in visible(sandbox).values() if item["stream"] == "101")}
    told = {}
    for days in (5, 400):
        at = NOW + timedelta(days=days)
        added = sandbox.change("youscan", "add", topic=101, published=at.isoformat(), text="Ждём вас на открытии")
        told[added["source_id"]] = at
    found = messages(drafts(youscan, send, cursor=end))
    assert {number: found[number].created_at for number in told if number in found} == told


def test_a_backfill_reads_exactly_its_window(sandbox: Running, youscan: YouScan, send: Send) -> None:
    for since, until in (
        (NOW - timedelta(days=9, hours=5), NOW - timedelta(days=2)),
        (NOW - timedelta(days=3), NOW - timedelta(days=2, hours=10)),
    ):
        published = {n: datetime.fromisoformat(item["published_at"]) for n, item in visible(sandbox).items()}
        wanted = {number for number, at in published.items() if since <= at < until}
        assert wanted
        assert messages(drafts(youscan, send, "backfill", since=since, until=until)).keys() == wanted


def test_a_topic_that_is_gone_concerns_itself_only(sandbox: Running, send: Send) -> None:
    chosen = connector(sandbox, topics=(999, 101))
    gone, there = (Read(stream.name, "poll", NOW) for stream in chosen.streams(read_references(chosen, NOW, send)))
    with pytest.raises(SourceError, match=r"Theme not found\); topic 999"):
        walk(chosen, gone, send)
    assert walk(chosen, there, send)


def test_wrong_keys_and_plans_without_access_say_what_to_do(sandbox: Running) -> None:
    for key, said in (("wrong-key", "401 .*not valid"), ("sandbox-youscan-key-noapi", "402 .*no API access")):
        refused = connector(sandbox, key=key)
        with httpx.Client(verify=TLS) as http, pytest.raises(AuthError, match=said):
            read_references(refused, NOW, lambda request: sent(http, sandbox, refused, request))  # noqa: B023 - called at once


def act(youscan: YouScan, send: Send, *actions: Action) -> tuple[ActionResult, ...]:
    return drive(youscan, youscan.act(actions), send)


def test_what_is_done_to_mentions_is_found_at_the_vendor(sandbox: Running, youscan: YouScan, send: Send) -> None:
    first, second, third = [(item["stream"], n) for n, item in visible(sandbox).items() if item["stream"] == "101"][:3]
    results = act(
        youscan,
        send,
        Action("add_tags", *first, values=("совсем новая метка",)),
        Action("set_sentiment", *first, values=("positive",)),
        Action("mark_spam", *second),
        Action("hide", *third),
        Action("hide", "101", "123456789"),
    )
    assert [result.state for result in results] == ["done", "done", "sent", "sent", "failed"]
    assert "Mention 123456789 not found" in results[-1].detail
    again = messages(drafts(youscan, send))
    assert "совсем новая метка" in again[first[1]].tags
    assert again[first[1]].sentiment == "positive"
    hidden = {
        change.source_id
        for name in ("deleted", "spam")
        for change in drafts(youscan, send, "sweep", name)
        if isinstance(change, Change)
    }
    assert {second[1], third[1]} <= hidden


def test_a_user_who_may_only_read_is_told_the_level_he_needs(sandbox: Running) -> None:
    reader = connector(sandbox, key="sandbox-youscan-key-ekb")
    number = next(n for n, item in visible(sandbox).items() if item["stream"] == "102")
    with httpx.Client(verify=TLS) as http:
        (result,) = act(reader, lambda request: sent(http, sandbox, reader, request), Action("hide", "102", number))
    assert result.state == "failed"
    assert "THEME_PERMISSION_DENIED" in result.detail
    assert "level Edit in topic 102" in result.detail
