"""Bitrix24 against its sandbox over real HTTP: nothing missed, nothing made twice, every refusal told."""

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
    Read,
    Request,
    Response,
    SourceError,
    Ticket,
    TransientError,
)
from hub.testing import drive, read_references
from hub_crm.customer import Card, Customer, Handle
from hub_crm.product import load
from plugins.crm.tests.conftest import MARKER, Open, Site


@pytest.fixture
def portal(open_site: Open) -> Site:
    return open_site("bitrix24")


def messages(site: Site, stream: str, name: str = "", **read: Any) -> dict[str, Any]:
    found = site.drafts(stream, name, **read)
    tickets = [draft.otherwise for draft in found if isinstance(draft, FollowUp) and draft.otherwise]
    return {message.source_id: message for ticket in tickets for message in ticket.messages}


def collapsed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("chats", [True, False])
def test_a_poll_finds_every_task_lead_and_deal_with_all_that_was_said(open_site: Open, chats: bool) -> None:
    site = open_site("bitrix24", options={"items": 130, "odd": 0.4}, read=("tasks", "leads", "deals"))
    site.box.change("bitrix24", "portal", chats=chats)
    items = site.box.ledger("bitrix24")["items"]
    for stream in ("tasks", "leads", "deals"):
        known = {item["source_id"]: item for item in items if item["stream"] == stream}
        found = messages(site, stream)
        # Of a task that cannot be read, what was said about it is there all the same.
        assert {key for key, item in known.items() if not item["broken"]} <= found.keys() <= known.keys()
        for source_id, said in found.items():
            assert collapsed(said.body) == collapsed(known[source_id]["text"])
            assert said.direction == ("note" if known[source_id]["comment"] else "in")


def test_a_later_poll_brings_what_changed_and_little_else(portal: Site) -> None:
    cursor = portal.cursor()
    number = next(iter(messages(portal, "tasks"))).partition("/")[0]
    portal.box.advance(3600)
    portal.now += timedelta(hours=1)
    portal.box.change("bitrix24", "work", id=number)
    added = portal.box.change("bitrix24", "add", text="Совсем новая")["source_id"]
    found = messages(portal, "tasks", cursor=cursor)
    assert {number, added} <= found.keys()
    assert {key.partition("/")[0] for key in found} == {number, added}


def test_a_comment_on_an_open_task_that_did_not_change_is_found_by_the_sweep(portal: Site) -> None:
    cursor = portal.cursor()
    number = portal.box.change("bitrix24", "add", text="Открытая")["source_id"]
    portal.box.advance(7200)
    portal.now += timedelta(hours=2)
    portal.box.change("bitrix24", "comment", id=number, text="Жду склад")
    polled = messages(portal, "tasks", cursor={**(cursor or {}), "changed": "2026-10-20T10:00:00+00:00"})
    assert "Жду склад" not in [said.body for said in polled.values()]
    assert "Жду склад" in [said.body for said in messages(portal, "tasks", "comments").values()]


def test_a_deleted_task_is_missing_from_the_list_of_threads(portal: Site) -> None:
    def threads() -> set[str]:
        found = portal.drafts("tasks", "deleted")
        assert all(isinstance(draft, Listed) for draft in found)
        return {draft.thread for draft in found if isinstance(draft, Listed)}

    before = threads()
    number = next(iter(before)).removeprefix("task/")
    portal.box.change("bitrix24", "delete", id=number)
    assert before - threads() == {f"task/{number}"}


def test_changes_during_a_walk_lose_no_task(open_site: Open) -> None:
    site = open_site("bitrix24", options={"items": 180, "churn": 0.9})
    known = {item["source_id"] for item in site.box.ledger("bitrix24")["items"] if item["stream"] == "tasks"}
    broken = {item["source_id"] for item in site.box.ledger("bitrix24")["items"] if item["broken"]}
    assert known - broken <= messages(site, "tasks").keys()


# --- rights and refusals ----------------------------------------------------------------------------------------


