"""What is written into Usedesk, and how often."""

import re
from datetime import timedelta
from typing import Any

import pytest

from hub.sdk import Author, Created, DeliveryError, Missing, Place, Request, Response, SourceError, TransientError
from hub_usedesk import assumed, words


def lost(path: str) -> Any:
    """Return what loses the answers of one method, though what was asked is done."""

    def spoil(request: Request, _: Response) -> Exception | None:
        return TransientError("the connection was reset") if request.path == path else None

    return spoil


def first(account: Any, ident: str) -> dict[str, Any]:
    """Return a ticket with its first comment, as the account has it."""
    return dict(account.items(ident)[0])


# --- create -------------------------------------------------------------------------------------------------------


def test_a_ticket_has_the_words_the_decision_and_where_it_belongs(account: Any, tools: Any) -> None:
    account.make(
        map={"queue": {"claims": {"group": 12, "assignee": 42, "channel": 7}}},
        types={"complaint": "problem"},
        fields={"source": 54, "rating": 55, "place": 56, "link": 57, "customer": 58, "category": 60},
    )
    place = Place(key="1", name="Отделение; на Ленина", city="Омск")
    ticket = tools.ticket(
        "Верните <b>деньги</b>\n& 5", "Где ответ?", queue="claims", category="complaint", priority="high",
        tags=("fraud", "a, b"), rating=2.0, place=place, state="open",
    )  # fmt: skip
    ident = account.made(ticket=ticket, summary="complaint, high; rules: stolen-money <1>")
    made = first(account, ident)
    assert (made["group"], made["assignee"], made["channel"]) == (12, 42, 7)
    assert (made["priority"], made["type"], made["status"]) == ("urgent", "problem", 1)
    assert made["tags"] == ["fraud", "a b", account.marker]
    assert made["additional_id"] == str(ticket.id)
    assert made["fields"] == {
        "54": "vk.com",
        "55": "2",
        "56": "Отделение, на Ленина, Омск",
        "57": "https://vk.com/wall-1_7?a=1&b=2",
        "58": "https://vk.com/vera_k",
        "60": "Жалоба",
    }
    assert (made["from"], made["public"]) == ("client", True)
    assert "Верните &lt;b&gt;деньги&lt;/b&gt;<br>&amp; 5" in made["markup"]
    assert made["markup"].index("Верните") < made["markup"].index("Где ответ?")
    assert '<a href="https://vk.com/wall-1_7?a=1&amp;b=2">' in made["markup"]
    assert "Решение: complaint, high; rules: stolen-money &lt;1&gt;</p>" in made["markup"]
    assert made["subject"] == "[vk.com] Верните <b>деньги</b> & 5"


def test_a_department_goes_before_a_queue_and_an_agent_of_that_name_before_the_map(account: Any, tools: Any) -> None:
    account.make(map={"queue": {"claims": {"group": 12, "assignee": 41}}, "department": {"law": {"group": 14}}})
    by_queue = account.made(ticket=tools.ticket(queue="claims", assignee="лада юрская"))
    law = account.made(ticket=tools.ticket(queue="claims", assignee="Никто"), department="law", marker=f"hub-{2:024}")
    assert (first(account, by_queue)["group"], first(account, by_queue)["assignee"]) == (12, 43)
    assert (first(account, law)["group"], first(account, law)["assignee"]) == (14, None)


def test_notes_and_hidden_words_are_not_told(account: Any, tools: Any) -> None:
    author = Author(key="vk/7", name="Вера")
    messages = (
        tools.message(0, "Слова клиента", author),
        tools.message(1, "Внутреннее", direction="note"),
        tools.message(2, "Удалённое", author, hidden=True),
        tools.message(3, "Наш ответ", direction="out"),
    )
    text = first(account, account.made(ticket=tools.ticket(messages=messages)))["text"]
    assert ("Внутреннее" in text, "Удалённое" in text) == (False, False)
    assert "Мы ответили · 2026-10-20 07:03:30 UTC\nНаш ответ" in text


def test_a_long_talk_is_cut_to_what_a_message_holds_and_says_so(account: Any, tools: Any) -> None:
    ticket = tools.ticket(*(f"№ {number} " + "<&" * 4000 for number in range(12)))
    made = first(account, account.made(ticket=ticket))
    assert len(made["markup"].encode()) <= assumed.MESSAGE_BYTES
    assert "№ 11" in made["text"]
    assert re.search(r"Сообщений раньше, которые сюда не поместились: \d+", made["text"])


