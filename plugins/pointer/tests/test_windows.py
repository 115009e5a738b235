"""Paging, restarts and day windows, against a small model of a server that moves while it is read."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest

from hub.sdk import Page, Read, Request, Response, SourceError
from hub_pointer.connector import Pointer, PointerConfig

NOW = datetime(2026, 10, 20, 12, tzinfo=UTC)
TODAY = NOW.date()
ENGINE_RESTARTS = 10


class ModelServer:
    """``GET /reviews`` over rows in memory.

    Args:
        rows: newest first, as the source shows them.
        inclusive: whether the two dates of a filter belong to it.
        cap: most rows a page.
        honest: whether ``meta.limit`` tells of the cap.
        before: called with the number of the request and the rows before each answer; may change them.
    """

    def __init__(
        self,
        rows: list[dict[str, Any]],
        *,
        inclusive: bool = True,
        cap: int = 100,
        honest: bool = True,
        before: Callable[[int, list[dict[str, Any]]], None] = lambda number, rows: None,
    ) -> None:
        self.rows, self._inclusive, self._cap, self._honest, self._before = rows, inclusive, cap, honest, before
        self.requests: list[Request] = []

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        self._before(len(self.requests), self.rows)
        rows = [row for row in self.rows if self._matches(row, request.params)]
        offset, limit = request.params["offset"], min(request.params["limit"], self._cap)
        told = limit if self._honest else request.params["limit"]
        body = {
            "items": rows[offset : offset + limit],
            "meta": {"total": len(rows), "limit": told, "offset": offset},
        }
        return Response(200, {}, orjson.dumps(body), request)

    def _matches(self, row: dict[str, Any], params: Any) -> bool:
        for name, bound in params.items():
            field, _, side = name.rpartition("_")
            if side not in ("from", "to"):
                continue
            day = (row.get(f"_{field}") or row[field])[:10]
            if day == bound and not self._inclusive:
                return False
            if (day < bound) if side == "from" else (day > bound):
                return False
        return True


class MovingServer(ModelServer):
    """A server whose rows move depending on what is asked."""

    def __init__(self, rows: list[dict[str, Any]], move: Callable[[Request, list[dict[str, Any]]], None]) -> None:
        super().__init__(rows, before=lambda number, rows: move(self.requests[-1], rows))


class Run:
    """What the engine does with pages, as far as the SDK's docstrings promise it."""

    def __init__(self, connector: Pointer, server: ModelServer, read: Read) -> None:
        self.ids: Counter[str] = Counter()
        self.cursors: list[str] = []
        self.pages: list[Page] = []
        self.restarts = 0
        first = connector.request(read)
        queue, seen = [first] if first else [], set[bytes]()
        while queue:
            request = queue.pop(0)
            assert request.identity not in seen, f"asked twice: {request}"
            seen.add(request.identity)
            page = connector.parse(server.answer(request), replace(read, restarts=self.restarts))
            self.pages.append(page)
            self.ids.update(record["id"] for record in page.records)
            if page.cursor:
                self.cursors.append(page.cursor["created"])
            if page.restart:
                self.restarts += 1
                queue, seen = [page.restart], set()
                continue
            queue += [*page.ahead, *([page.next_request] if page.next_request else [])]


def row(number: int, day: date, **fields: Any) -> dict[str, Any]:
    at = f"{day.isoformat()}T12:00:00+03:00"
    return {"id": str(number), "created_at": at, "published_at": at, **fields}


def unreadable(number: int, published: date, collected: date) -> dict[str, Any]:
    """Return a row that the source filters by a day that it does not send."""
    return row(number, collected, published_at="0000-00-00", _published_at=published.isoformat())


def per_day(first: date, last: date, count: int) -> list[dict[str, Any]]:
    """Return *count* rows for each day from *first* to *last*, newest first."""
    days = [last - timedelta(days=back) for back in range((last - first).days + 1)]
    return [row(day.toordinal() * 10_000 + number, day) for day in days for number in range(count)]


def connector(**settings: Any) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t", **settings}))


def poll(cursor: date | None = None, **fields: Any) -> Read:
    known = {"created": cursor.isoformat()} if cursor else None
    return Read("reviews", "poll", NOW, cursor=known, **fields)


def sweep(name: str, since: date) -> Read:
    start = datetime(since.year, since.month, since.day, 12, tzinfo=UTC)
    return Read("reviews", "sweep", NOW, name=name, since=start, until=NOW)


def asked(request: Request | None) -> tuple[str, str]:
    assert request is not None
    return request.params["created_at_from"], request.params["created_at_to"]