def test_a_webhook_without_the_scope_for_comments_is_told_which_one_to_tick(portal: Site) -> None:
    poor = portal.make(key="sandboxbitrix24tasks")
    with pytest.raises(AuthError, match=r"may not call im\.dialog\.messages\.get: tick the scope im of the webhook"):
        read_references(poor, portal.now, lambda request: portal.send(request, poor))


def test_a_webhook_without_the_scope_crm_is_told_so_only_where_leads_are_read(portal: Site) -> None:
    poor = portal.make(key="sandboxbitrix24tasks", read=("leads",))
    with pytest.raises(AuthError, match="tick the scope crm"):
        read_references(poor, portal.now, lambda request: portal.send(request, poor))
    portal.box.change("bitrix24", "portal", chats=False)
    fine = portal.make(key="sandboxbitrix24tasks")
    assert read_references(fine, portal.now, lambda request: portal.send(request, fine))["stages"] == []


def test_a_webhook_that_is_gone_pauses_the_instance(portal: Site) -> None:
    portal.box.change("bitrix24", "revoke_key")
    with pytest.raises(AuthError, match=r"401 .*make a new inbound webhook"):
        portal.drafts()


def test_503_that_means_stop_pauses_and_503_that_means_wait_is_waited_for(open_site: Open) -> None:
    site = open_site("bitrix24", options={"limits": {"bitrix24": "3/60s"}})
    request = site.connector.request(Read("tasks", "poll", site.now))
    assert request is not None
    answers = [site.send(request) for _ in range(4)]
    error = site.connector.classify(answers[-1])
    assert answers[-1].status == 503
    assert isinstance(error, TransientError)
    assert error.undone
    assert error.retry_after == timedelta(seconds=1)
    site.box.change("bitrix24", "portal", overloaded=True)
    fresh = open_site("bitrix24")
    fresh.box.change("bitrix24", "portal", overloaded=True)
    stopped = fresh.connector.classify(fresh.send(request))
    assert isinstance(stopped, AuthError)
    assert "OVERLOAD_LIMIT" in str(stopped)


def test_a_method_whose_run_time_is_used_up_rests_until_its_oldest_slot_drops_out(portal: Site) -> None:
    assert portal.reference
    portal.box.change("bitrix24", "spend", method="tasks.task.list")
    with pytest.raises(TransientError, match="OPERATION_TIME_LIMIT") as error:
        portal.drafts()
    assert error.value.retry_after is not None
    assert timedelta(minutes=9) < error.value.retry_after <= timedelta(minutes=10)

    assert (error.value.limit, error.value.undone) == ("tasks.task.list", True)


def test_a_method_that_rests_shares_no_limit_with_others_but_the_one_for_all(portal: Site) -> None:
    def names(request: Request) -> list[str]:
        return [limit.name for limit in portal.connector.limits(request)]

    listing = portal.connector.request(Read("tasks", "poll", portal.now, reference=portal.reference))
    assert listing is not None
    assert names(listing) == ["requests", "tasks.task.list"]
    portal.drafts()
    chats = next(request for request in portal.sent if request.context.get("what") == "chats")
    assert names(chats) == ["requests", "batch", "tasks.task.get", "im.dialog.messages.get"]
    portal.write(portal.delivery())
    assert names(portal.sent[-1]) == ["requests", "tasks.task.add"]


def test_run_time_used_up_within_a_batch_lets_the_whole_page_wait(portal: Site) -> None:
    assert portal.reference
    portal.box.change("bitrix24", "spend", method="im.dialog.messages.get")
    with pytest.raises(TransientError, match="OPERATION_TIME_LIMIT") as error:
        portal.drafts()
    assert error.value.limit == "im.dialog.messages.get"


def test_a_plan_without_rest_is_told(portal: Site) -> None:
    portal.box.change("bitrix24", "portal", rest=False)
    with pytest.raises(AuthError, match=r"403 .*ACCESS_DENIED.*plan has no REST"):
        assert portal.reference