def test_the_same_customer_is_one_client_and_a_bare_name_is_nobody_we_know(account: Any, tools: Any) -> None:
    for number in range(2):
        account.made(ticket=tools.ticket(), marker=f"hub-{number:024}")
        bare = (tools.message(0, "Плохо", Author(key="", name="Иван")),)
        account.made(ticket=tools.ticket(messages=bare, platform="2gis"), marker=f"hub-{number + 5:024}")
    names = [(one["client"], one["source_id"]) for one in account.items()]
    clients = [account.ask("/clients", query=name, search_type="full_match") for name in sorted({n for n, _ in names})]
    assert [len(found) for found in clients] == [1, 2]
    assert clients[0][0]["name"] == "Вера К. (vk.com, @vera_k)"
    assert clients[1][0]["name"] == "Иван (2gis)"
    assert {(one["phone"], tuple(one["emails"])) for found in clients for one in found} == {("", ())}


def test_a_mail_that_was_not_delivered_is_a_ticket_all_the_same(account: Any) -> None:
    account.change("account", undelivered=True)
    assert account.made()
    assert len(account.writes("create/ticket")) == 1


def test_after_a_lost_answer_the_ticket_is_looked_up_by_its_tag(account: Any) -> None:
    with pytest.raises(TransientError):
        account.write(account.delivery(), spoil=lost("/create/ticket"))
    account.later(5)
    (fact,) = account.write(account.delivery(unsure_since=account.start))
    assert isinstance(fact, Created)
    assert [write["id"] for write in account.writes("create/ticket")] == [int(fact.external_id)]


def test_what_was_not_made_is_made_only_after_the_engine_believes_the_look_up(account: Any) -> None:
    facts = account.write(account.delivery(unsure_since=account.now))
    assert [type(fact) for fact in facts] == [Missing, Created]


def test_of_several_with_the_marker_the_oldest_counts(account: Any) -> None:
    oldest = account.made()
    account.made()
    assert account.write(account.delivery(unsure_since=account.now)) == [Created(oldest)]


def test_a_look_up_that_obeys_no_tag_finds_no_strange_ticket(account: Any, monkeypatch: Any) -> None:
    send = account.send

    def untagged(request: Request) -> Response:
        body = {key: value for key, value in (request.json or {}).items() if key != "tag"}
        answer: Response = send(Request(request.method, request.path, json=body, context=request.context))
        return answer

    account.made(marker=f"hub-{3:024}")
    monkeypatch.setattr(account, "send", untagged)
    assert [type(one) for one in account.write(account.delivery(unsure_since=account.now))] == [Missing, Created]


def test_a_ticket_that_is_made_is_left_alone_by_a_later_try(account: Any, tools: Any) -> None:
    account.sent.clear()
    assert account.write(account.delivery(link=tools.link("2261907"), reference={})) == []
    assert [request.path for request in account.sent if request.path.startswith("/create")] == []


def test_a_refusal_with_status_200_sets_the_delivery_aside_in_usedesks_words(account: Any, tools: Any) -> None:
    account.make(map={"queue": {"claims": {"group": 99}}})
    with pytest.raises(DeliveryError, match=r"Usedesk refuses the ticket: group_id is invalid \(code 3\)"):
        account.write(account.delivery(ticket=tools.ticket(queue="claims")))
    assert account.writes("create/ticket") == []


def test_an_answer_without_an_id_is_no_success(account: Any, monkeypatch: Any) -> None:
    send = account.send
    empty = b'{"status": "success"}'
    monkeypatch.setattr(
        account, "send", lambda one: Response(200, {}, empty, one) if "create" in one.path else send(one)
    )
    with pytest.raises(SourceError, match="without its id"):
        account.write(account.delivery())


def test_429_is_surely_without_effect(account: Any) -> None:
    delivery = account.delivery()
    account.change("burst", times=2)
    with pytest.raises(TransientError) as refused:
        account.write(delivery)
    assert refused.value.undone
    assert refused.value.retry_after == timedelta(seconds=60)


def test_an_escalation_is_made_in_the_same_way(account: Any) -> None:
    (fact,) = account.write(account.delivery(), how="escalate")
    assert first(account, fact.external_id)["tags"] == [account.marker]


# --- comment ------------------------------------------------------------------------------------------------------


def test_a_later_message_is_a_public_comment_of_the_client(account: Any, tools: Any) -> None:
    ident = account.made()
    account.change("status", id=ident, status=2)
    said = tools.message(5, "Где <деньги>?", Author(key="vk/7", name="Вера К."))
    (fact,) = account.write(account.delivery(effect="comment", link=tools.link(ident), messages=(said,)))
    comment = account.items(ident)[1]
    assert fact == Created(comment["source_id"])
    assert (comment["from"], comment["public"], comment["status"]) == ("client", True, 1)
    assert "Вера К. · 2026-10-20 07:05:30 UTC</b><br>Где &lt;деньги&gt;?" in comment["markup"]


def test_a_message_that_the_customer_changed_is_called_so_and_is_no_news_when_it_is_read(
    account: Any, tools: Any
) -> None:
    ident = account.made()
    said = (tools.message(5, "Украли деньги"),)
    account.write(account.delivery(effect="comment", link=tools.link(ident), messages=said, edited=True))
    comment = account.items(ident)[1]
    assert (comment["from"], comment["public"]) == ("client", True)
    assert comment["markup"].startswith("<p><b>Клиент изменил сообщение. Теперь в нём:</b></p>")
    assert account.case(ident).messages == ()