@pytest.mark.parametrize("inclusive", [True, False])
@pytest.mark.parametrize(("days", "count"), [(40, 0), (40, 1), (40, 40), (3, 1_200)])
def test_no_day_is_lost_whether_the_bounds_belong_to_the_filter_or_not(inclusive: bool, days: int, count: int) -> None:
    rows = per_day(TODAY - timedelta(days=days), TODAY, count)
    server = ModelServer(rows, inclusive=inclusive)
    run = Run(connector(), server, poll(since=NOW - timedelta(days=days)))
    assert set(run.ids) == {row["id"] for row in rows}
    assert run.restarts == 0


def test_a_poll_reads_from_two_days_behind_its_cursor_to_tomorrow_and_a_day_more_on_each_side() -> None:
    request = connector().request(poll(cursor=date(2026, 10, 18)))
    assert asked(request) == ("2026-10-15", "2026-10-22")


def test_the_first_poll_begins_a_year_ago_unless_told_otherwise() -> None:
    year_ago, at_start = connector().request(poll()), connector().request(poll(since=datetime(2026, 10, 1, tzinfo=UTC)))
    assert asked(year_ago) == ("2025-10-18", "2025-11-18")
    assert asked(at_start) == ("2026-09-29", "2026-10-22")


def test_tags_are_always_asked_for() -> None:
    request = connector().request(poll())
    assert request is not None
    assert (request.params["with_tags"], request.params["with_smart_tags"]) == ("true", "true")


def test_the_cursor_moves_only_when_a_window_is_complete_and_leaves_today_open() -> None:
    server = ModelServer(per_day(TODAY - timedelta(days=70), TODAY, 15))
    run = Run(connector(), server, poll(since=NOW - timedelta(days=70)))
    assert run.cursors == ["2026-09-09", "2026-10-09", "2026-10-20"]
    assert [page.cursor is not None for page in run.pages].count(True) == len(run.cursors) < len(run.pages)
    assert run.pages[-1].cursor == {"created": TODAY.isoformat()}


def test_the_overlap_never_moves_the_cursor_back() -> None:
    rows = per_day(TODAY - timedelta(days=4), TODAY, 1_100)
    run = Run(connector(), ModelServer(rows), poll(cursor=TODAY))
    assert set(run.cursors) == {TODAY.isoformat()}


def test_a_cursor_from_the_future_is_taken_as_today() -> None:
    request = connector().request(poll(cursor=TODAY + timedelta(days=300)))
    assert asked(request) == ("2026-10-17", "2026-10-22")


def test_resuming_after_any_checkpoint_equals_one_run() -> None:
    rows = per_day(TODAY - timedelta(days=90), TODAY, 9)
    whole = Run(connector(), ModelServer(rows), poll(since=NOW - timedelta(days=90)))
    assert len(whole.cursors) > 2
    for cursor in whole.cursors:
        day = date.fromisoformat(cursor)
        before = {row["id"] for row in rows if row["created_at"][:10] < cursor}
        resumed = Run(connector(), ModelServer(rows), poll(cursor=day))
        assert before | set(resumed.ids) == set(whole.ids)


def test_a_full_window_is_read_in_narrower_ones_down_to_a_day() -> None:
    server = ModelServer(per_day(TODAY - timedelta(days=5), TODAY, 600))
    run = Run(connector(), server, poll(since=NOW - timedelta(days=5)))
    first_pages = [request for request in server.requests if not request.params["offset"]]
    spans = [date.fromisoformat(asked(r)[1]) - date.fromisoformat(asked(r)[0]) for r in first_pages]
    assert spans[0] == timedelta(days=9)
    assert spans[1] == timedelta(days=2)
    assert len(run.ids) == 6 * 600


def test_windows_grow_again_where_there_is_little() -> None:
    server = ModelServer(per_day(date(2026, 6, 1), date(2026, 6, 10), 400) + per_day(date(2026, 6, 11), TODAY, 2))
    Run(connector(), server, poll(since=datetime(2026, 6, 1, tzinfo=UTC)))
    spans = [date.fromisoformat(asked(r)[1]) - date.fromisoformat(asked(r)[0]) for r in server.requests]
    assert min(spans) == timedelta(days=2)
    assert spans.index(timedelta(days=31), 5) > spans.index(timedelta(days=2))


def test_pages_after_the_first_are_known_ahead_and_overlap() -> None:
    server = ModelServer(per_day(TODAY, TODAY, 350))
    run = Run(connector(), server, poll(cursor=TODAY))
    assert [request.params["offset"] for request in server.requests] == [0, 90, 180, 270]
    assert len(run.pages[0].ahead) == 3
    assert not any(page.ahead for page in run.pages[1:])


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("cap", [1, 2, 7, 10, 50])
def test_a_server_that_gives_less_than_asked_loses_nothing(cap: int, honest: bool) -> None:
    rows = per_day(TODAY, TODAY, 123)
    run = Run(connector(), ModelServer(rows, cap=cap, honest=honest), poll(cursor=TODAY))
    assert len(run.ids) == 123