def test_the_check_names_what_webhook_and_settings_lack(portal: Site) -> None:
    assert portal.lacking() == []
    portal.connector = portal.make(key="sandboxbitrix24tasks", responsible=21, marker_field="UF_HUB_ID")
    seen = dict(portal.lacking())
    assert list(seen.values()) == [
        "tick the scope tasks of the webhook",
        "tick the scope crm of the webhook",
        "write the id of somebody who does: 1, 7, 9, 12, 15",
        "an administrator makes it with task.item.userfield.add; or take the setting out",
    ]
    portal.box.change("bitrix24", "portal", own_field="UF_HUB_ID")
    law = {"department": {"law": {"group": 32, "responsible": 777}}}
    portal.connector = portal.make(responsible=None, map=law, marker_field="UF_HUB_ID")
    assert "map.department.law: user 777 does not work on the portal (any more)" in [
        said for said, _ in portal.lacking()
    ]


def test_the_check_names_groups_of_the_map_that_are_not_there(portal: Site) -> None:
    targets = {"department": {"law": {"group": 32}, "claims": {"group": 77}}, "queue": {"all": {"group": "77"}}}
    portal.connector = portal.make(map=targets)
    assert [said for said, _ in portal.lacking()] == [
        "map.queue.all: the portal has no group 77, or the webhook's user does not see it",
        "map.department.claims: the portal has no group 77, or the webhook's user does not see it",
    ]
    portal.connector = portal.make(map=targets, key="sandboxbitrix24tasks")
    assert "tick the scope sonet_group of the webhook" in [todo for _, todo in portal.lacking()]
    portal.sent.clear()
    portal.connector = portal.make(map={"department": {"law": {"responsible": 12}}})
    assert portal.lacking() == []
    assert not any("sonet_group" in request.path for request in portal.sent), "where the map names none"


# --- escalation -------------------------------------------------------------------------------------------------


def test_an_escalation_is_one_task_with_the_customers_words_the_link_and_the_mark(portal: Site) -> None:
    (made,) = portal.write(portal.delivery())
    assert isinstance(made, Created)
    row = task_row(portal, made)
    assert row["responsibleId"] == "9"
    assert row["priority"] == "2"
    assert row["xmlId"] == MARKER
    assert "Клиент пришёл из соцсетей (vk.com)" in row["description"]
    assert "Вера К. (@vera_k)" in row["description"]
    assert "[\u200bB]" in row["description"], "what the customer typed is no markup"
    assert "[URL=https://vk.com/wall-1_7]" in row["description"]
    (case,) = portal.case(made.external_id)
    assert case.marker == MARKER
    assert (case.state, case.status, case.assignee) == ("new", "waiting", "Лада Юрская")


def task_row(site: Site, made: Created) -> dict[str, Any]:
    number = int(made.external_id.removeprefix("task/"))
    select = ["ID", "TITLE", "DESCRIPTION", "PRIORITY", "RESPONSIBLE_ID", "GROUP_ID", "XML_ID", "STATUS", "UF_CRM_TASK"]
    response = site.send(Request("POST", "/rest/tasks.task.get", json={"taskId": number, "select": select}))
    row: dict[str, Any] = response.json()["result"]["task"]
    return row


def test_a_department_has_its_own_group_and_responsible(open_site: Open) -> None:
    site = open_site(
        "bitrix24", map={"department": {"law": {"group": 32, "responsible": 12}}, "queue": {"q": {"group": 31}}}
    )
    (made,) = site.write(site.delivery(department="law"))
    assert isinstance(made, Created)
    row = task_row(site, made)
    assert (row["groupId"], row["responsibleId"]) == ("32", "12")
    (case,) = site.case(made.external_id)
    assert (case.department, case.assignee) == ("law", "Олег Тихий")


def test_a_group_that_the_portal_does_not_have_is_refused_and_spoils_no_reading(open_site: Open) -> None:
    site = open_site("bitrix24", map={"queue": {}, "department": {"law": {"group": 12, "responsible": 12}}})
    with pytest.raises(DeliveryError, match="Группа 12 не найдена"):
        site.write(site.delivery(department="law"))
    assert site.send(Request("POST", "/rest/tasks.task.list", json={})).status == 200


