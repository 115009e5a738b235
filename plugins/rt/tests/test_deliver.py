"""What the connector asks of RT and makes of its answers; the answers have the shapes of a real one."""

from typing import Any

import pytest

from hub.sdk import Created, DeliveryError, Missing, SourceError, TransientError

QUEUE = {"id": 3, "Name": "Claims", "TicketCustomFields": [{"name": "Hub ID", "id": "2"}]}
MADE = {"type": "ticket", "id": "20", "_url": "http://inside.example.com/REST/2.0/ticket/20"}
AT = "https://rt.example.com/Ticket/Display.html?id=20"
NOTHING: dict[str, Any] = {"items": [], "total": 0}


def test_a_create_looks_at_the_queue_makes_the_ticket_and_reads_it_back(tools: Any) -> None:
    script = tools.script([(200, QUEUE), (201, MADE), (200, tools.row())])
    assert script.drive(tools.connector(), tools.delivery(summary="жалоба · срочно")) == [Created("20", AT)]
    assert script.said() == ["GET /queue/Claims", "POST /ticket", "GET /ticket/20"]
    body = script.asked[1].json
    assert {name: body[name] for name in ("Queue", "Status", "Priority", "ContentType", "CustomFields")} == {
        "Queue": "Claims",
        "Status": "new",
        "Priority": 50,
        "ContentType": "text/plain",
        "CustomFields": {"Hub ID": tools.marker},
    }
    assert "Requestor" not in body and "Owner" not in body
    assert not script.asked[1].repeatable


def test_department_goes_before_queue_in_the_map(tools: Any) -> None:
    maps = {"queue": {"claims": "Claims"}, "department": {"cards": {"queue": "Cards", "owner": "olga"}}}
    script = tools.script([(200, QUEUE), (201, MADE), (200, tools.row(Owner={"id": "olga"}))])
    script.drive(tools.connector(map=maps), tools.delivery(ticket=tools.ticket(queue="claims"), department="cards"))
    assert (script.asked[1].json["Queue"], script.asked[1].json["Owner"]) == ("Cards", "olga")


def test_without_a_queue_nothing_is_asked(tools: Any) -> None:
    script = tools.script([])
    with pytest.raises(DeliveryError, match="no queue of RT for 'vip'"):
        script.drive(tools.connector(queue=None), tools.delivery(ticket=tools.ticket(queue="vip")))


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((403, {"message": "Forbidden"}), "queue Claims cannot be read: it does not exist.*403 Forbidden"),
        ((200, {"id": 3, "TicketCustomFields": []}), "queue Claims has no custom field 'Hub ID'"),
    ],
)
def test_no_ticket_is_made_where_it_could_not_be_found_again(tools: Any, answer: Any, told: str) -> None:
    script = tools.script([answer])
    with pytest.raises(DeliveryError, match=told):
        script.drive(tools.connector(), tools.delivery())


def test_an_unsure_create_looks_up_first(tools: Any) -> None:
    found = {"items": [{"type": "ticket", "id": "20"}], "total": 1}
    script = tools.script([(200, found), (200, tools.row())])
    facts = script.drive(tools.connector(), tools.delivery(unsure_since=tools.said))
    assert facts == [Created("20", AT)]
    assert script.asked[0].params["query"] == f"'CF.{{Hub ID}}' = '{tools.marker}' AND EffectiveId > 0"
    script = tools.script([(200, NOTHING), (200, QUEUE), (201, MADE), (200, tools.row())])
    assert script.drive(tools.connector(), tools.delivery(unsure_since=tools.said)) == [Missing(), Created("20", AT)]


def test_a_dropped_field_is_told_after_the_ticket_is_known(tools: Any) -> None:
    script = tools.script([(200, QUEUE), (201, MADE), (200, tools.row())])
    with pytest.raises(DeliveryError, match="ticket 20 is in RT, without Tags: RT dropped that"):
        script.drive(tools.connector(fields={"tags": "Tags"}), tools.delivery(ticket=tools.ticket(tags=("деньги",))))
    assert script.facts == [Created("20", AT)]