def test_the_page_size_is_a_setting_with_the_vendor_s_maximum() -> None:
    small, large = connector(page_size=20).request(poll()), connector(page_size=500).request(poll())
    assert small is not None
    assert large is not None
    assert (small.params["limit"], large.params["limit"]) == (20, 100)


def test_a_list_that_moves_is_read_anew_from_its_window_s_first_page() -> None:
    def vanish(number: int, rows: list[dict[str, Any]]) -> None:
        if number == 3:
            del rows[:60]

    server = ModelServer(per_day(TODAY, TODAY, 400), before=vanish)
    run = Run(connector(), server, poll(cursor=TODAY))
    assert run.restarts == 1
    assert server.requests[3].params["offset"] == 0
    assert {row["id"] for row in server.rows} <= set(run.ids)


def test_restarts_are_bounded_and_a_list_that_grows_is_still_read_to_its_end() -> None:
    def arrive(number: int, rows: list[dict[str, Any]]) -> None:
        if number < 15:
            rows[:0] = [row(number * 1_000 + new, TODAY) for new in range(60)]

    rows = per_day(TODAY, TODAY, 200)
    old = {row["id"] for row in rows}
    run = Run(connector(), ModelServer(rows, before=arrive), poll(cursor=TODAY))
    assert run.restarts == 3
    assert old <= set(run.ids)
    assert run.cursors == [TODAY.isoformat()]


def test_a_window_that_comes_apart_is_read_again_by_the_next_poll() -> None:
    def shrink(number: int, rows: list[dict[str, Any]]) -> None:
        if number < 15:
            del rows[:40]

    rows = per_day(TODAY - timedelta(days=39), TODAY - timedelta(days=30), 90)
    rows = per_day(TODAY, TODAY, 5) + rows
    served = ModelServer(rows[5:], before=shrink)
    run = Run(connector(), served, poll(cursor=TODAY - timedelta(days=37)))
    assert run.restarts == 3
    assert run.cursors == []
    again = Run(connector(), served, poll(cursor=TODAY - timedelta(days=37)))
    assert {row["id"] for row in served.rows} - set(run.ids) <= set(again.ids)
    assert again.cursors[-1] == TODAY.isoformat()


def test_each_window_may_begin_anew_whatever_the_windows_before_it_did() -> None:
    moved: Counter[str] = Counter()

    def move(request: Request, rows: list[dict[str, Any]]) -> None:
        first, last = asked(request)
        if request.params["offset"] and moved[first] < 2:
            moved[first] += 1
            del rows[next(n for n, row in enumerate(rows) if first < row["created_at"][:10] < last)]

    rows = per_day(TODAY - timedelta(days=80), TODAY, 10)
    server = MovingServer(rows, move)
    run = Run(connector(), server, poll(since=NOW - timedelta(days=80)))
    assert sorted(moved.values()) == [2, 2, 2]
    assert run.restarts == 6
    assert {row["id"] for row in server.rows} <= set(run.ids)


def test_a_backfill_that_comes_apart_is_begun_anew_since_nobody_reads_it_again() -> None:
    def shrink(number: int, rows: list[dict[str, Any]]) -> None:
        if number < 12:
            del rows[:40]

    rows = per_day(TODAY, TODAY, 900)
    read = Read("reviews", "backfill", NOW, since=NOW - timedelta(days=1), until=NOW + timedelta(days=1))
    run = Run(connector(), ModelServer(list(rows), before=shrink), read)
    assert 3 < run.restarts <= ENGINE_RESTARTS
    assert {row["id"] for row in rows[11 * 40 :]} <= set(run.ids)


def test_a_few_rows_that_leave_between_pages_are_covered_by_the_overlap() -> None:
    def leave(number: int, rows: list[dict[str, Any]]) -> None:
        del rows[:2]

    server = ModelServer(per_day(TODAY, TODAY, 400), before=leave)
    run = Run(connector(), server, poll(cursor=TODAY))
    assert run.restarts == 3
    assert {row["id"] for row in server.rows} <= set(run.ids)


def test_an_inventory_that_comes_apart_is_begun_anew_until_it_is_whole_or_the_engine_gives_up() -> None:
    def shrink(number: int, rows: list[dict[str, Any]]) -> None:
        if number < 12:
            del rows[:40]

    rows = per_day(TODAY, TODAY, 900)
    swept = Run(connector(), ModelServer(list(rows), before=shrink), sweep("edits", TODAY))
    polled = Run(connector(), ModelServer(list(rows), before=shrink), poll(cursor=TODAY))
    assert polled.restarts == 3 < swept.restarts <= ENGINE_RESTARTS
    assert {row["id"] for row in rows[11 * 40 :]} <= set(swept.ids)


