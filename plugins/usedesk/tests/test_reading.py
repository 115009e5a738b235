"""How what people in Usedesk do is read back."""

import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.sdk import Read, RecordError, Request, Response, SourceError, plain_text
from hub.testing import walk
from hub_usedesk import assumed, words
from hub_usedesk.values import minute, moment, text_id


def read_ids(account: Any, **fields: Any) -> Counter[str]:
    """Return how often each of our tickets was read in a poll."""
    return Counter(draft.external_id for draft in account.drafts(**fields))


def cursor(account: Any, **fields: Any) -> dict[str, Any]:
    found = [step.cursor for step in account.read(**fields) if step.cursor]
    return dict(found[-1])


def test_only_our_own_tickets_are_read_further(account: Any) -> None:
    ident = account.made()
    account.sent.clear()
    assert read_ids(account) == {ident: 1}
    assert [request.json["ticket_id"] for request in account.sent if request.path == "/ticket"] == [int(ident)]


def test_a_ticket_that_is_known_is_read_though_its_marker_was_taken_away(account: Any) -> None:
    ident = account.made()
    account.change("untag", id=ident, tags=[account.marker])
    start = {"updated": account.start.isoformat()}
    assert read_ids(account, cursor=start) == {}
    assert read_ids(account, cursor=start, cases=(ident,)) == {ident: 1}


def test_a_poll_goes_on_two_minutes_before_the_last_change(account: Any) -> None:
    account.made()
    account.later(600)
    after = cursor(account)
    assert after["updated"] == account.start.isoformat()
    request = account.connector.request(Read("tickets", "poll", account.now, cursor=after))
    assert request.json["updated_after"] == "2026-10-20 08:58"


def test_the_cursor_goes_neither_back_nor_into_the_future(account: Any) -> None:
    account.made()
    late = {"updated": (account.start + timedelta(minutes=1)).isoformat()}
    assert cursor(account, cursor=late)["updated"] == late["updated"]
    account.now -= timedelta(hours=3)
    assert cursor(account)["updated"] == account.now.isoformat(), "times of another zone would hide three hours"


def test_what_was_read_is_not_read_again_before_it_changes(account: Any) -> None:
    ident = account.made()
    account.later(60)
    after = cursor(account)
    assert read_ids(account, cursor=after) == {}
    account.change("tag", id=ident, tags=["vip"])
    account.later(60)
    assert read_ids(account, cursor=after) == {ident: 1}
    changed = cursor(account, cursor=after)
    assert {key[0] for key in changed["had"]} == {ident}
    account.later(600)
    assert read_ids(account, cursor=changed) == {}


def test_what_changed_a_moment_ago_is_read_once_more(account: Any) -> None:
    ident = account.made()
    account.later(3)
    assert read_ids(account, cursor=cursor(account)) == {ident: 1}, "more may have happened within that second"


def test_a_walk_over_many_pages_misses_nothing_though_rows_move(open_account: Any) -> None:
    account = open_account(items=350, history_days=1, churn=1.0)
    ids = [account.made(marker=f"hub-{number:024}") for number in range(3)]
    account.change("bulk_touch", count=350)  # more than three pages within one second
    account.later(120)
    account.change("tag", id=ids[0], tags=["vip"])
    found = read_ids(account)
    assert set(found) == set(ids)


def test_within_one_minute_the_walk_goes_by_offset_with_one_row_of_overlap(open_account: Any) -> None:
    account = open_account(items=250, history_days=1)
    ident = account.made()
    account.change("bulk_touch", count=251)
    account.later(30)
    account.sent.clear()
    assert read_ids(account, cursor={"updated": account.start.isoformat()}) == {ident: 1}
    asked = [request.json for request in account.sent if request.path == "/tickets"]
    assert [body["offset"] for body in asked] == [0, 0, 99, 198]


def test_a_list_that_moved_within_its_minute_is_begun_anew(open_account: Any) -> None:
    account = open_account(items=150, history_days=1)
    account.change("bulk_touch", count=150)
    moved: list[int] = []

    def send(request: Request) -> Response:
        if request.json.get("offset") == 99 and not moved:
            oldest = sorted(account.box.ledger("usedesk")["items"], key=lambda one: int(one["source_id"]))[0]
            moved.append(1)
            account.box.advance(1)
            account.change("priority", id=oldest["source_id"], priority="extreme")
        response: Response = account.send(request)
        return response

    begin = {"updated": (account.start + timedelta(minutes=2)).isoformat()}
    steps = walk(account.connector, Read("tickets", "poll", account.now, cursor=begin), send)
    assert len([step for step in steps if step.page.restart]) == 1


def test_the_first_poll_reads_what_is_known_by_id_and_so_does_the_sweep(account: Any) -> None:
    ident = account.made()
    account.later(3 * 86400)
    assert read_ids(account) == {}
    assert read_ids(account, cases=(ident, "no id")) == {ident: 1}
    assert read_ids(account, mode="sweep", cases=(ident,)) == {ident: 1}
    assert account.read("sweep") == []


def test_a_backfill_reads_nothing(account: Any) -> None:
    assert account.connector.request(Read("tickets", "backfill", account.now)) is None


