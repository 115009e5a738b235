"""One sync of several instances against a real server on loopback: what fails is told and stops only itself."""

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from hub.pipeline.source import utc_now
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.dead import retry_dead
from hub.runtime.instance_run import _cadence, _start, _window_start, together
from hub.runtime.reports import Progress, Sent, StreamReport, SyncReport
from hub.runtime.sync import sync
from hub.sdk import (
    Auth,
    AuthError,
    Bearer,
    Change,
    Connector,
    ConnectorConfig,
    Cursor,
    Draft,
    HubError,
    Limit,
    NoAuth,
    Page,
    Read,
    Record,
    RecordError,
    Reference,
    Request,
    Response,
    SourceError,
    StoreError,
    Stream,
    Sweep,
    TicketDraft,
    TransientError,
    hookimpl,
)
from hub.store import Checkpoint, Place, Store, StreamKey
from tests.unit.store.pages import new_store, opened, write

HOUR = timedelta(hours=1)
PUBLISHED = datetime(2026, 11, 1, tzinfo=UTC)
Answer = tuple[int, Any] | Callable[[], tuple[int, Any]]


class Server:
    """A vendor: answers by path with a status and a body; notes every path with its query."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                since = parse_qs(parts.query).get("since")
                outer.asked.append(parts.path + (f" since {since[0]}" if since else ""))
                status, value = outer.answer(parts.path)
                body = value if isinstance(value, bytes) else json.dumps(value).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                for header, text in outer.headers.get(parts.path, {}).items():
                    self.send_header(header, text)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
                """Say nothing."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def answer(self, path: str) -> tuple[int, Any]:
        answer = self.answers.get(path, (200, []))
        return answer() if callable(answer) else answer

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class Web(Connector[ConnectorConfig]):
    """Streams ``a`` and ``b``: a list of records each, and one sweep."""

    name = "web"
    Config = ConnectorConfig

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        sweeps = (Sweep("edits", HOUR, timedelta(days=3)),)
        return [Stream("a", "Stream A", sweeps), Stream("b", "Stream B", sweeps)]

    def request(self, read: Read) -> Request | None:
        path = f"/{self.config.account}/{read.stream or read.name}" + (f"/{read.name}" if read.mode == "sweep" else "")
        return Request("GET", path, params={"since": read.cursor["id"] if read.cursor else None})

    def parse(self, response: Response, read: Read) -> Page:
        return Page(records=response.json())

    def position(self, record: Record) -> Cursor:
        return {"id": record["id"]}

    def normalize(self, record: Record, read: Read) -> Draft:
        created = PUBLISHED + timedelta(minutes=record["id"])
        source_id = f"{self.config.account}-{read.stream}-{record['id']}"
        return TicketDraft.of(
            source_id=source_id, kind="mention", platform="p", created_at=created, body=record.get("text", "")
        )


class Bench:
    """A server, a store, and a sync of the instances that a test names."""

    def __init__(self, server: Server, store: Store) -> None:
        self.server = server
        self.store = store
        self.progress: list[Progress | Sent] = []

    def sync(
        self,
        *names: str,
        connectors: Mapping[str, type[Connector[Any]]] | None = None,
        plugins: Sequence[object] = (),
        store: Store | None = None,
        with_sweeps: bool = True,
        forced: bool = False,
        **config: Any,
    ) -> SyncReport:
        instances = {
            name: self._instance(name, (connectors or {}).get(name, Web), config) for name in names or ("one",)
        }
        settings = Settings(
            path=Path("hub.toml"),
            store="",
            rules=None,
            timezone=ZoneInfo("UTC"),
            lang=None,
            listen=None,
            listen_told=False,
            instances=instances,
            plugins=tuple(plugins),
        )
        self.settings = settings
        named = tuple(instances) if forced else ()
        call = sync(settings, store or self.store, named, on_progress=self.progress.append, sweeps=with_sweeps)
        return asyncio.run(call)

    def _instance(self, name: str, connector: type[Connector[Any]], config: Mapping[str, Any]) -> InstanceSettings:
        made = ConnectorConfig(connector="web", base_url=self.server.url, account=name, **config)
        return InstanceSettings(name, "web", connector, made)

    def messages(self) -> list[str]:
        found = [message for ticket in self.store.iter_tickets() for message in ticket.messages]
        return sorted(message.sources[0].source_id for message in found)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    server = Server()
    server.answers = {"/one/a": (200, [{"id": 1}]), "/one/b": (200, [{"id": 2}]), "/two/a": (200, [{"id": 3}])}
    with new_store(tmp_path) as store:
        store._now = lambda: datetime.now(UTC)  # a sync goes by the wall clock
        yield Bench(server, store)
    server.close()