def test_without_anybody_responsible_it_says_where_to_write_one(portal: Site) -> None:
    portal.connector = portal.make(responsible=None)
    with pytest.raises(DeliveryError, match=r"department\.claims a responsible"):
        portal.write(portal.delivery(department="claims"))
    assert portal.writes("task.add") == []


def test_a_second_try_with_the_same_key_makes_no_second_task(portal: Site) -> None:
    first = portal.write(portal.delivery())
    assert portal.write(portal.delivery()) == first
    assert len(portal.writes("task.add")) == 1


@pytest.mark.parametrize("chats", [True, False])
def test_a_lost_answer_makes_no_second_task_after_the_portal_has_forgotten_the_key(
    portal: Site, chats: bool, make_ticket: Callable[..., Ticket]
) -> None:
    portal.box.change("bitrix24", "portal", chats=chats)
    sure = portal.delivery()
    made = portal.write(sure)
    (create,) = [request for request in portal.sent if request.path.endswith("tasks.task.add")]
    assert not create.repeatable, "the engine notes before it is sent that its outcome may get lost"
    portal.box.advance(26 * 3600)
    later = replace(sure, ticket=make_ticket("Ну?"), now=portal.now + timedelta(hours=26), unsure_since=portal.now)
    assert portal.write(later) == made
    assert len(portal.writes("task.add")) == 1


def test_a_second_try_with_other_words_finds_the_first_task(portal: Site, make_ticket: Callable[..., Ticket]) -> None:
    first = portal.write(portal.delivery())
    again = portal.write(portal.delivery(ticket=make_ticket("Верните деньги", "Ну?")))
    assert again == first
    assert len(portal.writes("task.add")) == 1


@pytest.mark.parametrize("kind", ["task", "lead"])
@pytest.mark.parametrize("chats", [True, False])
def test_a_case_that_a_read_has_met_since_is_not_made_again(
    open_site: Open, kind: str, chats: bool, make_link: Callable[[str], Link]
) -> None:
    site = open_site("bitrix24", escalate_as=kind)
    site.box.change("bitrix24", "portal", chats=chats)
    (made,) = site.write(site.delivery())
    assert isinstance(made, Created)
    assert site.write(site.delivery(link=make_link(made.external_id))) == []
    assert len(site.writes("task.add")) + len(site.writes("item.add")) == 1


@pytest.mark.parametrize("field", [None, "UF_HUB_ID"])
def test_on_an_older_portal_a_lost_answer_is_looked_up_before_anything_is_made(
    open_site: Open, field: str | None
) -> None:
    site = open_site("bitrix24", marker_field=field)
    site.box.change("bitrix24", "portal", chats=False, own_field="UF_HUB_ID")
    sure = site.delivery()
    (made,) = site.write(sure)
    assert site.write(replace(sure, unsure_since=site.now)) == [made]
    assert len(site.writes("task.add")) == 1
    nothing = site.write(replace(sure, marker=f"hub-{'2' * 24}", unsure_since=site.now))
    assert nothing[0] == Missing()
    assert isinstance(nothing[1], Created)
    assert len(site.writes("task.add")) == 2


@pytest.mark.parametrize("chats", [True, False])
def test_what_is_new_is_told_once_and_comes_back_as_an_echo(
    portal: Site, chats: bool, make_link: Callable[[str], Link], make_message: Callable[..., Message]
) -> None:
    portal.box.change("bitrix24", "portal", chats=chats)
    (made,) = portal.write(portal.delivery())
    assert isinstance(made, Created)
    comment = portal.delivery(
        effect="comment",
        link=make_link(made.external_id),
        messages=(make_message(3, "Ну что там?"),),
        marker=f"hub-{'3' * 24}",
    )
    facts = portal.write(comment)
    assert portal.write(replace(comment, unsure_since=portal.now)) == []
    assert len(portal.writes("comment.add")) == 1
    said = [message for case in portal.case(made.external_id) for message in case.messages]
    assert [message.echo_of for message in said] == [comment.marker]
    assert "Ну что там?" in said[0].body
    assert facts == (
        [] if chats else [Created(f"{made.external_id.removeprefix('task/')}/{said[0].source_id.partition('/')[2]}")]
    )


