"""Writing into a real RT."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.sdk import Created, Delivery, DeliveryError, Missing, Request, TransientError
from tests.e2e_rt.site import Site, message, new_marker, ticket

SPARE = {"id": "Hub ID"}  # names of fields that every queue of the tests has


def test_a_ticket_is_made_with_all_that_the_hub_knows(site: Site) -> None:
    connector = site.connector(language="ru", map={"queue": {"claims": {"queue": "Claims", "owner": "olga"}}})
    ident, delivery = site.made(connector, ticket=ticket(queue="claims"), summary="жалоба · срочно · правило деньги")
    made = site.ticket(ident)
    assert (made["Queue"]["Name"], made["Status"], made["Priority"]) == ("Claims", "new", "70")
    assert (made["Owner"]["id"], made["Requestor"]) == ("olga", [])
    assert made["Subject"] == "[yandex_maps] Деньги списали дважды! > и это не цитата"
    assert site.values(ident, "Hub ID") == [delivery.marker]
    assert site.values(ident, "Hub Ticket") == [str(delivery.ticket.id)]
    assert site.values(ident, "Hub Link") == ["https://maps.example.com/reviews/1"]
    assert site.values(ident, "Hub Tags") == ["деньги", "срочно"]
    assert site.values(ident, "Hub Category") == ["complaint"]
    assert (site.values(ident, "Hub Platform"), site.values(ident, "Hub Stars")) == (["yandex_maps"], ["1"])
    text = site.text(ident)
    assert text.startswith("жалоба · срочно · правило деньги\nКлиент из соцсетей: yandex_maps\nОценка: 1 из 5\n")
    assert "> Деньги списали дважды!\n>\n> > и это не цитата" in text
    assert "Сообщение: https://maps.example.com/reviews/1" in text


def test_nobody_is_mailed_but_who_watches_in_rt(site: Site) -> None:
    before = len(site.rt.mails())
    ident, _ = site.made(site.connector())
    site.drive(site.connector(), site.later(ident, effect="comment", messages=(message(2, "Ау?"),)))
    site.change(site.connector(), ident, state="solved")
    assert site.rt.mails()[before:] == []


def test_an_answer_that_was_lost_makes_no_second_ticket(site: Site) -> None:
    connector, marker = site.connector(), new_marker()
    lost: dict[str, Any] = {"marker": marker, "ticket": ticket(), "now": datetime.now(UTC)}
    with pytest.raises(TransientError):
        site.drive(connector, Delivery(**lost), lose=lambda request: request.path.endswith("/ticket"))
    [ident] = site.with_marker(marker)
    facts = site.drive(connector, Delivery(**lost, unsure_since=datetime.now(UTC)))
    assert [fact.external_id for fact in facts if isinstance(fact, Created)] == [ident]
    assert site.with_marker(marker) == [ident]


def test_a_lost_answer_is_found_though_the_ticket_was_merged_meanwhile(site: Site) -> None:
    connector = site.connector()
    first, delivery = site.made(connector)
    other, _ = site.made(connector)
    with site.rt.person("root") as root:
        root.put(f"/ticket/{first}", json={"MergeInto": other})
    facts = site.drive(
        connector, Delivery(ticket=ticket(), marker=delivery.marker, now=delivery.now, unsure_since=delivery.now)
    )
    assert [fact.external_id for fact in facts if isinstance(fact, Created)] == [first]


def test_where_nothing_was_made_the_look_up_says_so_before_the_create(site: Site) -> None:
    marker = new_marker()
    facts = site.drive(
        site.connector(),
        Delivery(ticket=ticket(), marker=marker, now=datetime.now(UTC), unsure_since=datetime.now(UTC)),
    )
    assert [type(fact) for fact in facts] == [Missing, Created]
    assert len(site.with_marker(marker)) == 1


def test_a_queue_without_the_mark_gets_no_ticket(site: Site) -> None:
    with site.rt.person("root") as root:
        before = root.get("/tickets", params={"query": "Queue = 'Bare'"}).json()["total"]
        with pytest.raises(DeliveryError, match="queue Bare has no custom field 'Hub ID'"):
            site.made(site.connector(queue="Bare"))
        assert root.get("/tickets", params={"query": "Queue = 'Bare'"}).json()["total"] == before


def test_a_queue_that_is_not_there_is_named(site: Site) -> None:
    with pytest.raises(DeliveryError, match=r"queue Nope cannot be read.*403"):
        site.made(site.connector(queue="Nope"))


def test_a_queue_of_another_script_is_found_by_name(site: Site) -> None:
    ident, _ = site.made(site.connector(queue="Жалобы", fields=SPARE))
    assert site.ticket(ident)["Queue"]["Name"] == "Жалобы"


def test_a_custom_field_that_rt_dropped_is_told_and_the_ticket_known(site: Site) -> None:
    connector, marker = site.connector(queue="Praise"), new_marker()
    steps = Delivery(ticket=ticket(), marker=marker, now=datetime.now(UTC))
    with pytest.raises(DeliveryError, match=r"is in RT, without Hub Ticket, .*Hub Category: RT"):
        site.drive(connector, steps)
    [ident] = site.with_marker(marker)
    mended = site.connector(queue="Praise", fields=SPARE)
    assert site.drive(mended, site.later(ident, marker=marker)) == []
    assert site.with_marker(marker) == [ident]


def test_an_owner_whom_rt_does_not_take_is_told(site: Site) -> None:
    connector, marker = site.connector(map={"queue": {"claims": {"owner": "weak"}}}), new_marker()
    with pytest.raises(DeliveryError, match="without Owner: RT dropped that"):
        site.drive(connector, Delivery(ticket=ticket(queue="claims"), marker=marker, now=datetime.now(UTC)))
    assert len(site.with_marker(marker)) == 1


def test_a_retry_fills_what_was_dropped_and_leaves_what_people_set(site: Site) -> None:
    connector = site.connector()
    ident, delivery = site.made(connector)
    with site.rt.person("olga") as olga:
        olga.put(f"/ticket/{ident}", json={"Priority": 5, "CustomFields": {"Hub Category": "praise", "Hub Link": ""}})
    site.drive(connector, site.later(ident, marker=delivery.marker))
    assert site.values(ident, "Hub Link") == ["https://maps.example.com/reviews/1"]
    assert site.values(ident, "Hub Category") == ["praise"]
    assert site.ticket(ident)["Priority"] == "5"


def test_a_later_message_is_a_comment_made_once(site: Site) -> None:
    connector = site.connector()
    ident, _ = site.made(connector)
    comment = site.later(ident, effect="comment", messages=(message(2, "Где\nмои деньги?"),))
    with pytest.raises(TransientError):
        site.drive(connector, comment, lose=lambda request: request.path.endswith("/comment"))
    [fact] = site.drive(connector, replace(comment, unsure_since=datetime.now(UTC)))
    said = [one for one in site.history(ident) if one["Type"] == "Comment"]
    assert [f"txn-{one['id']}" for one in said] == [fact.external_id]  # type: ignore[union-attr]
    assert said[0]["Data"].strip() == f"News from the customer [{comment.marker}]"
    assert site.text(ident, 1) == "Анна К., 2026-11-20 09:32 UTC:\n> Где\n> мои деньги?"


def test_later_messages_may_be_correspondence(site: Site) -> None:
    connector = site.connector(correspond=True)
    ident, _ = site.made(connector)
    site.drive(connector, site.later(ident, effect="comment", messages=(message(2, "Ау?"),)))
    assert [one["Type"] for one in site.history(ident)].count("Correspond") == 1


def test_a_change_sets_every_field_and_adds_tags(site: Site) -> None:
    connector = site.connector(categories={"consultation": "Вопрос"})
    ident, _ = site.made(connector)
    with site.rt.person("olga") as olga:
        olga.put(f"/ticket/{ident}", json={"CustomFields": {"Hub Tags": ["деньги", "срочно", "от Ольги"]}})
    site.change(
        connector, ident, state="pending", priority="urgent", assignee="olga", tags=("vip",), category="consultation"
    )
    made = site.ticket(ident)
    assert (made["Status"], made["Priority"], made["Owner"]["id"]) == ("stalled", "90", "olga")
    assert site.values(ident, "Hub Tags") == sorted(["деньги", "срочно", "от Ольги", "vip"])
    assert site.values(ident, "Hub Category") == ["Вопрос"]
    site.change(connector, ident, assignee=None, state="solved")
    assert (site.ticket(ident)["Owner"]["id"], site.ticket(ident)["Status"]) == ("Nobody", "resolved")


def test_a_change_moves_a_ticket_to_the_queue_that_the_map_names(site: Site) -> None:
    connector = site.connector(fields=SPARE, map={"queue": {"praise": "Praise", "bare": "Bare"}})
    ident, delivery = site.made(connector)
    site.change(connector, ident, queue="praise")
    assert site.ticket(ident)["Queue"]["Name"] == "Praise"
    assert site.values(ident, "Hub ID") == [delivery.marker]
    with pytest.raises(DeliveryError, match="queue Bare has no custom field"):
        site.change(connector, ident, queue="bare")


def test_what_an_operator_changes_in_between_stays(site: Site) -> None:
    connector = site.connector()
    ident, _ = site.made(connector)
    meddled: list[Request] = []

    def meddle(request: Request) -> None:
        if request.method == "PUT" and not meddled:
            meddled.append(request)
            with site.rt.person("olga") as olga:
                olga.put(f"/ticket/{ident}", json={"Priority": 33})

    delivery = site.later(ident, effect="change", changes={"priority": "urgent", "state": "open"})
    site.drive(connector, delivery, before=meddle)
    assert [response.status for request, response in site.log if request.method == "PUT"] == [412, 200]
    assert (site.ticket(ident)["Priority"], site.ticket(ident)["Status"]) == ("33", "open")


def test_a_status_that_rt_does_not_know_is_told_in_its_words(site: Site) -> None:
    connector = site.connector(statuses={"on_hold": "waiting for the bank"})
    ident, _ = site.made(connector)
    with pytest.raises(DeliveryError, match=r"did not set Status.*'waiting for the bank' isn't a valid status"):
        site.change(connector, ident, state="on_hold")


def test_an_owner_that_rt_does_not_know_is_told(site: Site) -> None:
    ident, _ = site.made(site.connector())
    with pytest.raises(DeliveryError, match=r"did not set Owner.*user does not exist"):
        site.change(site.connector(), ident, assignee="nobody-of-this-name")


def test_what_is_set_already_is_not_sent_again(site: Site) -> None:
    ident, _ = site.made(site.connector())
    site.log.clear()
    site.change(site.connector(), ident, priority="high", state="new", tags=("Деньги",))
    assert [request.method for request, _ in site.log] == ["GET"]


def test_a_case_that_was_deleted_is_refused_plainly(site: Site) -> None:
    connector = site.connector()
    ident, _ = site.made(connector)
    with site.rt.person("root") as root:
        root.delete(f"/ticket/{ident}")
    with pytest.raises(DeliveryError, match=f"ticket {ident} was deleted in RT"):
        site.change(connector, ident, state="open")
    assert site.ticket(ident)["Status"] == "deleted"


def test_a_case_that_was_merged_is_not_changed_in_its_place(site: Site) -> None:
    connector = site.connector()
    first, _ = site.made(connector)
    other, _ = site.made(connector)
    with site.rt.person("root") as root:
        root.put(f"/ticket/{first}", json={"MergeInto": other})
    with pytest.raises(DeliveryError, match=f"ticket {first} was merged into {other}"):
        site.change(connector, first, state="solved")
    assert site.ticket(other)["Status"] == "new"