# --- what a ticket says -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state", "name"),
    [
        (1, "open", "Открыт"),
        (2, "solved", "Выполнен"),
        (3, "closed", "Закрыт"),
        (4, "hidden", "Удален"),
        (5, "on_hold", "На удержании"),
        (6, "pending", "В ожидании"),
        (7, "closed", "Спам"),
        (8, "new", "Новый"),
        (9, None, "Рассылка"),
    ],
)
def test_each_status_says_where_the_case_stands(account: Any, status: int, state: Any, name: str) -> None:
    ident = account.made()
    account.change("status", id=ident, status=status)
    case = account.case(ident)
    assert (case.state, case.status) == (state, name)
    assert case.category == ("spam" if status == 7 else None)


def test_a_status_of_the_accounts_own_is_asked_for_once_and_then_known(account: Any) -> None:
    ident = account.made()
    account.change("status", id=ident, status=11)
    for step in (account.read()[0], account.read("sweep", cases=(ident,))[0]):
        assert "statuses = { 11 = " in step.page.warnings[0]
    assert (account.case(ident).state, account.case(ident).status) == (None, "11")
    account.make(statuses={"11": "pending"})
    (step,) = account.read("sweep", cases=(ident,))
    assert step.page.warnings == ()
    assert account.case(ident).state == "pending"


def test_people_groups_queue_priority_and_tags_come_back_in_our_words(account: Any) -> None:
    account.make(map={"queue": {"claims": {"group": 12}, "maps": {"group": 13}}}, site="https://desk.example/")
    ident = account.made()
    account.change("assign", id=ident, user=43, group=13)
    account.change("priority", id=ident, priority="low")
    account.change("tag", id=ident, tags=["vip"])
    case = account.case(ident)
    assert (case.assignee, case.department, case.queue) == ("Лада Юрская", "Карты и отзывы", "maps")
    assert (case.priority, case.tags, case.marker) == ("low", ("vip",), account.marker)
    assert case.url == f"https://desk.example/tickets/{ident}"


def test_without_the_right_to_list_people_ids_stand_in_their_place(account: Any) -> None:
    ident = account.made()
    account.change("assign", id=ident, user=43, group=13)
    for path in ("/users", "/groups"):
        account.change("refuse", path=path, text="Недостаточно прав", times=1)
    case = account.case(ident)
    assert (case.assignee, case.department) == ("43", "13")


def test_the_category_comes_from_the_field_that_the_settings_name(account: Any) -> None:
    account.make(category_field=60, categories={"Возврат": "complaint"})
    ident = account.made()
    for value, category in (("возврат", "complaint"), ("Благодарность", "praise"), ("Неведомое", None)):
        account.change("field", id=ident, field=60, value=value)
        assert account.case(ident).category == category


@pytest.mark.parametrize("told", [True, False])
def test_a_merged_ticket_names_the_other_where_its_changes_do(account: Any, told: bool) -> None:
    other, ident = account.made(), account.made()
    account.change("merge", id=ident, into=other, told=told)
    case = account.case(ident)
    assert (case.merged_into, case.state, case.status) == (other if told else None, None, "Объединен")


def test_a_ticket_that_is_gone_is_deleted_there_and_stops_nothing(account: Any) -> None:
    gone, there = account.made(), account.made()
    account.change("purge", id=gone)
    drafts = account.drafts("sweep", cases=(gone, there))
    assert [(one.external_id, one.state) for one in drafts] == [(there, "new"), (gone, "hidden")]


def test_that_nearly_all_are_gone_is_not_believed(account: Any) -> None:
    there = account.made()
    cases = (*(str(number) for number in range(1, 9)), there)
    steps = account.read("sweep", cases=cases)
    assert [len(step.records) for step in steps] == [0] * 8 + [1]
    assert "8 of 9 tickets of ours are not found, too many to believe" in steps[-1].page.warnings[0]


def test_a_ticket_that_cannot_be_read_for_another_reason_is_warned_of_and_left(account: Any) -> None:
    ident, other = account.made(), account.made()
    account.change("refuse", path="/ticket", text="Внутренняя ошибка", code=9)
    steps = account.read("sweep", cases=(ident, other))
    assert f"ticket {ident} could not be read: Внутренняя ошибка (code 9)" in steps[0].page.warnings[0]
    assert [len(step.records) for step in steps] == [0, 1]


def test_comments_come_back_by_who_speaks_to_whom_and_ours_do_not(account: Any, tools: Any) -> None:
    ident = account.made()
    asked = {"effect": "comment", "link": tools.link(ident)}
    account.write(account.delivery(**asked, messages=(tools.message(5, "Ещё слова клиента"),)))
    account.write(account.delivery(**asked, messages=(tools.message(6, "Наши слова", direction="out"),)))
    for action, text in (("answer", "Публично"), ("note", "Внутри"), ("auto_answer", "Робот"), ("write", "Клиент сам")):
        account.change(action, id=ident, text=text)
    said = [(one.direction, one.body, one.author.name if one.author else None) for one in account.case(ident).messages]
    assert said == [
        ("out", "Публично", "Ирина Кравец"),
        ("note", "Внутри", "Ирина Кравец"),
        ("note", "Робот", None),
        ("in", "Клиент сам", None),
    ]