def test_a_create_that_is_half_done_sets_only_what_is_empty(tools: Any) -> None:
    there = tools.row(Priority="5", custom={"Hub ID": [tools.marker], "Category": ["praise"], "Tags": []})
    full = tools.row(custom={"Hub ID": [tools.marker], "Category": ["praise"], "Tags": ["деньги"]})
    script = tools.script([(200, there), (200, ["деньги added"]), (200, full)])
    settings = {"fields": {"tags": "Tags", "category": "Category"}}
    asked = tools.ticket(tags=("деньги",), category="complaint")
    assert script.drive(tools.connector(**settings), tools.delivery(ticket=asked, link=tools.link())) == []
    assert script.asked[1].json == {"CustomFields": {"Tags": "деньги"}}


def test_an_owner_whom_rt_did_not_take_is_told_and_set_again_with_the_retry(tools: Any) -> None:
    connector = tools.connector(map={"queue": {"claims": {"owner": "olga"}}})
    asked = tools.ticket(queue="claims")
    script = tools.script([(200, QUEUE), (201, MADE), (200, tools.row())])
    with pytest.raises(DeliveryError, match="without Owner"):
        script.drive(connector, tools.delivery(ticket=asked))
    owned = tools.row(Owner={"type": "user", "id": "olga"})
    script = tools.script([(200, tools.row()), (200, ["Owner changed"]), (200, owned)])
    assert script.drive(connector, tools.delivery(ticket=asked, link=tools.link())) == []
    assert script.asked[1].json == {"Owner": "olga"}


def test_what_rules_of_the_site_set_at_once_is_no_failure(tools: Any) -> None:
    theirs = tools.row(Priority="10", Owner={"id": "duty"}, custom={"Hub ID": [tools.marker], "Kind": ["claim"]})
    script = tools.script([(200, QUEUE), (201, MADE), (200, theirs)])
    settings = {"fields": {"category": "Kind"}, "map": {"queue": {"claims": {"owner": "olga"}}}}
    script.drive(tools.connector(**settings), tools.delivery(ticket=tools.ticket(queue="claims", category="complaint")))
    assert script.facts == [Created("20", AT)]


def test_a_create_without_an_answer_ends_unsure(tools: Any) -> None:
    script = tools.script([(200, QUEUE), TransientError("no answer")])
    with pytest.raises(TransientError):
        script.drive(tools.connector(), tools.delivery())


# --- comments ---------------------------------------------------------------------------------------------------------


def test_a_comment_has_its_mark_in_the_subject_and_its_id_from_the_address(tools: Any) -> None:
    made = (201, ["Comments added"], {"location": "/REST/2.0/transaction/107"})
    script = tools.script([made])
    effect = tools.delivery(effect="comment", link=tools.link(), messages=(tools.message(2, "Ау?"),))
    assert script.drive(tools.connector(language="ru"), effect) == [Created("txn-107")]
    assert script.said() == ["POST /ticket/20/comment"]
    assert script.asked[0].json == {
        "Subject": f"Новое от клиента [{tools.marker}]",
        "Content": "Анна К., 2026-11-20 09:32 UTC:\n> Ау?",
        "ContentType": "text/plain",
    }


def test_a_message_that_the_customer_changed_is_called_so(tools: Any) -> None:
    script = tools.script([(201, ["Comments added"], {"location": "/REST/2.0/transaction/107"})])
    said = (tools.message(2, "Украли деньги"),)
    effect = tools.delivery(effect="comment", link=tools.link(), messages=said, edited=True)
    script.drive(tools.connector(language="ru"), effect)
    assert script.asked[0].json["Subject"] == f"Клиент изменил сообщение [{tools.marker}]"