@pytest.mark.parametrize(
    ("name", "field", "filters"),
    [
        ("edits", "published_at", {}),
        ("changed", "published_at", {"is_changed": "true"}),
        ("replies", "reply_created_at", {"has_reply": "true"}),
        ("published", "reply_published_at", {"has_reply": "true"}),
    ],
)
def test_each_sweep_goes_by_its_own_date(name: str, field: str, filters: dict[str, str]) -> None:
    request = connector().request(sweep(name, date(2026, 10, 17)))
    assert request is not None
    assert request.params[f"{field}_from"] == "2026-10-15"
    assert request.params[f"{field}_to"] == "2026-10-22"
    assert {name: request.params.get(name) for name in filters} == filters
    assert not any(key.startswith("created_at") for key in request.params)


@pytest.mark.parametrize("inclusive", [True, False])
def test_an_inventory_lists_all_that_was_published_in_its_window(inclusive: bool) -> None:
    rows = per_day(TODAY - timedelta(days=60), TODAY + timedelta(days=1), 30)
    run = Run(connector(), ModelServer(rows, inclusive=inclusive), sweep("edits", TODAY - timedelta(days=60)))
    # In Kamchatka the day has already changed: such a review is published today by UTC, tomorrow by its own date.
    assert set(run.ids) == {row["id"] for row in rows}


def test_an_inventory_lists_a_review_whose_publication_cannot_be_read_by_its_collection() -> None:
    window = TODAY - timedelta(days=60)
    old = unreadable(1, published=TODAY - timedelta(days=900), collected=TODAY - timedelta(days=30))
    rows = [*per_day(window, TODAY, 2), old]
    server = ModelServer(rows)
    run = Run(connector(), server, sweep("edits", window))
    assert set(run.ids) == {row["id"] for row in rows}
    passes = [{name for name in request.params if name.endswith("_from")} for request in server.requests]
    assert passes == sorted(passes, key=lambda names: names == {"created_at_from"})
    for name in ("changed", "replies", "published"):
        field = {"changed": "published_at", "replies": "reply_created_at", "published": "reply_published_at"}[name]
        dated = [{**row, field: row["created_at"]} for row in rows]
        quick = ModelServer(dated)
        Run(connector(), quick, sweep(name, window))
        assert not [request for request in quick.requests if "created_at_from" in request.params], name


def test_a_backfill_goes_on_from_the_cursor_of_its_window() -> None:
    since, until = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 11, tzinfo=UTC)
    read = Read("reviews", "backfill", NOW, cursor={"created": "2026-05-08"}, since=since, until=until)
    rows = per_day(date(2026, 4, 1), date(2026, 6, 30), 3)
    run = Run(connector(), ModelServer(rows, inclusive=False), read)
    left = {row["id"] for row in rows if "2026-05-08" <= row["created_at"][:10] < "2026-05-11"}
    assert left <= set(run.ids)
    assert not {row["id"] for row in rows if row["created_at"][:10] < "2026-05-06"} & set(run.ids)


def test_a_backfill_reads_its_own_days_by_collection() -> None:
    since, until = datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 11, tzinfo=UTC)
    read = Read("reviews", "backfill", NOW, since=since, until=until)
    rows = per_day(date(2026, 4, 1), date(2026, 6, 30), 3)
    run = Run(connector(), ModelServer(rows, inclusive=False), read)
    wanted = {row["id"] for row in rows if "2026-05-01" <= row["created_at"][:10] < "2026-05-11"}
    assert wanted <= set(run.ids)
    assert len(run.ids) <= len(wanted) + 3 * 4


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("brackets", {"network_uuids[]": ["n1", "n2"]}),
        ("repeat", {"network_uuids": ["n1", "n2"]}),
        ("comma", {"network_uuids": "n1,n2"}),
    ],
)
def test_networks_stand_in_the_query_as_the_setting_says(style: str, expected: dict[str, Any]) -> None:
    request = connector(networks=["n1", "n2"], list_style=style).request(poll())
    assert request is not None
    assert {name: value for name, value in request.params.items() if name.startswith("network")} == expected


@pytest.mark.parametrize(
    "body",
    [
        b"<html>504 Gateway Time-out</html>",
        b"[]",
        b'{"data": []}',
        b'{"items": []}',
        b'{"items": [], "meta": {"total": null}}',
        b'{"items": [], "meta": {"total": 5, "limit": 100, "offset": 0}}',
    ],
)
def test_a_page_that_cannot_be_read_is_asked_for_again_and_says_what_came(body: bytes) -> None:
    request = connector().request(poll(cursor=TODAY))
    assert request is not None
    with pytest.raises(SourceError) as caught:
        connector().parse(Response(200, {}, body, request), poll(cursor=TODAY))
    assert caught.value.retry
    assert "/reviews" in str(caught.value)
    assert body[:20].decode() in str(caught.value)