def test_what_is_said_there_comes_back_to_the_case(portal: Site) -> None:
    (made,) = portal.write(portal.delivery())
    assert isinstance(made, Created)
    number = made.external_id.removeprefix("task/")
    portal.box.change("bitrix24", "comment", id=number, text="Деньги вернули")
    portal.box.change("bitrix24", "assign", id=number, responsible=12, group=32)
    portal.box.change("bitrix24", "finish", id=number)
    first, *rest = portal.case(made.external_id)
    assert (first.state, first.department, first.assignee) == ("solved", "Юристы", "Олег Тихий")
    assert [message.body for case in rest for message in case.messages] == ["Деньги вернули"]


def own(site: Site, made: Any, stream: str = "tasks", name: str = "") -> list[FollowUp]:
    """Return what a read says when it began after the last change of its stream."""
    cursor = {"changed": (site.now + timedelta(days=1)).isoformat(), "id": 0, "began": ""}
    found = site.drafts(stream, name, cursor=cursor, cases=[made.external_id])
    assert all(isinstance(draft, FollowUp) for draft in found)
    return [draft for draft in found if isinstance(draft, FollowUp)]


@pytest.mark.parametrize(
    ("settings", "stream"),
    [
        ({"escalate_as": "lead"}, "leads"),
        ({"escalate_as": "deal"}, "deals"),
        ({"read": ("leads",)}, "tasks"),
        ({}, "tasks"),
    ],
)
def test_an_own_case_is_followed_whatever_is_read_and_a_comment_is_there_at_the_next_poll(
    open_site: Open, settings: dict[str, Any], stream: str
) -> None:
    site = open_site("bitrix24", **settings)
    (made,) = site.write(site.delivery())
    assert isinstance(made, Created)
    assert stream in {found.name for found in site.connector.streams(site.reference)}
    kind, _, number = made.external_id.partition("/")
    said = "task.commentitem.add" if kind == "task" else "crm.timeline.comment.add"
    where = {"TASKID": int(number)} if kind == "task" else {}
    of_item = {"ENTITY_TYPE": kind, "ENTITY_ID": int(number), "COMMENT": "Деньги вернули"}
    fields = {"POST_MESSAGE": "Деньги вернули"} if kind == "task" else of_item
    assert site.send(Request("POST", f"/rest/{said}", json={**where, "FIELDS": fields, "fields": fields})).status == 200
    for name in ("", "comments"):
        first, *rest = [case for case in own(site, made, stream, name) if case.external_id == made.external_id]
        assert (first.marker, first.assignee) == (MARKER, "Лада Юрская")
        assert "Деньги вернули" in [message.body for case in rest for message in case.messages]


def test_nobody_elses_case_becomes_a_ticket_where_only_our_own_are_followed(open_site: Open) -> None:
    site = open_site("bitrix24", read=("leads",))
    (made,) = site.write(site.delivery())
    assert {case.external_id for case in own(site, made)} == {made.external_id}
    assert site.drafts("tasks") == []