def test_an_unsure_comment_is_looked_up_in_the_history(tools: Any) -> None:
    said = (tools.message(2, "Ау?"),)
    effect = tools.delivery(effect="comment", link=tools.link(), messages=said, unsure_since=tools.said)
    script = tools.script([(200, {"items": [{"type": "transaction", "id": "107"}], "total": None})])
    assert script.drive(tools.connector(), effect) == [Created("txn-107")]
    assert f"ObjectId = 20 AND Data LIKE '{tools.marker}'" in script.asked[0].params["query"]
    made = (201, ["Correspondence added"], {"location": "/REST/2.0/transaction/108"})
    script = tools.script([(200, NOTHING), made])
    assert script.drive(tools.connector(correspond=True), effect) == [Missing(), Created("txn-108")]
    assert script.said()[-1] == "POST /ticket/20/correspond"


def test_a_comment_whose_address_a_proxy_took_out_is_looked_up(tools: Any) -> None:
    effect = tools.delivery(effect="comment", link=tools.link(), messages=(tools.message(2, "Ау?"),))
    script = tools.script([(201, ["Comments added"]), (200, {"items": [{"id": "107"}], "total": None})])
    assert script.drive(tools.connector(), effect) == [Created("txn-107")]
    with pytest.raises(SourceError, match="does not show it"):
        tools.script([(201, ["Comments added"]), (200, NOTHING)]).drive(tools.connector(), effect)


@pytest.mark.parametrize("direction", ["note", "out"])
def test_what_is_not_the_customers_goes_out_to_nobody_and_is_called_a_note(tools: Any, direction: str) -> None:
    said = tools.message(2, "вернём деньги").model_copy(update={"direction": direction})
    script = tools.script([(201, ["Comments added"], {"location": "/REST/2.0/transaction/107"})])
    effect = tools.delivery(effect="comment", link=tools.link(), messages=(said,))
    script.drive(tools.connector(correspond=True), effect)
    assert script.said() == ["POST /ticket/20/comment"]
    assert script.asked[0].json["Subject"] == f"Note from the hub [{tools.marker}]"


def test_a_refused_comment_is_told_in_rts_words(tools: Any) -> None:
    script = tools.script([(400, {"message": "Permission Denied"})])
    effect = tools.delivery(effect="comment", link=tools.link(), messages=(tools.message(2, "Ау?"),))
    with pytest.raises(DeliveryError, match="RT refuses the comment: 400 Permission Denied"):
        script.drive(tools.connector(), effect)


# --- changes ----------------------------------------------------------------------------------------------------------


def _change(tools: Any, **changes: Any) -> Any:
    return tools.delivery(effect="change", link=tools.link(), changes=changes)


def test_a_change_is_sent_with_the_version_it_was_decided_on(tools: Any) -> None:
    after = tools.row(Status="stalled", Priority="90", Owner={"id": "olga"})
    script = tools.script([(200, tools.row(), {"etag": '"72"'}), (200, ["…"]), (200, after)])
    script.drive(tools.connector(), _change(tools, state="on_hold", priority="urgent", assignee="olga"))
    assert script.asked[1].json == {"Status": "stalled", "Priority": 90, "Owner": "olga"}
    assert script.asked[1].headers == {"If-Match": '"72"'} and script.asked[1].repeatable


def test_what_somebody_set_in_between_stays(tools: Any) -> None:
    meddled = tools.row(Priority="33")
    done = tools.row(Priority="33", Status="open")
    script = tools.script(
        [
            (200, tools.row(), {"etag": '"72"'}),
            (412, {"message": "Precondition Failed"}),
            (200, meddled, {"etag": '"73"'}),
            (200, ["Status changed"]),
            (200, done, {"etag": '"74"'}),
        ]
    )
    script.drive(tools.connector(), _change(tools, state="open", priority="urgent"))
    assert script.asked[3].json == {"Status": "open"}
    assert script.asked[3].headers == {"If-Match": '"73"'}


