"""amoCRM against its sandbox over real HTTP: nothing missed, nothing made twice, every refusal told."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from hub.sdk import (
    AuthError,
    Created,
    DeliveryError,
    FollowUp,
    Link,
    Listed,
    Message,
    Missing,
    Page,
    Read,
    Request,
    Response,
    Sla,
    Ticket,
    TransientError,
)
from hub.testing import drive, read_references, walk
from hub_crm.customer import Card, Customer, Handle
from hub_crm.product import load
from plugins.crm.tests.conftest import MARKER, Open, Site

AGENT = "sandbox-amocrm-agent-token"


@pytest.fixture
def account(open_site: Open) -> Site:
    return open_site("amocrm")


def messages(site: Site, stream: str, **read: Any) -> dict[str, Any]:
    found = site.drafts(stream, **read)
    tickets = [draft.otherwise for draft in found if isinstance(draft, FollowUp) and draft.otherwise]
    return {message.source_id: message for ticket in tickets for message in ticket.messages}


def collapsed(text: str) -> str:
    return " ".join(text.split())


def known(site: Site, stream: str) -> dict[str, dict[str, Any]]:
    items = site.box.ledger("amocrm")["items"]
    return {item["source_id"]: item for item in items if item["stream"] == stream and not item["broken"]}


def task(site: Site, made: Created) -> dict[str, Any]:
    response = site.send(Request("GET", f"/api/v4/tasks/{made.external_id.removeprefix('task/')}"))
    row: dict[str, Any] = response.json()
    return row


@pytest.mark.parametrize("ordered", [True, False])
def test_a_poll_finds_every_task_lead_and_note_whatever_the_order(open_site: Open, ordered: bool) -> None:
    site = open_site("amocrm", options={"items": 130, "odd": 0.4}, read=("tasks", "leads"))
    site.box.change("amocrm", "account", ordered=ordered)
    for stream in ("tasks", "leads", "notes"):
        there, found = known(site, stream), messages(site, stream)
        assert found.keys() == there.keys()
        assert {key: collapsed(said.body) for key, said in found.items()} == {
            key: collapsed(item["text"]) for key, item in there.items()
        }


def test_a_later_poll_brings_what_changed_and_little_else(account: Site) -> None:
    cursor = account.cursor()
    number = next(key for key, item in known(account, "tasks").items() if item["status"] == "open")
    account.box.advance(3600)
    account.box.change("amocrm", "finish", id=number, text="Готово")
    added = account.box.change("amocrm", "add", text="Совсем новая")["source_id"]
    found = messages(account, "tasks", cursor=cursor)
    assert {number, f"{number}/result", added} <= found.keys()
    assert len(found) <= 5, "and what changed within the last minute before"


def test_nothing_new_costs_one_request_and_is_no_error(account: Site) -> None:
    assert account.reference
    account.sent.clear()
    assert account.drafts("tasks", cursor={"updated": int(account.now.timestamp()) + 9999}) == []
    (asked,) = account.sent
    assert "If-Modified-Since" in asked.headers


def test_rows_that_change_while_a_list_is_read_are_not_passed_over(open_site: Open) -> None:
    site = open_site("amocrm", options={"items": 200, "churn": 0.9})
    assert known(site, "tasks").keys() <= messages(site, "tasks").keys()


def test_more_tasks_of_one_second_than_a_page_holds_are_all_read(account: Site) -> None:
    added = {account.box.change("amocrm", "add", text=f"Задача {number}")["source_id"] for number in range(95)}
    assert added <= messages(account, "tasks").keys()


def test_a_deleted_task_is_missing_from_the_list_of_threads(account: Site) -> None:
    def threads() -> set[str]:
        found = account.drafts("tasks", "deleted")
        return {draft.thread for draft in found if isinstance(draft, Listed)}

    before = threads()
    number = next(iter(before)).removeprefix("task/")
    account.box.change("amocrm", "delete", id=number)
    assert before - threads() == {f"task/{number}"}


def test_a_result_that_is_taken_back_is_hidden(account: Site) -> None:
    number = account.box.change("amocrm", "add")["source_id"]
    drafts = account.drafts()
    assert any(getattr(draft, "source_id", "") == f"{number}/result" for draft in drafts)


# --- rights and refusals ----------------------------------------------------------------------------------------


def test_a_token_of_nobody_special_reads_all_but_names(account: Site) -> None:
    agent = account.make(key=AGENT)
    reference = read_references(agent, account.now, lambda request: account.send(request, agent))
    assert reference["people"] == []
    account.connector = agent
    account._reference = reference
    assert known(account, "tasks").keys() <= messages(account, "tasks").keys()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("revoke_key", {}), "401 .*make a new long-lived token"),
        (("account", {"unpaid": True}), "402 .*not paid for"),
    ],
)
def test_what_waits_for_a_person_pauses_the_instance(account: Site, change: Any, said: str) -> None:
    account.box.change("amocrm", change[0], **change[1])
    with pytest.raises(AuthError, match=said):
        assert account.reference


def test_too_many_requests_are_waited_for_and_a_ban_is_waited_for_longer(open_site: Open) -> None:
    site = open_site("amocrm", options={"limits": {"amocrm": "7/60s"}})
    request = site.connector.request(Read("tasks", "poll", site.now))
    assert request is not None
    faults = [site.connector.classify(site.send(request)) for _ in range(40)]
    assert faults[:7] == [None] * 7
    assert isinstance(faults[7], TransientError)
    assert faults[7].retry_after == timedelta(seconds=1)
    assert isinstance(faults[-1], TransientError)
    assert "blocks this account or address" in str(faults[-1])
    assert faults[-1].retry_after == timedelta(minutes=10)


def test_the_check_names_what_token_and_settings_lack(account: Site) -> None:
    assert account.lacking() == []
    account.connector = account.make(key=AGENT)
    assert [todo for _, todo in account.lacking()] == ["use a token of an administrator, if names are wanted"]
    account.connector = account.make(map={"department": {"law": {"responsible": 5}}})
    ((seen, todo),) = account.lacking()
    assert seen == "map.department.law: user 5 is not in the account"
    assert "3785711 (Олег Тихий)" in todo


# --- escalation -------------------------------------------------------------------------------------------------


def test_an_escalation_is_one_task_with_the_customers_words_the_link_and_the_mark(account: Site) -> None:
    (made,) = account.write(account.delivery())
    assert isinstance(made, Created)
    row = task(account, made)
    first, *lines = row["text"].splitlines()
    assert first == "Верните деньги [B]"
    assert "Клиент пришёл из соцсетей (vk.com)" in lines
    assert "Источник: https://vk.com/wall-1_7" in lines
    assert lines[-1] == f"[{MARKER}]"
    assert row["responsible_user_id"] == 3785711
    (case,) = account.case(made.external_id)
    assert (case.marker, case.state, case.assignee) == (MARKER, "open", "Олег Тихий")


@pytest.mark.parametrize(
    ("said", "title", "quoted"),
    [
        (["Верните деньги"], None, []),
        (["\n Верните деньги \n\nУже неделю жду"], None, ["> Уже неделю жду"]),
        (["Верните деньги", "Верните деньги"], None, ["> Верните деньги"]),
        (["Верните деньги"], "Отзыв", ["> Верните деньги"]),
        (["а" * 300], None, ["> " + "а" * 300]),
    ],
)
def test_the_customers_first_line_stands_in_the_task_once(
    account: Site, said: list[str], title: str | None, quoted: list[str], make_ticket: Callable[..., Ticket]
) -> None:
    (made,) = account.write(account.delivery(ticket=make_ticket(*said, title=title)))
    assert isinstance(made, Created)
    first, *lines = task(account, made)["text"].splitlines()
    assert first == (title or said[0].strip().splitlines()[0].strip()[:200])
    assert [line for line in lines if line.startswith(">") or line == first] == quoted


@pytest.mark.parametrize(
    ("fields", "hours"),
    [
        ({"priority": "high"}, 22),
        ({"priority": "urgent"}, 2),
        ({"sla": {"policy": "p", "resolution_due": "2026-10-20T14:00:00Z"}}, 5),
        ({"sla": {"policy": "p", "resolution_due": "2026-10-19T14:00:00Z"}}, 4),
    ],
)
def test_what_is_urgent_is_due_sooner_and_never_in_the_past(
    account: Site, fields: dict[str, Any], hours: int, make_ticket: Callable[..., Ticket]
) -> None:
    given = {**fields, **({"sla": Sla.model_validate(fields["sla"])} if "sla" in fields else {})}
    (made,) = account.write(account.delivery(ticket=make_ticket(**given)))
    assert isinstance(made, Created)
    assert task(account, made)["complete_till"] == int((account.now + timedelta(hours=hours)).timestamp())


def test_a_lost_answer_is_looked_up_before_anything_is_made(account: Site) -> None:
    sure = account.delivery()
    (made,) = account.write(sure)
    assert account.write(replace(sure, unsure_since=account.now)) == [made]
    nothing = account.write(replace(sure, marker=f"hub-{'2' * 24}", unsure_since=account.now))
    assert nothing[0] == Missing()
    assert isinstance(nothing[1], Created)
    assert len(account.writes("task.add")) == 2


def test_a_task_that_a_read_has_met_since_is_not_made_again(account: Site, make_link: Callable[[str], Link]) -> None:
    (made,) = account.write(account.delivery())
    assert isinstance(made, Created)
    assert account.write(account.delivery(link=make_link(made.external_id))) == []
    assert len(account.writes("task.add")) == 1


def test_a_department_has_its_own_responsible(open_site: Open) -> None:
    site = open_site("amocrm", map={"department": {"law": {"responsible": 3785710}}})
    (made,) = site.write(site.delivery(department="law"))
    assert isinstance(made, Created)
    (case,) = site.case(made.external_id)
    assert (case.department, case.assignee) == ("law", "Лада Юрская")


def test_what_is_new_goes_to_the_notes_of_the_customers_card_once(
    account: Site,
    make_ticket: Callable[..., Ticket],
    make_link: Callable[[str], Link],
    make_message: Callable[..., Message],
) -> None:
    complaint = make_ticket("Верните деньги, мой телефон 8 912 000-00-07")
    (made,) = account.write(account.delivery(ticket=complaint))
    assert isinstance(made, Created)
    assert task(account, made)["entity_type"] == "contacts"
    comment = account.delivery(
        effect="comment", link=make_link(made.external_id), messages=(make_message(3, "Ну?"),), marker=f"hub-{'3' * 24}"
    )
    account.write(comment)
    assert account.write(replace(comment, unsure_since=account.now)) == []
    told = [note for note in account.writes("note.add") if comment.marker in note["text"]]
    assert len(told) == 1


def followed(site: Site, made: Created) -> list[FollowUp]:
    """Return what a poll says of our case when it began after the last change of the list."""
    later = {"updated": int((site.now + timedelta(days=1)).timestamp())}
    found = site.drafts("tasks", cursor=later, cases=[made.external_id])
    return [draft for draft in found if isinstance(draft, FollowUp) and draft.external_id == made.external_id]


@pytest.mark.parametrize("read", [("tasks",), ("leads",)])
@pytest.mark.parametrize("ordered", [True, False])
def test_what_is_noted_on_the_card_of_an_own_task_comes_back_to_its_ticket_and_nothing_else(
    open_site: Open,
    read: tuple[str, ...],
    ordered: bool,
    make_ticket: Callable[..., Ticket],
    make_link: Callable[[str], Link],
    make_message: Callable[..., Message],
) -> None:
    site = open_site("amocrm", read=read)
    site.box.change("amocrm", "account", ordered=ordered)
    (made,) = site.write(site.delivery(ticket=make_ticket("Верните деньги, мой телефон 8 912 000-00-07")))
    assert isinstance(made, Created)
    card = task(site, made)["entity_id"]
    site.box.change("amocrm", "note", kind="contacts", id=card, text="в ту же секунду: ещё не о том")
    site.box.advance(60)
    ours = site.delivery(
        effect="comment", link=make_link(made.external_id), messages=(make_message(3, "Ну?"),), marker=f"hub-{'3' * 24}"
    )
    site.write(ours)
    site.box.change("amocrm", "note", kind="contacts", id=card, text="Клиент пришёл из соцсетей")
    noted = site.box.change("amocrm", "note", kind="contacts", id=card, text="Деньги вернули")["source_id"]
    case, *notes = followed(site, made)
    assert (case.marker, case.state) == (MARKER, "open")
    number = made.external_id.removeprefix("task/")
    assert [(one.source_id, one.body, one.direction) for note in notes for one in note.messages] == [
        (f"{number}/note/{noted}", "Деньги вернули", "note")
    ]
    assert all(note.otherwise is None for note in notes), "nobody else's task becomes a ticket by it"


def test_where_tasks_are_not_read_only_our_own_are(open_site: Open) -> None:
    site = open_site("amocrm", read=("leads",))
    (made,) = site.write(site.delivery())
    assert isinstance(made, Created)
    assert [stream.name for stream in site.connector.streams(site.reference)] == ["leads", "notes", "tasks"]
    assert site.drafts("tasks") == []
    assert [case.external_id for case in followed(site, made)] == [made.external_id]
    assert site.cursor("tasks") is None, "should tasks be read later, then from their beginning"


def test_an_own_case_moves_no_cursor(account: Site) -> None:
    (made,) = account.write(account.delivery())
    assert isinstance(made, Created)
    later = {"updated": int((account.now + timedelta(days=1)).timestamp())}
    read = Read("tasks", "poll", account.now, cursor=later, reference=account.reference, cases=[made.external_id])
    steps = walk(account.connector, read, account.send)
    assert [len(step.records) for step in steps] == [0, 1]
    assert steps[-1].cursor in (None, later)


def test_a_card_that_may_not_be_seen_is_told_and_stops_nothing(account: Site) -> None:
    read = Read("tasks", "poll", account.now)
    asked = Request("GET", "/api/v4/companies/5/notes", context={"what": "card", "card": "companies/5"})
    forbidden = Response(403, {}, b'{"title":"Forbidden","detail":"no"}', asked)
    assert account.connector.classify(forbidden) is None
    (warning,) = account.connector.parse(forbidden, read).warnings
    assert "the notes of companies/5 may not be read" in warning
    gone = Response(404, {}, b'{"title":"Not Found"}', asked)
    assert account.connector.classify(gone) is None
    assert account.connector.parse(gone, read) == Page()


def test_without_a_card_it_goes_to_the_end_of_the_task_once(
    account: Site, make_link: Callable[[str], Link], make_message: Callable[..., Message]
) -> None:
    (made,) = account.write(account.delivery())
    assert isinstance(made, Created)
    comment = account.delivery(
        effect="comment", link=make_link(made.external_id), messages=(make_message(3, "Ну?"),), marker=f"hub-{'3' * 24}"
    )
    for _ in range(2):
        assert account.write(comment) == []
    assert task(account, made)["text"].count("> Ну?") == 1
    (case,) = account.case(made.external_id)
    assert case.marker == MARKER, "the first marker is the case's"


def test_what_is_answered_there_comes_back_and_our_own_word_is_an_echo(
    account: Site, make_link: Callable[[str], Link]
) -> None:
    (made,) = account.write(account.delivery())
    assert isinstance(made, Created)
    account.box.change("amocrm", "finish", id=made.external_id.removeprefix("task/"), text="Деньги вернули")
    (case,) = account.case(made.external_id)
    assert (case.state, case.status) == ("solved", "completed")
    assert [(message.body, message.echo_of) for message in case.messages] == [("Деньги вернули", None)]
    change = account.delivery(effect="change", link=make_link(made.external_id), changes={"state": "open"})
    account.write(change)
    assert task(account, made)["is_completed"] is False
    account.write(replace(change, changes={"state": "closed"}))
    (case,) = account.case(made.external_id)
    assert case.state == "solved"
    assert [message.echo_of for message in case.messages] == [MARKER]


@pytest.mark.parametrize("effect", ["comment", "change"])
def test_a_task_that_is_gone_is_told(
    account: Site, effect: Any, make_link: Callable[[str], Link], make_message: Callable[..., Message]
) -> None:
    gone = account.delivery(
        effect=effect, link=make_link("task/99999"), messages=(make_message(1, "?"),), changes={"state": "open"}
    )
    with pytest.raises(DeliveryError, match="amoCRM refuses"):
        account.write(gone)


def test_what_the_account_finds_wrong_is_told_in_its_words(account: Site) -> None:
    def send(request: Request) -> Any:
        spoiled = replace(request, json=[{"text": "x"}]) if request.method == "POST" else request
        return account.send(spoiled)

    with pytest.raises(DeliveryError, match=r"400 Request validation failed; complete_till: This field is missing"):
        drive(account.connector, account.connector.escalate(account.delivery()), send)


# --- customers --------------------------------------------------------------------------------------------------


def test_a_customer_who_left_a_phone_is_noted_once(account: Site, make_ticket: Callable[..., Ticket]) -> None:
    complaint = make_ticket("Верните деньги, мой телефон 8 912 000-00-07", tags=("do-not-call",))
    for digit in "45":
        account.write(account.delivery(ticket=complaint, marker=f"hub-{digit * 24}"))
    (noted,) = account.writes("note.add")
    assert noted["text"] == "Ники клиента: vk.com: vera_k\nКлиент пришёл из соцсетей\nПросил не звонить"


def test_two_customers_with_one_phone_are_not_told_apart(account: Site, make_ticket: Callable[..., Ticket]) -> None:
    (made,) = account.write(account.delivery(ticket=make_ticket("звоните +79120000009")))
    assert isinstance(made, Created)
    assert task(account, made)["entity_id"] is None
    assert account.writes("note.add") == []


def test_own_fields_hold_nickname_and_flags_and_find_the_customer_again(open_site: Open) -> None:
    fields = {"nickname_field_id": 501, "do_not_call_field_id": 502, "social_field_id": 503}
    site = open_site("amocrm", **fields)
    product = load("amocrm")(site.connector.config)
    customer = Customer(handles=(Handle("vk.com", "vera_k"),), social=True, do_not_call=True)
    assert site.run(product.find_customer(customer)) == ()
    (card,) = site.run(product.find_customer(Customer(emails=("vera@example.com",))))
    assert isinstance(card, Card)
    for _ in range(2):
        site.run(product.note_customer(card, customer))
    assert len(site.writes("contact.update")) == 1
    assert site.run(product.find_customer(customer)) == (card,)