def test_of_many_own_cases_a_poll_reads_the_newest_and_the_sweep_all(portal: Site) -> None:
    cases = [f"task/{number}" for number in range(1, 621)]

    def asked(name: str) -> list[int]:
        portal.sent.clear()
        cursor = {"changed": (portal.now + timedelta(days=1)).isoformat(), "id": 0, "began": ""}
        portal.drafts("tasks", name, cursor=cursor, cases=cases)
        return [number for request in portal.sent for number in request.context.get("ids", ())]

    assert portal.reference
    assert asked("") == list(range(121, 621))
    assert asked("comments") == list(range(1, 621))
    assert asked("deleted") == []


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"state": "solved"}, {"status": "5"}),
        ({"state": "on_hold"}, {"status": "6"}),
        ({"priority": "low"}, {"priority": "1"}),
        ({"department": "law"}, {"groupId": "32", "responsibleId": "12"}),
        ({"tags": ["vip"], "assignee": "оператор"}, {"status": "2"}),
    ],
)
def test_a_change_of_the_ticket_changes_the_task(
    portal: Site, changes: dict[str, Any], row: dict[str, Any], make_link: Callable[[str], Link]
) -> None:
    portal.connector = portal.make(map={"department": {"law": {"group": 32, "responsible": 12}}})
    (made,) = portal.write(portal.delivery())
    assert isinstance(made, Created)
    change = portal.delivery(effect="change", link=make_link(made.external_id), changes=changes, department="law")
    assert portal.write(change) == []
    assert portal.write(change) == [], "a second try does no harm"
    assert task_row(portal, made).items() >= row.items()


def test_a_task_done_there_is_opened_again(portal: Site, make_link: Callable[[str], Link]) -> None:
    (made,) = portal.write(portal.delivery())
    assert isinstance(made, Created)
    portal.box.change("bitrix24", "finish", id=made.external_id.removeprefix("task/"))
    portal.write(portal.delivery(effect="change", link=make_link(made.external_id), changes={"state": "open"}))
    assert task_row(portal, made)["status"] == "2"


@pytest.mark.parametrize("effect", ["comment", "change"])
def test_a_task_that_is_gone_is_told_in_the_portals_words(
    portal: Site, effect: Any, make_link: Callable[[str], Link], make_message: Callable[..., Message]
) -> None:
    gone = portal.delivery(
        effect=effect, link=make_link("task/99999"), messages=(make_message(1, "?"),), changes={"state": "open"}
    )
    with pytest.raises(DeliveryError, match=r"Bitrix24 refuses .*not found or not accessible"):
        portal.write(gone)


def test_a_wrong_responsible_is_told(portal: Site) -> None:
    portal.connector = portal.make(responsible=777)
    with pytest.raises(DeliveryError, match="refuses the task"):
        portal.write(portal.delivery())


# --- customers --------------------------------------------------------------------------------------------------


def test_a_customer_who_left_a_phone_is_linked_and_noted_once(portal: Site, make_ticket: Callable[..., Ticket]) -> None:
    complaint = make_ticket("Верните деньги, мой телефон 8 912 000-00-07", tags=("do-not-call",))
    (made,) = portal.write(portal.delivery(ticket=complaint))
    assert isinstance(made, Created)
    assert task_row(portal, made)["ufCrmTask"] == ["C_7"]
    portal.write(portal.delivery(ticket=complaint, marker=f"hub-{'4' * 24}"))
    (noted,) = portal.writes("timeline.add")
    assert noted["text"] == "Ники клиента: vk.com: vera_k\nКлиент пришёл из соцсетей\nПросил не звонить"


def test_two_customers_with_one_phone_are_both_linked_and_nothing_is_noted(
    portal: Site, make_ticket: Callable[..., Ticket]
) -> None:
    (made,) = portal.write(portal.delivery(ticket=make_ticket("звоните +79120000009")))
    assert isinstance(made, Created)
    assert task_row(portal, made)["ufCrmTask"] == ["C_9", "C_10"]
    assert portal.writes("timeline.add") == []


def test_own_fields_hold_nickname_and_flags_and_find_the_customer_again(open_site: Open) -> None:
    fields = {"nickname_field": "ufCrmNick", "do_not_call_field": "ufCrmCalls", "social_field": "ufCrmSocial"}
    site = open_site("bitrix24", **fields)
    customer = Customer(handles=(Handle("vk.com", "vera_k"),), social=True, do_not_call=True)
    product, run = load("bitrix24")(site.connector.config), site.run
    assert run(product.find_customer(customer)) == ()
    card = Card("contact", "7")
    run(product.note_customer(card, customer))
    run(product.note_customer(card, customer))
    (update,) = site.writes("item.update")
    assert update["fields"] == {"ufCrmNick": "vk.com: vera_k", "ufCrmCalls": "Y", "ufCrmSocial": "Y"}
    assert run(product.find_customer(customer)) == (card,)
    assert run(product.find_customer(Customer(emails=("timur@example.com",)))) == (Card("contact", "8"),)


