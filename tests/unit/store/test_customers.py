"""One customer across networks: found, asked for, linked by hand, forgotten; and what rules make of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from hub.routing.facts import Facts
from hub.sdk import Author, CustomerCard, StoreError, Ticket, TicketDraft
from hub.store import Asking, Crm, CustomerView, Decided, Escalation, Router, Store, TicketFilter
from tests.unit.store.pages import NOW, mention, put, rows, write

CRM = Crm("crm", "crm", "acme.example")
WAYS = {"crm": frozenset(("phone", "email"))}
MONTH = timedelta(days=30)
PHONE = "+79120000008"
PROPOSED = Escalation("crm", "claims")


def on(platform: str, draft: TicketDraft) -> TicketDraft:
    return draft.model_copy(update={"platform": platform})


def vera(source_id: str, body: str = "text", *, platform: str = "vk.com", **more: Any) -> TicketDraft:
    author = Author(key=f"{platform}/vera", name="Вера", handle=f"vera_{platform[:2]}")
    return on(platform, mention(source_id, body=body, author=author, **more))


def card(number: int = 7, **facts: Any) -> CustomerCard:
    return CustomerCard(key=f"contact/{number}", name=f"Customer {number}", phones=(PHONE,), **facts)


def note(store: Store) -> None:
    while store.note_contacts(WAYS, MONTH):
        pass


def due(store: Store) -> list[Asking]:
    return store.inquiries_due("crm", 100)


def identify(store: Store, *cards: CustomerCard, router: Router | None = None) -> None:
    note(store)
    for asking in due(store):
        store.inquiry_answered(asking, CRM, cards, router)


def ticket(store: Store, thread: str) -> Ticket:
    return next(one for one in store.iter_tickets() if one.thread == thread)


def links(found: CustomerView) -> list[tuple[str, str, str, str | None]]:
    return [(one.kind, one.to, one.state, one.held) for one in found.links]


# --- ids --------------------------------------------------------------------------------------------------------------


def test_a_ticket_of_an_author_with_a_key_has_a_customer_whom_other_connectors_share(store: Store) -> None:
    put(store, vera("1"), mention("2"))
    put(store, vera("3"), connector="other", instance="two")
    ids = {one.thread: one.customer_id for one in store.iter_tickets()}
    assert ids["1"] is not None
    assert ids["1"] == ids["3"]
    assert ids["2"] is None
    [profile] = store.find_customer(str(ids["1"])).profiles
    assert profile.connectors == {"c": 1, "other": 1}


def test_the_customer_of_profiles_that_are_linked_is_that_of_the_one_who_wrote_first(store: Store) -> None:
    put(store, vera("1", platform="ok.ru", minutes=5), vera("2", minutes=1))
    first = ticket(store, "2").customer_id
    store.link_customers("ok.ru:vera_ok", "vk.com:vera_vk")
    assert {one.customer_id for one in store.iter_tickets()} == {first}


# --- words ------------------------------------------------------------------------------------------------------------


def test_the_same_phone_in_two_networks_makes_one_customer_and_says_why(store: Store) -> None:
    put(store, vera("1", "звоните 8 (912) 000-00-08"), vera("2", f"мой телефон {PHONE}", platform="ok.ru", minutes=1))
    note(store)
    found = store.find_customer("vk.com:vera_vk")
    assert [one.platform for one in found.profiles] == ["ok.ru", "vk.com"]
    assert [(one.kind, one.to, one.author, one.confidence) for one in found.links] == [
        ("phone", PHONE, "words", "probable"),
        ("phone", PHONE, "words", "probable"),
    ]
    assert {one.evidence["ticket"] for one in found.links} == {str(one.id) for one in store.iter_tickets()}
    assert [line.id for line in found.history] == [str(ticket(store, "2").id), str(ticket(store, "1").id)]
    assert found.phones == [PHONE]


@pytest.mark.parametrize(
    "body", ["8 800 555 35 35 не отвечает", "карта 2200 1234 5678 9010", "стоит 79 рублей", "пишите @vera"]
)
def test_what_is_nobodys_own_phone_or_e_mail_links_nobody(store: Store, body: str) -> None:
    put(store, vera("1", body))
    note(store)
    assert store.list_customers() == []


def test_a_phone_that_four_people_name_is_nobodys(store: Store) -> None:
    people = [mention(str(n), body=f"я звонил {PHONE}", author=f"a{n}", minutes=n) for n in range(4)]
    put(store, *people[:3])
    note(store)
    assert len(store.find_customer("vk.com:a0").profiles) == 3
    put(store, people[3])
    note(store)
    for number in range(4):
        found = store.find_customer(f"vk.com:a{number}")
        assert len(found.profiles) == 1
        assert links(found) == [("phone", PHONE, "active", "shared")]
        assert found.phones == []


def test_only_the_words_of_whoever_opened_the_ticket_count_and_only_where_customers_write(store: Store) -> None:
    other = mention("2", thread="1", body=f"а мой {PHONE}", author="b", minutes=1)
    task = mention("3", body=f"перезвонить {PHONE}", author="c").model_copy(update={"kind": "task"})
    put(store, mention("1", author="a"), other, task)
    note(store)
    assert store.list_customers() == []


def test_a_phone_that_is_added_later_is_found_and_nothing_is_looked_at_twice(store: Store) -> None:
    put(store, vera("1"))
    note(store)
    assert store.note_contacts(WAYS, MONTH) == 0
    put(store, vera("1", f"я {PHONE}"))
    note(store)
    assert store.find_customer("vk.com:vera_vk").phones == [PHONE]
    put(store, vera("2", "mail to Vera@Example.com", thread="1", minutes=2))
    note(store)
    assert store.find_customer("vk.com:vera_vk").emails == ["vera@example.com"]


# --- asking -----------------------------------------------------------------------------------------------------------


def test_a_crm_is_asked_once_of_a_customer_and_again_for_news_or_when_the_answer_is_old(store: Store) -> None:
    now = NOW
    store._now = lambda: now
    put(store, vera("1", f"я {PHONE}"))
    identify(store)
    put(store, vera("2", f"это снова я, {PHONE}", minutes=1))
    note(store)
    assert due(store) == []
    put(store, vera("3", "или vera@example.com", minutes=2))
    note(store)
    [asking] = due(store)
    assert (asking.phones, asking.emails) == ((PHONE,), ("vera@example.com",))
    identify(store)
    now = NOW + timedelta(days=31)
    put(store, vera("4", f"жду, {PHONE}", created_at=now), now=now)
    note(store)
    assert len(due(store)) == 1


def test_of_somebody_whose_tickets_are_closed_or_old_no_crm_is_asked(store: Store) -> None:
    old = NOW - timedelta(days=40)
    put(store, vera("1", f"я {PHONE}", created_at=old))
    put(store, mention("2", body=f"я {PHONE}", author="b", hidden=True))
    note(store)
    assert due(store) == []


def test_an_inquiry_that_fails_waits_for_longer_each_time_and_is_then_set_aside(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    note(store)
    [asking] = due(store)
    store.inquiry_failed(asking.n, "no", aside=False)
    assert due(store) == []
    assert [one.attempts for one in store.inquiries_due("crm", 9, forced=True)] == [1]
    store.inquiry_failed(asking.n, "no", aside=True)
    assert store.inquiries_due("crm", 9, forced=True) == []
    assert store.inquiry_counts("crm") == (0, 1)


def test_after_the_clock_was_set_back_an_inquiry_waits_for_no_time_before_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, vera("1", f"я {PHONE}"))
    note(store)
    [asking] = due(store)
    store.inquiry_failed(asking.n, "no", aside=False)
    monkeypatch.setattr(store, "_now", lambda: NOW - timedelta(days=3))
    assert [one.n for one in due(store)] == [asking.n]


def test_the_same_card_makes_one_customer_who_is_known_with_all_that_the_card_says(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"), vera("2", "я vera@example.com", platform="ok.ru", minutes=1))
    identify(store, card(do_not_call=True, loyalty="gold", flags={"manager": "Лада"}, url="https://acme.example/7"))
    shown = ticket(store, "2").customer
    assert shown is not None
    assert (shown.name, shown.do_not_call, shown.loyalty) == ("Customer 7", True, ("gold",))
    assert (shown.url, shown.flags) == ("https://acme.example/7", {"manager": "Лада"})
    found = store.find_customer("ok.ru:vera_ok")
    assert (found.known, len(found.profiles), len(found.cards)) == (True, 2, 1)
    assert [one.evidence for one in found.links if one.kind == "card"] == [
        {"instance": "crm", "seen": [PHONE]},
        {"instance": "crm", "seen": ["vera_ok"]},
    ]


def test_several_cards_are_proposed_and_a_person_takes_one(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    identify(store, card(9), card(10))
    found = store.find_customer("vk.com:vera_vk")
    assert not found.known
    assert [(one.to, one.state) for one in found.links if one.kind == "card"] == [
        ("crm/contact/9", "proposed"),
        ("crm/contact/10", "proposed"),
    ]
    assert store.list_customers()[0].proposed == 2
    store.accept_link(next(one.n for one in found.links if one.to == "crm/contact/10"))
    assert [one.name for one in store.find_customer("vk.com:vera_vk").cards] == ["Customer 10"]


def test_two_customers_with_different_cards_are_not_joined_by_a_phone(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    identify(store, card(7))
    put(store, vera("2", f"я {PHONE}", platform="ok.ru", minutes=1))
    identify(store, card(8))
    found = store.find_customer("vk.com:vera_vk")
    assert [one.platform for one in found.profiles] == ["vk.com"]
    held = [one.held for who in ("vk.com:vera_vk", "ok.ru:vera_ok") for one in store.find_customer(who).links]
    assert held.count("conflict") == 1
    store.link_customers("vk.com:vera_vk", "ok.ru:vera_ok", "она сама написала")
    assert len(store.find_customer("vk.com:vera_vk").cards) == 2


def test_a_card_that_no_longer_fits_is_let_go_but_not_what_a_person_took(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    identify(store, card(7))
    put(store, vera("2", "или vera@example.com", minutes=1))
    identify(store, card(8))
    found = store.find_customer("vk.com:vera_vk")
    assert [one.name for one in found.cards] == ["Customer 8"]
    assert ("card", "crm/contact/7", "undone", None) in links(found)
    store.accept_link(next(one.n for one in found.links if one.to == "crm/contact/8"))
    put(store, vera("3", "или v@example.com", minutes=2))
    identify(store)
    assert store.find_customer("vk.com:vera_vk").known


# --- by hand ----------------------------------------------------------------------------------------------------------


def test_what_a_person_undid_the_machine_does_not_make_again(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    identify(store, card())
    found = store.find_customer("vk.com:vera_vk")
    store.undo_link(next(one.n for one in found.links if one.kind == "card"))
    put(store, vera("2", "или vera@example.com", minutes=1))
    identify(store, card())
    assert not store.find_customer("vk.com:vera_vk").known


def test_a_profile_that_is_taken_out_keeps_what_is_its_own_and_stays_out(store: Store) -> None:
    put(store, vera("1", f"я {PHONE} и vera@example.com"), vera("2", f"я {PHONE}", platform="ok.ru", minutes=1))
    identify(store, card())
    done = store.unlink_customers("vk.com:vera_vk", "ok.ru:vera_ok")
    assert done.undone == 2  # the phone and the card
    assert done.customer.emails == ["vera@example.com"]
    assert store.find_customer("ok.ru:vera_ok").known
    put(
        store,
        vera("3", "и общий both@example.com", minutes=3),
        vera("4", "both@example.com", platform="ok.ru", minutes=4),
    )
    note(store)
    apart = store.find_customer("vk.com:vera_vk")
    assert [one.platform for one in apart.profiles] == ["vk.com"]
    assert "apart" in [
        one.held for who in ("vk.com:vera_vk", "ok.ru:vera_ok") for one in store.find_customer(who).links
    ]
    store.link_customers("vk.com:vera_vk", "ok.ru:vera_ok")
    assert len(store.find_customer("vk.com:vera_vk").profiles) == 2


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "names nobody"),
        ("abc", "names nobody"),
        ("0000", "no ticket and no customer"),
        ("vk.com:", "write the platform and the handle"),
        ("vk.com:unknown", 'no author on "vk.com"'),
        ("vk.com:Вера", "several authors on vk.com"),
    ],
)
def test_who_is_meant_must_be_plain(store: Store, who: str, said: str) -> None:
    put(store, vera("1"), mention("2", author=Author(key="other", name="Вера"), minutes=1))
    with pytest.raises(StoreError, match=said):
        store.find_customer(who)


def test_a_customer_is_named_by_ticket_by_id_by_handle_by_key_or_by_name(store: Store) -> None:
    put(store, vera("1"))
    one = ticket(store, "1")
    customer = str(one.customer_id)
    for who in (
        str(one.id),
        one.id.hex[:8],
        customer,
        customer[:8],
        "vk.com:@vera_vk",
        "vk.com:vk.com/vera",
        "vk.com:Вера",
    ):
        assert store.find_customer(who).id == customer
    assert [line.id for line in store.list_tickets(TicketFilter(customer=store.profiles_of(customer)))] == [str(one.id)]


def test_the_same_author_twice_and_strangers_are_no_two_customers_to_part_or_join(store: Store) -> None:
    put(store, vera("1"), vera("2", minutes=1), mention("3", author="b", minutes=2))
    with pytest.raises(StoreError, match="same profile already"):
        store.link_customers("vk.com:vera_vk", str(ticket(store, "2").id))
    with pytest.raises(StoreError, match="nothing to undo"):
        store.unlink_customers("vk.com:vera_vk", "vk.com:b")
    with pytest.raises(StoreError, match="no link 7"):
        store.undo_link(7)
    with pytest.raises(StoreError, match="no link 7"):
        store.accept_link(7)


def test_the_source_of_a_ticket_without_an_author_is_told(store: Store) -> None:
    put(store, mention("1"))
    with pytest.raises(StoreError, match="does not say who wrote it"):
        store.find_customer(str(ticket(store, "1").id))


# --- rules ------------------------------------------------------------------------------------------------------------


def asking(decide: Callable[[Facts], Decided]) -> tuple[list[Facts], Router]:
    seen: list[Facts] = []

    def kept(facts: Facts) -> Decided:
        seen.append(facts)
        return decide(facts)

    return seen, Router(kept, lambda: True)


def proposing(facts: Facts) -> Decided:
    if facts.customer.known:
        return Decided("high", ruleset="v1", escalations=(PROPOSED,))
    return Decided("high", ruleset="v1", proposals=(PROPOSED,))


def test_tickets_of_all_profiles_are_counted_for_a_customer(store: Store) -> None:
    seen, router = asking(lambda facts: Decided("normal"))
    put(store, vera("1", f"я {PHONE}"), vera("2", f"я {PHONE}", platform="ok.ru", minutes=1), router=router)
    identify(store, card(loyalty="gold", do_not_call=False), router=router)
    put(store, vera("3", platform="ok.ru", minutes=2), vera("4", minutes=3), router=router)
    counted = [(one.customer.in_week, one.customer.open_tickets, one.customer.tickets) for one in seen[-2:]]
    assert counted == [(3, 2, 3), (4, 3, 4)]
    last = seen[-1].customer
    assert (last.known, last.first_contact, last.do_not_call, last.loyalty) == (True, False, False, ("gold",))
    assert (seen[0].customer.known, seen[0].customer.do_not_call) == (False, None)


def test_what_was_proposed_is_asked_for_once_when_the_customer_is_known(store: Store) -> None:
    _, router = asking(proposing)
    put(store, vera("1", f"я {PHONE}"), router=router)
    assert rows(store, "SELECT * FROM outbox") == []
    identify(store, card(), router=router)
    [row] = store.outbox_left()
    assert (row.instance, row.department, row.effect) == ("crm", "claims", "create")
    put(store, vera("2", "или vera@example.com", thread="1", minutes=1), router=router)
    identify(store, card(do_not_call=True), router=router)
    assert len(store.outbox_left()) == 1


@pytest.mark.parametrize("state", ["solved", "closed"])
def test_of_a_ticket_that_is_over_nothing_is_asked_for(store: Store, state: str) -> None:
    _, router = asking(proposing)
    put(store, vera("1", f"я {PHONE}"), router=router)
    note(store)
    write(store, "UPDATE tickets SET state = ?, own_state = ?", state, state)
    identify(store, card(), router=router)
    assert store.outbox_left() == []


def test_a_case_that_a_person_asked_for_already_is_not_asked_for_again_though_it_is_closed(store: Store) -> None:
    _, router = asking(proposing)
    put(store, vera("1", f"я {PHONE}"), router=router)
    [asked] = [store.ask_case(str(ticket(store, "1").id), "crm", "claims").outgoing]
    assert asked is not None
    store.outbox_drop([asked.n])
    identify(store, card(), router=router)
    assert store.outbox_left() == []


def test_linking_by_hand_lets_rules_decide_for_the_open_tickets_of_both(store: Store) -> None:
    _, router = asking(proposing)
    put(store, vera("1", f"я {PHONE}"), vera("2", platform="ok.ru", minutes=1), router=router)
    identify(store, card(), router=router)
    assert len(store.outbox_left()) == 1
    store.link_customers("vk.com:vera_vk", "ok.ru:vera_ok", router=router)
    assert len(store.outbox_left()) == 2


def test_an_answer_about_somebody_erased_meanwhile_is_not_kept_though_another_has_the_number(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"))
    note(store)
    [asking] = due(store)
    store.erase("vk.com/vera")
    put(store, mention("2", author="boris", body="мой +7 912 000-00-09"))
    note(store)
    assert [one.n for one in due(store)] == [asking.n]
    store.inquiry_answered(asking, CRM, [card()], None)
    assert rows(store, "SELECT * FROM customer_cards") == []
    assert len(due(store)) == 1


# --- erasing ----------------------------------------------------------------------------------------------------------


def test_of_an_erased_person_no_customer_is_left_and_the_other_profiles_are_named(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"), vera("2", f"я {PHONE}", platform="ok.ru", minutes=1))
    identify(store, card(do_not_call=True, profiles=("vk.com: vera_vk",)))
    assert store.named("vk.com/vera").linked == (("ok.ru", "ok.ru/vera"),)
    store.erase("vk.com/vera")
    assert rows(store, "SELECT * FROM customer_cards") == []
    assert [kind for (kind,) in rows(store, "SELECT kind FROM customer_links")] == ["phone"]
    assert rows(store, "SELECT platform FROM profiles") == [("ok.ru",)]
    found = store.find_customer("ok.ru:vera_ok")
    assert (found.known, len(found.profiles), found.tickets) == (False, 1, 1)
    everything = b"".join(file.read_bytes() for file in store.path.parent.glob("hub.db*"))
    assert b"vera_vk" not in everything
    assert b"Customer 7" not in everything


def test_a_whole_customer_goes_with_all_profiles_that_are_linked(store: Store) -> None:
    put(store, vera("1", f"я {PHONE}"), vera("2", f"я {PHONE}", platform="ok.ru", minutes=1), mention("3", author="b"))
    identify(store, card())
    erased = store.erase("vk.com/vera", store.named("vk.com/vera").linked)
    assert (erased.messages, erased.tickets) == (2, 2)
    assert [one.thread for one in store.iter_tickets()] == ["3"]
    for table in ("profiles", "customer_links", "customer_cards", "inquiries"):
        assert rows(store, f"SELECT * FROM {table}") == []
    put(store, vera("2", f"я {PHONE}", platform="ok.ru", minutes=1))
    assert [one.thread for one in store.iter_tickets()] == ["3"]