def test_a_ticket_that_never_stands_still_is_left_for_later(tools: Any) -> None:
    again = [(412, {"message": "Precondition Failed"}), (200, tools.row(), {"etag": '"1"'})]
    script = tools.script([(200, tools.row(), {"etag": '"1"'}), *again * 5])
    with pytest.raises(SourceError, match="ticket 20 changes all the time"):
        script.drive(tools.connector(), _change(tools, state="open"))


def test_what_rt_did_not_do_is_told_in_its_words(tools: Any) -> None:
    said = "Ticket 20: Status 'parked' isn't a valid status for this ticket."
    script = tools.script([(200, tools.row()), (200, [said]), (200, tools.row())])
    with pytest.raises(DeliveryError, match="did not set Status of ticket 20: Ticket 20: Status 'parked'"):
        script.drive(tools.connector(statuses={"on_hold": "parked"}), _change(tools, state="on_hold"))


@pytest.mark.parametrize(
    ("there", "changes"),
    [
        ({"Status": "stalled"}, {"state": "pending"}),
        ({"Status": "waiting"}, {"state": "open"}),
        ({"Status": "new"}, {"state": "hidden"}),
        ({"Priority": "70"}, {"priority": "high"}),
        ({}, {"assignee": None}),
        ({}, {"tags": ["a"]}),
        ({}, {"queue": "claims"}),
    ],
)
def test_nothing_is_sent_where_rt_has_it_or_has_no_word_for_it(tools: Any, there: Any, changes: Any) -> None:
    script = tools.script([(200, tools.row(**there))])
    connector = tools.connector(states={"waiting": "open"}, map={"queue": {"claims": "claims"}})
    script.drive(connector, _change(tools, **changes))


def test_tags_are_added_to_those_that_people_gave(tools: Any) -> None:
    before = tools.row(custom={"Tags": ["от Ольги"]})
    after = tools.row(custom={"Tags": ["от Ольги", "vip"]})
    script = tools.script([(200, before), (200, ["vip added"]), (200, after)])
    script.drive(tools.connector(fields={"tags": "Tags"}), _change(tools, tags=["vip", "от Ольги"]))
    assert script.asked[1].json == {"CustomFields": {"Tags": ["от Ольги", "vip"]}}


def test_spam_is_rejected(tools: Any) -> None:
    script = tools.script([(200, tools.row()), (200, ["…"]), (200, tools.row(Status="rejected"))])
    script.drive(tools.connector(), _change(tools, state="closed", category="spam"))
    assert script.asked[1].json == {"Status": "rejected"}


def test_a_ticket_moves_only_to_a_queue_that_keeps_its_mark(tools: Any) -> None:
    moved = tools.row(Queue={"id": "4", "Name": "Praise"})
    script = tools.script([(200, tools.row()), (200, QUEUE), (200, ["…"]), (200, moved)])
    maps = {"queue": {"praise": "Praise"}}
    script.drive(tools.connector(map=maps), _change(tools, queue="praise"))
    assert script.said()[1] == "GET /queue/Praise" and script.asked[2].json == {"Queue": "Praise"}
    script = tools.script([(200, tools.row()), (200, {"id": 4, "TicketCustomFields": []})])
    with pytest.raises(DeliveryError, match="queue Praise has no custom field"):
        script.drive(tools.connector(map=maps), _change(tools, queue="praise"))


@pytest.mark.parametrize(
    ("there", "told"), [({"Status": "deleted"}, "was deleted in RT"), ({"id": 21}, "was merged into 21 in RT")]
)
def test_a_case_that_is_no_more_is_not_changed(tools: Any, there: Any, told: str) -> None:
    script = tools.script([(200, tools.row(**there))])
    with pytest.raises(DeliveryError, match=told):
        script.drive(tools.connector(), _change(tools, state="open"))


def test_a_page_in_place_of_json_is_no_refusal(tools: Any) -> None:
    steps = tools.connector().deliver(_change(tools, state="open"))
    request = next(steps)
    answer = tools.response(request, 200, {})
    answer.content = b"<html>busy</html>"
    with pytest.raises(SourceError, match="expected JSON"):
        steps.send(answer)