def test_where_the_crm_may_not_be_asked_the_task_is_made_all_the_same(
    portal: Site, make_ticket: Callable[..., Ticket]
) -> None:
    portal.box.change("bitrix24", "portal", chats=False)
    portal.connector = portal.make(key="sandboxbitrix24tasks")
    (made,) = portal.write(portal.delivery(ticket=make_ticket("мой телефон 8 912 000-00-07")))
    assert isinstance(made, Created)
    assert not any("crm." in request.path for request in portal.sent)


def test_a_refused_search_for_the_customer_stops_no_escalation(
    portal: Site, make_ticket: Callable[..., Ticket]
) -> None:
    def send(request: Request) -> Response:
        if "duplicate" in request.path:
            return Response(400, {}, b'{"error":"","error_description":"no"}', request)
        return portal.send(request)

    delivery = portal.delivery(ticket=make_ticket("мой телефон 8 912 000-00-07"))
    assert isinstance(portal.connector.classify(send(Request("POST", "/rest/crm.duplicate.findbycomm"))), SourceError)
    facts: list[Created | Missing] = []
    drive(portal.connector, portal.connector.escalate(delivery), send, facts)
    (made,) = facts
    assert isinstance(made, Created)


# --- leads and deals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "stream"), [("lead", "leads"), ("deal", "deals")])
def test_an_escalation_may_be_a_lead_or_a_deal_made_once_and_followed(
    open_site: Open,
    kind: str,
    stream: str,
    make_ticket: Callable[..., Ticket],
    make_link: Callable[[str], Link],
    make_message: Callable[..., Message],
) -> None:
    site = open_site(
        "bitrix24",
        escalate_as=kind,
        read=("tasks", "leads", "deals"),
        map={"department": {"law": {"responsible": 12}}},
    )
    sure = site.delivery(ticket=make_ticket("Верните деньги, мой телефон 8 912 000-00-07"))
    (made,) = site.write(sure)
    assert isinstance(made, Created)
    assert made.external_id.startswith(f"{kind}/")
    assert site.write(replace(sure, unsure_since=site.now)) == [made]
    assert len(site.writes("item.add")) == 1
    about: dict[str, Any] = {"link": make_link(made.external_id), "marker": f"hub-{'3' * 24}"}
    comment = site.delivery(effect="comment", messages=(make_message(3, "Ну что там?"),), **about)
    (said,) = site.write(comment)
    assert site.write(replace(comment, unsure_since=site.now)) == [said]
    site.write(
        site.delivery(effect="change", changes={"department": "law", "state": "open"}, department="law", **about)
    )
    first, *rest = site.case(made.external_id, stream)
    assert (first.marker, first.assignee) == (MARKER, "Олег Тихий")
    assert first.otherwise is not None
    assert first.otherwise.extra["contact"] == "7"
    ((echo,),) = (case.messages for case in rest)
    assert isinstance(said, Created)
    assert (echo.echo_of, echo.source_id) == (comment.marker, said.external_id)


@pytest.mark.parametrize("effect", ["comment", "change"])
def test_a_lead_that_is_gone_is_told_and_what_is_no_case_is_refused(
    portal: Site, effect: Any, make_link: Callable[[str], Link], make_message: Callable[..., Message]
) -> None:
    gone = portal.delivery(effect=effect, link=make_link("lead/99999"), messages=(make_message(1, "?"),))
    with pytest.raises(DeliveryError, match="Bitrix24 refuses"):
        portal.write(gone)
    for strange in ("note/5", "task/x", "8017"):
        with pytest.raises(DeliveryError, match="is no task, lead or deal"):
            portal.write(replace(gone, link=make_link(strange)))