def by_stream(report: SyncReport) -> dict[str, StreamReport]:
    return {f"{run.instance}/{run.stream}" + (f"/{run.name}" if run.name else ""): run for run in report.streams}


def test_every_stream_of_every_instance_is_read_and_reported(bench: Bench) -> None:
    report = bench.sync("one", "two")
    assert bench.messages() == ["one-a-1", "one-b-2", "two-a-3"]
    runs = by_stream(report)
    assert sorted(runs) == ["one/a", "one/b", "two/a", "two/b"]
    assert (runs["one/a"].records, runs["one/a"].created, runs["one/a"].title) == (1, 1, "Stream A")
    assert (report.ok, report.problems, report.indexed) == (True, [], 3)
    assert Progress("one", "Stream A", 1, 1) in bench.progress


def test_a_second_sync_goes_on_from_the_cursors(bench: Bench) -> None:
    bench.sync("one")
    bench.server.asked.clear()
    bench.server.answers["/one/a"] = (200, [{"id": 1}, {"id": 5}])
    report = bench.sync("one")
    assert sorted(bench.server.asked) == ["/one/a since 1", "/one/b since 2"]
    runs = by_stream(report)
    assert (runs["one/a"].created, runs["one/a"].unchanged) == (1, 1)


def test_a_stream_that_fails_is_reported_and_leaves_the_others_going(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (404, b"no such topic")
    report = bench.sync("one", "two")
    assert bench.messages() == ["one-b-2", "two-a-3"]
    runs = by_stream(report)
    assert runs["one/a"].error == "404 from GET /one/a: no such topic"
    assert [name for name, run in runs.items() if run.error] == ["one/a"]
    assert (report.ok, report.problems) == (False, [])
    [state] = [state for state in bench.store.streams("one") if state.stream == "a" and not state.name]
    assert (state.failures, state.error) == (1, "404 from GET /one/a: no such topic")


def test_a_stream_that_comes_back_goes_on_and_forgets_its_failures(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (404, b"")
    bench.sync("one")
    bench.server.answers["/one/a"] = (200, [{"id": 1}])
    assert bench.sync("one", forced=True).ok
    assert {state.failures for state in bench.store.streams("one")} == {0}


def test_the_page_that_stopped_a_stream_is_kept_until_the_stream_is_well(bench: Bench) -> None:
    bench.sync("one")
    bench.server.answers["/one/a"] = (400, b'{"message": "since is odd"}')
    report = by_stream(bench.sync("one"))["one/a"]
    assert (report.error, report.kept_page) == ('400 from GET /one/a: {"message": "since is odd"}', True)
    [page] = bench.store.failed_pages("one")
    assert (page.stream, page.name, page.request, page.status) == ("a", "", "GET /one/a?since=1", 400)
    assert (page.error, page.body) == (report.error, b'{"message": "since is odd"}')
    bench.server.answers["/one/a"] = (404, b"gone")
    bench.sync("one", forced=True)
    assert [page.body for page in bench.store.failed_pages("one")] == [b"gone"]
    bench.server.answers["/one/a"] = (503, b"")  # says nothing of the page
    bench.server.headers["/one/a"] = {"Retry-After": "3600"}
    bench.sync("one", forced=True)
    assert [page.body for page in bench.store.failed_pages("one")] == [b"gone"]
    bench.server.answers["/one/a"] = (200, [])
    assert bench.sync("one", forced=True).ok
    assert bench.store.failed_pages("one") == []


def test_a_page_that_parse_cannot_read_is_kept_too(bench: Bench) -> None:
    class Picky(Web):
        def parse(self, response: Response, read: Read) -> Page:
            if response.json() == ["odd"]:
                raise SourceError("no record has an id; look at the kept page")
            return super().parse(response, read)

    bench.server.answers["/one/a"] = (200, ["odd"])
    bench.sync("one", connectors={"one": Picky})
    assert [(page.status, page.body) for page in bench.store.failed_pages("one")] == [(200, b'["odd"]')]


def test_no_page_is_kept_where_no_original_is_nor_longer(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (404, b"no such topic")
    assert not by_stream(bench.sync("one", keep_raw=timedelta()))["one/a"].kept_page
    assert bench.store.failed_pages("one") == []
    bench.sync("one", forced=True)
    write(bench.store, "UPDATE failed_pages SET seen_at = seen_at - ?", 31 * 86_400_000_000)
    bench.sync("one")
    assert bench.store.failed_pages("one") == []


def test_the_page_of_a_reference_is_kept_too(bench: Bench) -> None:
    class Referring(Web):
        references = (Reference("outlets"),)

    bench.server.answers["/one/outlets"] = (404, b"not here")
    bench.sync("one", connectors={"one": Referring})
    assert [(page.name, page.body) for page in bench.store.failed_pages("one")] == [("references", b"not here")]


def test_a_stream_that_the_source_no_longer_lists_is_gone_until_it_is_listed_again(bench: Bench) -> None:
    class Listed(Web):
        names: ClassVar[str] = "ab"

        def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
            return [stream for stream in super().streams(reference) if stream.name in self.names]

    class Fewer(Listed):
        names = "b"

    def gone(connector: type[Connector[Any]], **config: Any) -> list[tuple[str, str]]:
        bench.sync("one", connectors={"one": connector}, forced=True, **config)
        return [(one.stream, one.name) for one in bench.store.streams("one") if one.gone_at is not None]

    assert gone(Listed) == []
    assert gone(Fewer) == [("a", ""), ("a", "edits")]
    assert gone(Listed) == []
    assert gone(Listed, sweeps="off") == [("a", "edits"), ("b", "edits")]
    cursors = {state.stream: state.cursor for state in bench.store.streams("one") if not state.name}
    assert cursors == {"a": {"id": 1}, "b": {"id": 2}}


def test_a_stream_that_failed_waits_and_is_not_asked_until_then_or_until_it_is_named(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (404, b"")
    bench.sync("one")
    bench.server.asked.clear()
    report = bench.sync("one")
    waiting = by_stream(report)["one/a"].error or ""
    assert waiting.startswith("waits until ")
    assert '"hub sync one"; last seen: 404 from GET /one/a' in waiting
    assert not report.ok
    assert "/one/a" not in bench.server.asked
    assert "/one/b since 2" in bench.server.asked
    write(bench.store, "UPDATE streams SET next_try_at = 1 WHERE next_try_at IS NOT NULL")
    bench.sync("one")
    assert "/one/a" in bench.server.asked


def test_a_source_that_asks_for_a_long_wait_gets_it_between_runs_too(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (503, b"")
    bench.server.headers["/one/a"] = {"Retry-After": "3600"}
    bench.sync("one")
    [state] = [state for state in bench.store.streams("one") if state.stream == "a"]
    assert state.next_try_at is not None
    assert state.error_at is not None
    assert state.next_try_at - state.error_at >= timedelta(seconds=3599)


@pytest.mark.parametrize(("limit", "asked"), [("/one/a", ["/one/b since 2"]), (None, [])])
def test_a_wait_for_one_limit_holds_only_what_counts_against_it(
    bench: Bench, limit: str | None, asked: list[str]
) -> None:
    class Budgeted(Web):
        def limits(self, request: Request) -> Sequence[Limit]:
            return [Limit("requests", calls=50), Limit(request.path, calls=50)]

        def classify(self, response: Response) -> HubError | None:
            return TransientError("used up", HOUR, limit=limit) if response.status == 429 else None

    connectors = {"one": Budgeted}
    bench.sync("one", connectors=connectors, with_sweeps=False)
    bench.server.answers["/one/a"] = (429, b"")
    bench.sync("one", connectors=connectors, with_sweeps=False)
    bench.server.asked.clear()
    bench.sync("one", connectors=connectors, with_sweeps=False, forced=True)
    assert bench.server.asked == asked


def test_a_key_that_a_vendor_repeats_in_its_answer_is_nowhere(bench: Bench, tmp_path: Path) -> None:
    secret = "kept-secret-0123456789"

    class Keyed(Web):
        def auth(self) -> Auth:
            return Bearer(SecretStr(secret))

        def classify(self, response: Response) -> HubError | None:
            return AuthError(response.text) if response.status == 401 else super().classify(response)

    bench.server.answers["/one/a"] = (400, f"bad key {secret}".encode())
    bench.server.answers["/one/b"] = (200, [{"id": f"odd {secret}"}, {"id": 9, "text": secret}])
    report = bench.sync("one", connectors={"one": Keyed})
    bench.server.answers["/one/b"] = (401, f"Invalid key {secret}".encode())
    told = [*report.problems, *bench.sync("one", connectors={"one": Keyed}, forced=True).problems]
    assert any("Invalid key ***" in text for text in told)
    assert not any(secret in text for text in (*told, repr(report)))
    bench.store.close()
    assert not any(secret.encode() in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


class Following(Web):
    """Asks for its own cases beside what is new."""

    def request(self, read: Read) -> Request | None:
        asked = super().request(read)
        return asked and asked.with_params(since=",".join(read.cases))


def test_polls_and_sweeps_are_told_the_open_cases_of_their_instance(bench: Bench) -> None:
    bench.sync("one")
    ticket = next(str(one.id) for one in bench.store.iter_tickets())
    row = bench.store.ask_case(ticket, "one").outgoing
    assert row is not None
    bench.store.outbox_made(row.n, 0, Place("one", "web", "", "case 7"), None)
    age(bench, 2 * HOUR)
    bench.server.asked.clear()
    bench.sync("one", "two", connectors={"one": Following, "two": Following})
    told = {path for path in bench.server.asked if path.endswith(" since case 7")}
    assert told == {f"/one/{name} since case 7" for name in ("a", "b", "a/edits", "b/edits")}


def test_a_run_that_waited_for_another_goes_on_from_where_that_one_ended(bench: Bench) -> None:
    """What is known of a stream is read under its lock: what was read before may be old by then."""
    meanwhile = StreamKey("one", "a", "poll")

    class Slow(Web):
        def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
            bench.store.checkpoint(Checkpoint(meanwhile, "web", "", (), utc_now(), cursor={"id": 41}, records=41))
            return super().streams(reference)

    bench.sync("one", connectors={"one": Slow})
    assert "/one/a since 41" in bench.server.asked


def test_a_sweep_reaches_back_over_the_time_since_it_last_went_well_within_bounds(bench: Bench) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    sweep = Sweep("edits", HOUR, timedelta(days=3))
    assert _window_start(sweep, now - HOUR, now) == now - HOUR - timedelta(days=3)
    assert _window_start(sweep, now - timedelta(days=4), now) == now - timedelta(days=7)
    assert _window_start(sweep, now - timedelta(days=90), now) == now - timedelta(days=12)
    assert _window_start(sweep, None, now) == now - timedelta(days=3)
    assert _window_start(Sweep("all", HOUR), now, now) is None


def test_originals_of_an_instance_that_is_gone_are_removed_when_they_are_old(bench: Bench) -> None:
    bench.sync("one")
    write(bench.store, "UPDATE originals SET instance = 'gone', read_at = 0 WHERE n = (SELECT min(n) FROM originals)")
    assert bench.store.owners_of_originals() != ["one"]
    bench.sync("one")
    assert bench.store.owners_of_originals() == ["one"]


class Strict(Web):
    """Refuses records that say they are odd, until ``refuses`` is false; ``thread`` in a record names its ticket, and
    one that is ``gone`` is hidden."""

    refuses: ClassVar[bool] = True

    def normalize(self, record: Record, read: Read) -> Draft:
        if self.refuses and "odd" in record:
            raise RecordError("odd")
        draft = super().normalize(record, read)
        assert isinstance(draft, TicketDraft)
        if "gone" in record:
            return Change(source_id=draft.messages[0].source_id, hidden=True)
        return draft.model_copy(update={"thread": record["thread"]}) if "thread" in record else draft


def _set_aside(bench: Bench, *pages: list[dict[str, Any]]) -> dict[int, int]:
    """Read one page after the other from the beginning; return the letters' numbers by the ids of their records."""
    for page in pages:
        bench.server.answers["/one/a"] = (200, page)
        write(bench.store, "UPDATE streams SET cursor = NULL")
        bench.sync("one", connectors={"one": Strict})
    return {json.loads(letter.body)["id"]: letter.n for letter in bench.store.dead_letters()}


def _retry(bench: Bench, monkeypatch: pytest.MonkeyPatch, *numbers: int) -> list[tuple[int, str]]:
    monkeypatch.setattr(Strict, "refuses", False)
    return [(one.n, one.outcome) for one in retry_dead(bench.settings, bench.store, numbers)]


def test_a_record_set_aside_does_not_overwrite_what_was_read_well_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = _set_aside(bench, [{"id": 1, "odd": True}, {"id": 2, "odd": True}], [{"id": 1, "text": "read well"}])
    assert _retry(bench, monkeypatch, letters[1], letters[2]) == [(letters[1], "overtaken"), (letters[2], "stored")]
    assert bench.store.dead_letters() == []
    assert "one-a-2" in bench.messages()


def test_an_edit_set_aside_is_stored_though_its_ticket_got_another_message_since(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = _set_aside(
        bench,
        [{"id": 1, "text": "first", "thread": "t"}],
        [{"id": 1, "text": "edited", "thread": "t", "odd": True}],
        [{"id": 3, "text": "second message", "thread": "t"}],
    )
    assert _retry(bench, monkeypatch, letters[1]) == [(letters[1], "stored")]
    [ticket] = [one for one in bench.store.iter_tickets() if one.thread == "t"]
    assert [message.body for message in ticket.messages] == ["edited", "second message"]


def test_an_edit_set_aside_is_overtaken_by_a_later_edit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    letters = _set_aside(
        bench,
        [{"id": 1, "text": "first", "thread": "t"}],
        [{"id": 1, "text": "edited", "thread": "t", "odd": True}],
        [{"id": 1, "text": "edited again", "thread": "t"}],
    )
    assert _retry(bench, monkeypatch, letters[1]) == [(letters[1], "overtaken")]
    [ticket] = [one for one in bench.store.iter_tickets() if one.thread == "t"]
    assert ticket.messages[0].body == "edited again"


def test_what_the_source_hid_since_is_not_shown_again_and_its_letter_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = _set_aside(
        bench,
        [{"id": 1, "text": "first", "thread": "t"}],
        [{"id": 1, "text": "edited", "thread": "t", "odd": True}],
        [{"id": 1, "gone": True}],
    )
    assert _retry(bench, monkeypatch, letters[1]) == [(letters[1], "kept")]
    [ticket] = [one for one in bench.store.iter_tickets() if one.thread == "t"]
    assert ticket.state == "hidden"
    assert [letter.n for letter in bench.store.dead_letters()] == [letters[1]]


def test_an_instance_that_a_person_paused_is_passed_over_without_a_failure(bench: Bench) -> None:
    bench.store.pause("one", "web", "holidays")
    report = bench.sync("one", "two")
    assert report.ok
    assert [one.skipped for one in report.streams if one.instance == "one"] == [
        'paused by a person: holidays; to go on, run "hub resume one"'
    ]


def test_refused_credentials_pause_the_instance_alone_with_what_to_do(bench: Bench) -> None:
    bench.server.answers["/one/b"] = (401, b"")
    report = bench.sync("one", "two")
    [problem] = report.problems
    said = "401 from GET /one/b; renew the credentials or their rights"
    assert problem == f'instance "one" is paused: {said}; then run "hub resume one"'
    [state] = bench.store.instances()
    assert (state.name, state.connector, state.paused_by) == ("one", "web", "auth")
    assert "two-a-3" in bench.messages()


def test_a_paused_instance_is_not_called_until_it_is_resumed(bench: Bench) -> None:
    bench.server.answers["/one/b"] = (401, b"")
    bench.sync("one")
    bench.server.asked.clear()
    report = bench.sync("one", "two")
    assert [path for path in bench.server.asked if path.startswith("/one")] == []
    assert 'instance "one" is paused: 401 from GET /one/b' in report.problems[0]
    assert (report.ok, sorted(by_stream(report))) == (False, ["two/a", "two/b"])
    bench.server.answers["/one/b"] = (200, [{"id": 2}])
    assert bench.store.resume("one")
    assert bench.sync("one").ok
    assert "one-b-2" in bench.messages()


def test_a_second_run_of_a_stream_steps_aside_and_says_so(bench: Bench) -> None:
    held = bench.store.lock("stream", "one", "a")
    assert held is not None
    with held:
        report = bench.sync("one", "two")
    runs = by_stream(report)
    assert runs["one/a"].skipped == "another run of this stream is under way; this one steps aside"
    assert report.ok
    assert bench.messages() == ["one-b-2", "two-a-3"]
    assert "/one/a" not in bench.server.asked
    assert by_stream(bench.sync("one"))["one/a"].created == 1


def test_two_syncs_at_once_read_each_stream_once(bench: Bench) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def waiting() -> tuple[int, Any]:
        reached.set()
        assert go_on.wait(20)
        return 200, [{"id": 1}]

    bench.server.answers["/one/a"] = waiting
    reports: list[SyncReport] = []
    first = threading.Thread(target=lambda: reports.append(bench.sync("one")))
    first.start()
    assert reached.wait(20)
    with opened(bench.store.path) as second:
        skipped = by_stream(bench.sync("one", store=second))["one/a"].skipped
    go_on.set()
    first.join()
    assert skipped is not None
    assert (reports[0].ok, bench.server.asked.count("/one/a")) == (True, 1)


# --- sweeps ---------------------------------------------------------------------------------------------------------


def swept(bench: Bench) -> list[str]:
    found = [path for path in bench.server.asked if path.endswith("/edits")]
    bench.server.asked.clear()
    return sorted(found)


def age(bench: Bench, by: timedelta) -> None:
    """Let the sweeps have run longer ago."""
    write(bench.store, "UPDATE streams SET ok_at = ok_at - ? WHERE name != ''", int(by.total_seconds()) * 1_000_000)


def test_a_sweep_is_first_due_one_cadence_after_the_first_poll(bench: Bench) -> None:
    bench.sync("one")
    assert swept(bench) == []
    bench.sync("one")
    assert swept(bench) == []
    age(bench, HOUR)
    bench.sync("one")
    assert swept(bench) == ["/one/a/edits", "/one/b/edits"]
    bench.sync("one")
    assert swept(bench) == []


def test_a_sweep_that_failed_is_tried_again_at_the_next_sync(bench: Bench) -> None:
    bench.sync("one")
    age(bench, HOUR)
    bench.server.answers["/one/a/edits"] = (404, b"")
    report = bench.sync("one")
    assert by_stream(report)["one/a/edits"].error == "404 from GET /one/a/edits"
    swept(bench)
    bench.sync("one", forced=True)
    assert swept(bench) == ["/one/a/edits"]


def test_a_sweep_changes_tickets_and_leaves_the_cursor(bench: Bench) -> None:
    bench.sync("one")
    age(bench, HOUR)
    bench.server.answers["/one/a/edits"] = (200, [{"id": 1, "text": "edited"}, {"id": 99}])
    run = by_stream(bench.sync("one"))["one/a/edits"]
    assert (run.updated, run.created) == (1, 1)
    cursors = {state.stream: state.cursor for state in bench.store.streams("one") if not state.name}
    assert cursors == {"a": {"id": 1}, "b": {"id": 2}}


def test_a_sweep_waits_for_its_poll_to_go_well(bench: Bench) -> None:
    bench.sync("one")
    age(bench, HOUR)
    bench.server.answers["/one/a"] = (404, b"")
    bench.sync("one")
    assert swept(bench) == ["/one/b/edits"]


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"sweeps": "off"}, []),
        ({"sweeps": {"edits": "off"}}, []),
        ({"sweeps": {"edits": "2h"}}, []),
        ({"sweeps": {"edits": "30m"}}, ["/one/a/edits", "/one/b/edits"]),
        ({"sweeps": {"other": "off"}}, ["/one/a/edits", "/one/b/edits"]),
    ],
)
def test_the_cadence_of_sweeps_is_a_setting(bench: Bench, config: dict[str, Any], expected: list[str]) -> None:
    bench.sync("one")
    age(bench, HOUR)
    swept(bench)
    bench.sync("one", **config)
    assert swept(bench) == expected


class Listing(Web):
    """Its sweep lists everything; ids are the vendor's, whatever the instance is called."""

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return [Stream("a", "Stream A", (Sweep("all", HOUR, inventory=True),))]

    def request(self, read: Read) -> Request | None:
        return Request("GET", "/list")

    def normalize(self, record: Record, read: Read) -> Draft:
        created = PUBLISHED + timedelta(minutes=record["id"])
        return TicketDraft.of(source_id=record["id"], kind="mention", platform="p", created_at=created)


def test_what_a_sweep_warned_of_is_kept_until_it_no_longer_does(bench: Bench) -> None:
    def swept(listed: int) -> str | None:
        bench.server.answers["/list"] = (200, [{"id": number} for number in range(listed)])
        write(bench.store, "UPDATE streams SET ok_at = 1 WHERE name = 'all'")
        bench.sync("one", connectors={"one": Listing})
        return next(state.warning for state in bench.store.streams("one") if state.name == "all")

    bench.server.answers["/list"] = (200, [{"id": number} for number in range(20)])
    bench.sync("one", connectors={"one": Listing})
    warning = swept(9)
    assert warning is not None
    assert "11 of 20 records are no longer listed" in warning
    assert swept(20) is None


def test_an_instance_with_a_new_name_finds_what_was_deleted(bench: Bench) -> None:
    bench.server.answers["/list"] = (200, [{"id": number} for number in range(20)])
    bench.sync("old", connectors={"old": Listing})
    bench.server.answers["/list"] = (200, [{"id": number} for number in range(19)])
    bench.sync("new", connectors={"new": Listing})
    write(bench.store, "UPDATE streams SET ok_at = 1 WHERE name = 'all'")
    assert bench.sync("new", connectors={"new": Listing}).ok
    assert [one.thread for one in bench.store.iter_tickets() if one.state == "hidden"] == ["19"]


def test_a_sync_may_leave_sweeps_out(bench: Bench) -> None:
    bench.sync("one")
    age(bench, HOUR)
    swept(bench)
    bench.sync("one", with_sweeps=False)
    assert swept(bench) == []


@pytest.mark.parametrize(
    ("setting", "every"),
    [
        ({}, HOUR),
        ("off", None),
        ({"edits": "off"}, None),
        ({"edits": timedelta(1)}, timedelta(1)),
        ({"x": "off"}, HOUR),
    ],
)
def test_a_sweeps_own_cadence_holds_unless_the_setting_says_otherwise(setting: Any, every: timedelta | None) -> None:
    assert _cadence(setting, Sweep("edits", HOUR)) == every


@pytest.mark.parametrize(
    ("setting", "moment"),
    [
        (None, None),
        (date(2026, 11, 1), datetime(2026, 11, 1, tzinfo=UTC)),
        (datetime(2026, 11, 1, 3), datetime(2026, 11, 1, 3, tzinfo=UTC)),  # noqa: DTZ001 - as a file may say it
        (datetime(2026, 11, 1, 3, tzinfo=timezone(3 * HOUR)), datetime(2026, 11, 1, tzinfo=UTC)),
    ],
)
def test_a_start_without_a_zone_is_utc(setting: Any, moment: datetime | None) -> None:
    assert _start(setting) == moment


# --- what goes wrong ------------------------------------------------------------------------------------------------


def test_a_store_that_cannot_be_written_stops_everything(bench: Bench) -> None:
    write(bench.store, "CREATE TRIGGER broken BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'broken here'); END")
    with pytest.raises(StoreError, match="broken here"):
        bench.sync("one", "two")
    assert bench.messages() == []
    assert [state for state in bench.store.streams() if state.cursor] == []


@pytest.mark.parametrize("errors", [(KeyError("x"), StoreError("full")), (StoreError("full"), KeyError("x"))])
def test_of_several_errors_at_once_that_of_the_store_is_told(errors: Sequence[Exception]) -> None:
    async def fails(error: Exception) -> None:
        raise error

    async def run() -> None:
        await together([together([fails(error)]) for error in errors])

    with pytest.raises(StoreError, match="full"):
        asyncio.run(run())


class BrokenStreams(Web):
    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        raise KeyError("topics")


class BrokenRequest(Web):
    def request(self, read: Read) -> Request | None:
        if read.stream == "a":
            raise KeyError("cursor")
        return super().request(read)


class BrokenAuth(Web):
    def auth(self) -> Auth:
        raise KeyError("token")


def test_a_connector_that_breaks_before_its_streams_stops_only_itself(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    report = bench.sync("one", "two", connectors={"one": BrokenStreams})
    assert report.problems == ["instance \"one\": KeyError: 'topics'; report it (-v shows where)"]
    assert bench.messages() == ["two-a-3"]
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == ["instance failed"]


def test_a_connector_that_breaks_in_a_stream_stops_only_that_stream(bench: Bench) -> None:
    report = bench.sync("one", "two", connectors={"one": BrokenRequest})
    assert bench.messages() == ["one-b-2", "two-a-3"]
    assert by_stream(report)["one/a"].error == "KeyError: 'cursor'; report it to the connector's author"


def test_a_connector_that_cannot_even_be_made_stops_only_itself(bench: Bench) -> None:
    report = bench.sync("one", "two", connectors={"one": BrokenAuth})
    assert bench.messages() == ["two-a-3"]
    [problem] = report.problems
    assert problem.startswith("instance \"one\": KeyError: 'token'")


def test_a_record_that_cannot_be_read_is_set_aside_and_fails_nothing(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (200, [{"id": 1}, "junk", {"id": 3}])
    report = bench.sync("one")
    assert (report.ok, by_stream(report)["one/a"].rejected) == (True, 1)
    assert [letter.body for letter in bench.store.dead_letters()] == [b'"junk"']


def test_a_reference_that_was_never_read_keeps_its_instance_from_running(bench: Bench) -> None:
    class Referring(Web):
        references = (Reference("outlets"),)

    bench.server.answers["/one/outlets"] = (404, b"")
    report = bench.sync("one", "two", connectors={"one": Referring})
    assert report.problems == ['instance "one": 404 from GET /one/outlets']
    assert bench.messages() == ["two-a-3"]


def test_an_instance_whose_references_failed_waits_and_is_not_asked_until_then_or_until_it_is_named(
    bench: Bench,
) -> None:
    class Referring(Web):
        references = (Reference("outlets"),)

    def synced(**how: Any) -> list[str]:
        return bench.sync("one", connectors={"one": Referring}, **how).problems

    bench.server.answers["/one/outlets"] = (404, b"")
    synced()
    [state] = bench.store.streams("one")
    assert (state.stream, state.name, state.failures, state.error) == (
        "",
        "references",
        1,
        "404 from GET /one/outlets",
    )
    bench.server.asked.clear()
    [waiting] = synced()
    assert waiting.startswith('instance "one" waits until ')
    assert 'after 1 failure; to try now, run "hub sync one"; last seen: 404 from GET /one/outlets' in waiting
    assert bench.server.asked == []
    bench.server.answers["/one/outlets"] = (200, [])
    assert synced(forced=True) == []
    assert {state.failures for state in bench.store.streams("one")} == {0}


def test_what_pages_warn_of_ends_their_run_as_warned_and_is_kept(bench: Bench) -> None:
    class Warns(Web):
        references = (Reference("outlets"),)

        def parse(self, response: Response, read: Read) -> Page:
            return Page(records=response.json(), warnings=[f"look at {read.stream or read.name}"] * 2)

    report = bench.sync("one", connectors={"one": Warns})
    assert by_stream(report)["one/a"].warnings == ("look at a",)
    assert (report.ok, report.problems) == (False, ['instance "one": look at outlets'])
    kept = {state.name or state.stream: state.warning for state in bench.store.streams("one")}
    assert kept == {
        "a": "look at a",
        "b": "look at b",
        "edits": None,
        "reference outlets": "look at outlets",
    }
    bench.sync("one", connectors={"one": Warns})  # the reference is not read again yet
    assert "look at outlets" in {state.warning for state in bench.store.streams("one")}

    class Well(Web):
        references = (Reference("outlets", timedelta()),)

    assert bench.sync("one", connectors={"one": Well}).ok
    assert {state.warning for state in bench.store.streams("one")} == {None}


def test_an_older_reference_serves_on_and_is_not_asked_for_again_at_once(bench: Bench) -> None:
    class Referring(Web):
        references = (Reference("outlets"),)

    def synced() -> list[str]:
        bench.server.asked.clear()
        return bench.sync("one", connectors={"one": Referring}).problems

    synced()
    write(bench.store, "UPDATE reference_data SET read_at = 1")
    bench.server.answers["/one/outlets"] = (404, b"")
    [told] = synced()
    assert told.endswith("UTC serve on: 404 from GET /one/outlets")
    assert synced() == []
    assert sorted(bench.server.asked) == ["/one/a since 1", "/one/b since 2"]


def test_originals_older_than_they_are_kept_go_with_the_sync(bench: Bench) -> None:
    bench.sync("one")
    write(bench.store, "UPDATE originals SET read_at = read_at - ?", 31 * 86_400_000_000)
    bench.sync("one")
    assert bench.store.prune_originals("one", datetime.now(UTC) + HOUR) == 0


# --- facts ----------------------------------------------------------------------------------------------------------


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    @hookimpl
    def ticket_stored(self, instance: str, ticket_id: str, created: bool) -> None:
        self.told.append(("ticket", instance, ticket_id, created))

    @hookimpl
    def poll_finished(self, instance: str, stream: str, counts: dict[str, int], error: str | None) -> None:
        self.told.append(("poll", instance, stream, counts["created"], error))

    @hookimpl
    def record_rejected(self, stream: str, reason: str) -> None:
        self.told.append(("rejected", stream, reason))


class Raising(Listener):
    name = "noisy"

    @hookimpl
    def ticket_stored(self, instance: str, ticket_id: str, created: bool) -> None:
        raise RuntimeError("a plugin's own fault")


def test_plugins_are_told_what_happened_after_it_was_stored(bench: Bench) -> None:
    bench.server.answers["/one/a"] = (200, [{"id": 1}, "junk"])
    bench.server.answers["/one/b"] = (404, b"")
    listener = Listener()
    bench.sync("one", plugins=[listener])
    [ticket] = bench.store.iter_tickets()
    assert ("ticket", "one", str(ticket.id), True) in listener.told
    assert ("poll", "one", "a", 1, None) in listener.told
    assert ("poll", "one", "b", 0, "404 from GET /one/b") in listener.told
    [rejected] = [fact for fact in listener.told if fact[0] == "rejected"]
    assert rejected[1] == "a"
    listener.told.clear()
    bench.server.answers["/one/a"] = (200, [{"id": 1, "text": "edited"}])
    bench.sync("one", plugins=[listener])
    assert [fact for fact in listener.told if fact[0] == "ticket"] == [("ticket", "one", str(ticket.id), False)]


def test_a_plugin_that_raises_is_logged_by_name_and_the_others_are_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    before, after = Listener(), Listener()
    report = bench.sync("one", plugins=[before, Raising(), after])
    assert report.ok
    assert bench.messages() == ["one-a-1", "one-b-2"]
    assert len([fact for fact in before.told if fact[0] == "ticket"]) == 2
    assert sorted(map(str, before.told)) == sorted(map(str, after.told))
    failures = [record for record in caplog.records if record.getMessage() == "plugin failed"]
    assert [(vars(record)["plugin"], vars(record)["hook"]) for record in failures] == [("noisy", "ticket_stored")] * 2


def test_no_credentials_are_needed_where_the_source_asks_for_none(bench: Bench) -> None:
    assert Web(ConnectorConfig(connector="web")).auth() == NoAuth()
    assert bench.sync("one").ok