def test_an_answer_in_which_an_agent_quotes_our_words_is_an_answer(account: Any, tools: Any) -> None:
    ident = account.made()
    quoted = words.comment((tools.message(5, "Ещё слова клиента"),), "ru")
    account.change("answer", id=ident, text=f"{quoted}<p>Спасибо, разберёмся</p>")
    (answer,) = account.case(ident).messages
    assert answer.direction == "out"
    assert answer.body.endswith("Спасибо, разберёмся")


def test_with_a_ticket_merged_into_ours_the_customers_own_first_words_come(account: Any) -> None:
    ident = account.made()
    record = account.ask("/ticket", ticket_id=ident)
    other = {"id": "7", "message": "<p>Писал вам на почту</p>", "from": "client", "type": "public", "is_first": True}
    record["comments"].insert(0, {**other, "published_at": "2026-10-20 08:00:00"})
    case = account.connector.normalize(record, Read("tickets", "poll", account.now))
    assert [(one.direction, one.body) for one in case.messages] == [("in", "Писал вам на почту")]


def test_ours_are_known_though_the_desk_cleans_markup_away(account: Any, tools: Any) -> None:
    ticket = tools.ticket(*(f"№ {number} " + "длинно " * 4000 for number in range(3)))
    for text in (
        words.case(account.delivery(ticket=ticket), "en"),
        words.comment(ticket.messages[:1], "ru"),
        words.comment((tools.message(1, "x", direction="out"),), "en"),
    ):
        assert words.is_ours(plain_text(text))
        assert words.is_ours(" ".join(re.sub("<[^>]+>", " ", text).split()))
    for text in ("Верните деньги", "Новое сообщение клиента: когда?", "Было 2026-10-20 07:00:30 UTC", ""):
        assert not words.is_ours(text)


def test_ids_of_comments_never_meet_those_of_tickets(account: Any) -> None:
    ident = account.made()
    account.change("answer", id=ident, text="Да")
    (message,) = account.case(ident).messages
    assert message.source_id.startswith(f"{ident}/comment/")


def test_a_record_without_an_id_is_refused(account: Any) -> None:
    with pytest.raises(RecordError, match="has no id"):
        account.connector.normalize({"ticket": {}}, Read("tickets", "poll", account.now))


@pytest.mark.parametrize("body", [b"{}", b"null", b'"x"', b"<html>"])
def test_what_is_no_list_keeps_the_stream_where_it_stands(account: Any, body: bytes) -> None:
    read = Read("tickets", "poll", account.now)
    request = account.connector.request(read)
    with pytest.raises(SourceError) as refused:
        account.connector.parse(Response(200, {}, body, request), read)
    assert refused.value.retry


def test_names_are_paged_should_there_be_many(account: Any) -> None:
    read = Read("", "reference", account.now, name="users")
    request = account.connector.request(read)
    rows = b"[" + b",".join(b'{"id": %d, "name": "A"}' % (number + 1) for number in range(assumed.NAMES_PAGE)) + b"]"
    page = account.connector.parse(Response(200, {}, rows, request), read)
    assert page.next_request.json == {"offset": 100}
    again = account.connector.parse(Response(200, {}, rows, page.next_request), read)
    assert again.next_request is None, "a list that knows no offset comes again and again"


# --- values -------------------------------------------------------------------------------------------------------


def test_ids_are_the_same_as_numbers_and_as_text() -> None:
    assert [text_id(value) for value in (7, "7", " 07 ")] == ["7"] * 3
    assert [text_id(value) for value in (0, "0", None, "null", True, -7, 7.0, "x", "٣", "9" * 30)] == [""] * 10


def test_times_are_utc_without_saying_so() -> None:
    assert moment("2026-03-04 07:00:00") == datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert moment("2026-03-04T10:00:00+03:00") == datetime(2026, 3, 4, 7, tzinfo=UTC)
    assert [moment(value) for value in ("", "0000-00-00 00:00:00", None, 7)] == [None] * 4
    assert minute(datetime(2026, 3, 4, 7, 5, 59, tzinfo=UTC)) == "2026-03-04 07:05"


def test_files_are_links_whatever_their_shape() -> None:
    listed = ["https://a.example/1.png", {"file": "https://a.example/2", "name": "b"}, {"url": "ftp://x"}, 7, None]
    found = assumed.files({"files": listed})
    assert [(one.url, one.name) for one in found] == [("https://a.example/1.png", None), ("https://a.example/2", "b")]


def test_following_reads_the_newest_references(account: Any) -> None:
    record = {"ticket": {"id": 7, "status_id": "1", "assignee_id": 41}}
    read = Read("tickets", "poll", account.now, reference={"users": [{"id": "41", "name": "А"}]})
    named = [
        account.connector.normalize(record, one).assignee
        for one in (read, replace(read, reference={"users": [{"user_id": 41, "first_name": "Б", "last_name": "В"}]}))
    ]
    assert named == ["А", "Б В"]