def test_what_only_we_said_is_a_private_note_that_nobody_is_sent(account: Any, tools: Any) -> None:
    ident = account.made()
    said = tools.message(5, "Ответили на площадке", direction="out")
    account.write(account.delivery(effect="comment", link=tools.link(ident), messages=(said,)))
    comment = account.items(ident)[1]
    assert (comment["from"], comment["public"]) == ("user", False)


def test_after_a_lost_answer_the_comment_is_found_by_its_words(account: Any, tools: Any) -> None:
    ident = account.made()
    account.later(3600)
    asked = {"effect": "comment", "link": tools.link(ident), "messages": (tools.message(5, "Где деньги? 😡"),)}
    since = account.now
    with pytest.raises(TransientError):
        account.write(account.delivery(**asked), spoil=lost("/create/comment"))
    account.later(5)
    (fact,) = account.write(account.delivery(**asked, unsure_since=since))
    assert fact == Created(account.items(ident)[1]["source_id"])
    assert len(account.writes("create/comment")) == 1


def test_the_same_words_of_another_moment_or_side_are_another_comment(account: Any, tools: Any) -> None:
    ident = account.made()
    early = {"effect": "comment", "link": tools.link(ident), "messages": (tools.message(5, "Ау"),)}
    late = {**early, "messages": (tools.message(6, "Ау"),)}
    account.write(account.delivery(**early))
    account.change("answer", id=ident, text=words.comment(late["messages"], "ru"))
    facts = account.write(account.delivery(**late, unsure_since=account.now))
    assert [type(fact) for fact in facts] == [Missing, Created]


# --- change -------------------------------------------------------------------------------------------------------


def change(account: Any, tools: Any, ident: str, ticket: Any = None, **changes: Any) -> None:
    more = {"ticket": ticket} if ticket else {}
    account.write(account.delivery(effect="change", link=tools.link(ident), changes=changes, **more))


def test_a_change_keeps_the_tags_of_agents_and_the_marker(account: Any, tools: Any) -> None:
    ident = account.made(ticket=tools.ticket(tags=("fraud",)))
    account.change("tag", id=ident, tags=["vip"])
    change(account, tools, ident, tags=("fraud", "bank"))
    assert first(account, ident)["tags"] == ["fraud", account.marker, "vip", "bank"]


def test_a_change_sets_what_it_names_and_opens_nothing(account: Any, tools: Any) -> None:
    account.make(map={"queue": {"claims": {"group": 12}}}, fields={"category": 60})
    ident = account.made()
    ticket = tools.ticket(queue="claims")
    change(account, tools, ident, ticket, queue="claims", priority="low", category="praise", assignee="Пётр Снегов")
    made = first(account, ident)
    assert (made["group"], made["priority"], made["assignee"], made["status"]) == (12, "low", 42, 8)
    assert made["fields"] == {"60": "Благодарность"}
    assert [write["silent"] for write in account.writes("update/ticket")] == [True]
    change(account, tools, ident, assignee=None)
    assert first(account, ident)["assignee"] is None


@pytest.mark.parametrize(
    ("state", "status"), [("open", 1), ("pending", 6), ("on_hold", 5), ("solved", 2), ("closed", 3), ("hidden", 8)]
)
def test_a_state_becomes_its_status(account: Any, tools: Any, state: str, status: int) -> None:
    ident = account.made()
    change(account, tools, ident, state=state)
    assert first(account, ident)["status"] == status


def test_closed_spam_is_spam_there_and_a_status_that_says_the_same_is_left(account: Any, tools: Any) -> None:
    account.make(statuses={"11": "pending"})
    ident = account.made()
    account.change("status", id=ident, status=11)
    change(account, tools, ident, state="pending")
    assert first(account, ident)["status"] == 11
    change(account, tools, ident, state="closed", category="spam")
    assert first(account, ident)["status"] == 7


def test_nothing_to_change_writes_nothing_and_a_ticket_that_is_gone_is_told(account: Any, tools: Any) -> None:
    ident = account.made()
    change(account, tools, ident, assignee="Никто")
    assert account.writes("update/ticket") == []
    account.change("purge", id=ident)
    with pytest.raises(DeliveryError, match=rf"to show ticket {ident}: Ticket not found \(code 4\)"):
        change(account, tools, ident, state="solved")


def test_a_subject_is_one_line_of_what_usedesk_takes(tools: Any) -> None:
    assert words.subject(tools.ticket("слово " * 200), "ru").endswith("…")
    assert len(words.subject(tools.ticket(title="т" * 400), "ru")) == assumed.SUBJECT_CHARS
    assert words.subject(tools.ticket(""), "en") == "[vk.com] Ticket"
