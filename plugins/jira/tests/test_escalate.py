"""A ticket becomes exactly one issue, is told what is new, and moves on, in both editions."""

from typing import Any

import pytest

from hub.sdk import Created, DeliveryError, Missing, Request, Response, TransientError
from hub_jira.fields import RAISED, priority


def lost(what: str) -> Any:
    """Return a spoiler that loses the answer to the first POST of *what*; what was asked for is done."""
    done = []

    def spoil(request: Request, _: Response) -> Exception | None:
        if request.method == "POST" and request.path.endswith(what) and not done:
            done.append(request)
            return TransientError("the connection broke off before the answer was complete")
        return None

    return spoil


# -- create -----------------------------------------------------------------------------------------------------


def test_an_issue_says_who_wrote_what_and_where_and_carries_the_marker(site: Any, tools: Any) -> None:
    connector = site.connector(link="https://desk.example/t/{id}")
    facts = site.drive(connector, site.delivery(connector))
    (made,) = site.made()
    assert [fact.external_id for fact in facts] == [made["source_id"]]
    assert facts[0].url == f"{site.box.urls[site.vendor]}/browse/{made['key']}"
    assert made["labels"] == [tools.marker, "social-media", "yandex_maps"]
    assert made["properties"]["hub.ticket"]["id"] == "00000000-0000-0000-0000-000000000001"
    assert made["summary"].startswith("[yandex_maps] Деньги *списали* дважды!")
    assert made["priority"] == 2, "raised: a normal ticket becomes an issue of high priority"
    (remote,) = made["links"]
    assert remote["globalId"] == "system=hub&id=00000000-0000-0000-0000-000000000001"
    assert remote["object"]["url"] == "https://desk.example/t/00000000-0000-0000-0000-000000000001"
    read = site.drafts(connector, made["source_id"])
    for words in ("Customer from social media: yandex_maps", "Анна, 2026-10-20", "> Деньги *списали* дважды!",
                  "> h1. Верните [деньги]", "https://maps.example/1", "https://desk.example/t/"):  # fmt: skip
        assert words in read.otherwise.messages[0].body
    assert read.marker == tools.marker


def test_other_braces_in_the_address_of_a_ticket_stay_as_they_are(site: Any) -> None:
    connector = site.connector(link="https://desk.example/{team}/{id}?view={}")
    site.drive(connector, site.delivery(connector))
    (made,) = site.made()
    address = "https://desk.example/{team}/00000000-0000-0000-0000-000000000001?view={}"
    assert made["links"][0]["object"]["url"] == address


@pytest.mark.parametrize("kind", ["task", "issue"])
def test_what_came_from_a_tracker_or_a_crm_is_not_marked_as_social_media(site: Any, tools: Any, kind: str) -> None:
    connector = site.connector()
    site.drive(connector, site.delivery(connector, ticket=tools.ticket(kind=kind, platform="bitrix24")))
    (made,) = site.made()
    assert made["labels"] == [tools.marker, "bitrix24"]
    assert made["text"].startswith("Source: bitrix24")


def test_the_frame_is_russian_where_the_settings_say_so(site: Any) -> None:
    connector = site.connector(language="ru", issue_type="10003")
    site.drive(connector, site.delivery(connector))
    (made,) = site.made()
    assert "Клиент из соцсетей: yandex_maps" in made["text"]


def test_a_required_field_that_nobody_gave_is_named_with_its_values_and_nothing_is_sent(site: Any) -> None:
    connector = site.connector(project="STRICT")
    with pytest.raises(
        DeliveryError, match=r"requires Team \(customfield_10050\), one of Север, Юг: set it in `fields`"
    ):
        site.drive(connector, site.delivery(connector))
    assert site.made() == []


@pytest.mark.parametrize("name", ["Team", "customfield_10050"])
def test_required_fields_come_from_the_settings_by_id_or_name(site: Any, name: str) -> None:
    connector = site.connector(project="STRICT", fields={name: {"value": "Юг"}})
    site.drive(connector, site.delivery(connector))
    assert site.made()[0]["project"] == "STRICT"


def test_queue_and_department_choose_project_type_and_fields(site: Any, tools: Any) -> None:
    targets = {
        "queue": {"claims": {"project": "DEV"}},
        "department": {"law": {"project": "STRICT", "fields": {"Team": {"id": "30002"}}}},
    }
    connector = site.connector(map=targets)
    site.drive(connector, site.delivery(connector, ticket=tools.ticket(queue="claims")))
    site.drive(connector, site.delivery(connector, department="law", marker=tools.marker[:-1] + "f"))
    assert [item["project"] for item in site.made()] == ["DEV", "STRICT"]


def test_a_screen_without_priority_gets_none(site: Any) -> None:
    connector = site.connector(project="DEV")
    site.drive(connector, site.delivery(connector))
    assert site.made()[0]["priority"] == 3, "Jira's own"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"project": None}, "no project"),
        ({"project": "NOPE"}, "no issues can be created in project NOPE"),
        ({"issue_type": "Epic"}, "no issue type 'Epic'; it has Task, Bug, Service request"),
        ({"fields": {"Colour": 1}}, "no field 'Colour'"),
        ({"priorities": {"high": "Now"}}, "no priority 'Now' here; there are"),
    ],
)
def test_settings_that_do_not_fit_the_project_are_told(cloud: Any, settings: dict[str, Any], told: str) -> None:
    connector = cloud.connector(**settings)
    with pytest.raises(DeliveryError, match=told):
        cloud.drive(connector, cloud.delivery(connector))
    assert cloud.made() == []


def test_a_create_whose_answer_was_lost_is_found_by_its_marker_once_the_index_has_it(site: Any, tools: Any) -> None:
    connector = site.connector()
    site.change("index_delay", seconds=120)
    with pytest.raises(TransientError):
        site.drive(connector, site.delivery(connector), lost("/issue"))
    unsure = {"unsure_since": tools.start}
    steps = connector.escalate(site.delivery(connector, **unsure))
    assert isinstance(steps.send(site.send(connector, next(steps))), Missing), "the index does not have it yet"
    steps.close()
    site.box.advance(121)
    facts = site.drive(connector, site.delivery(connector, **unsure))
    (made,) = site.made()
    assert [fact.external_id for fact in facts] == [made["source_id"]]
    assert len(made["links"]) == 1


def test_what_is_left_after_a_create_is_done_without_a_second_one(site: Any, tools: Any) -> None:
    connector = site.connector()
    with pytest.raises(TransientError):
        site.drive(connector, site.delivery(connector), lost("/remotelink"))
    (made,) = site.made()
    assert site.drive(connector, site.delivery(connector, link=tools.link(made["source_id"]))) == []
    assert [len(item["links"]) for item in site.made()] == [1], "the link back is an upsert"


def test_a_look_up_that_can_be_believed_lets_it_be_created(site: Any, tools: Any) -> None:
    connector = site.connector()
    facts = site.drive(connector, site.delivery(connector, unsure_since=tools.start))
    assert [type(fact) for fact in facts] == [Missing, Created]
    assert len(site.made()) == 1


def test_two_that_were_made_are_one_and_the_other_is_linked_and_closed(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    second = site.change("copy", id=first)["source_id"]
    site.box.advance(60)
    facts = site.drive(connector, site.delivery(connector, unsure_since=tools.start))
    assert [fact.external_id for fact in facts] == [first, second], (
        "the lower id counts, the other is known as the same"
    )
    assert site.issue(second)["category"] == "done"
    assert site.issue(second)["related"] == [{"type": "Duplicate", "outward": site.issue(first)["key"]}]
    assert site.issue(first)["category"] == "new"
    (told,) = [one for one in site.items(by_client=True) if one["source_id"].startswith(f"{second}/comment/")]
    assert told["text"] == "Created twice for the same ticket: closed, the work goes on in the linked issue."


@pytest.mark.parametrize("unsure", [False, True])
def test_a_clone_that_a_person_made_is_left_to_that_person(site: Any, tools: Any, unsure: bool) -> None:
    """Clone copies the labels, and with them the marker."""
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    clone = site.change("clone", id=first)["source_id"]
    site.box.advance(60)
    what = {"unsure_since": tools.start} if unsure else {"effect": "comment", "messages": tools.ticket().messages}
    known = {} if unsure else {"link": tools.link(first)}
    site.drive(connector, site.delivery(connector, **what, **known))
    assert [site.issue(one)["category"] for one in (first, clone)] == ["new", "new"]
    assert (site.issue(clone)["related"], site.issue(clone)["comments"]) == ([], 0)


def test_a_duplicate_that_shows_up_late_is_closed_by_the_next_comment(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    second = site.change("copy", id=first)["source_id"]
    site.box.advance(60)
    said = tools.ticket().messages
    site.drive(connector, site.delivery(connector, effect="comment", link=tools.link(first), messages=said))
    assert [site.issue(one)["category"] for one in (first, second)] == ["new", "done"]


def test_a_refused_create_says_what_jira_says(cloud: Any) -> None:
    connector = cloud.connector(fields={"assignee": {"accountId": "nobody"}})
    with pytest.raises(DeliveryError, match="Jira refuses the issue: 400 assignee: User does not exist"):
        cloud.drive(connector, cloud.delivery(connector))


def test_the_longest_words_fit(site: Any, tools: Any) -> None:
    connector = site.connector()
    for number, body in enumerate(("(длинно) " * 20_000, "&&*_" * 10_000)):
        long = tools.ticket(body=body, title="Т" * 400)
        site.drive(connector, site.delivery(connector, ticket=long, marker=f"{tools.marker[:-1]}{number}"))
    assert [len(item["summary"]) for item in site.made()] == [255, 255]


# -- comment ----------------------------------------------------------------------------------------------------


def test_a_comment_is_internal_quotes_the_customer_and_is_named_as_its_record_will_be(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    delivery = site.delivery(
        connector,
        effect="comment",
        link=tools.link(first),
        messages=tools.ticket().messages,
        marker=tools.marker[:-1] + "f",
    )
    (fact,) = site.drive(connector, delivery)
    (said,) = site.items(source_id=fact.external_id)
    assert said["public"] is False
    assert "Верните" in said["text"]
    (read,) = [one for one in site.drafts(connector, first).messages if one.source_id == fact.external_id]
    assert read.echo_of == delivery.marker, "our own words never come back as news"
    assert "> h1. Верните [деньги]" in read.body


def test_a_comment_on_a_message_that_the_customer_changed_says_so(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    what = {"effect": "comment", "link": tools.link(first), "messages": tools.ticket().messages, "edited": True}
    (fact,) = site.drive(connector, site.delivery(connector, **what, marker=tools.marker[:-1] + "f"))
    (said,) = site.items(source_id=fact.external_id)
    assert said["text"].lstrip().startswith(("Клиент изменил сообщение", "The customer has changed a message"))


def test_a_comment_whose_answer_was_lost_is_found_and_not_said_twice(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    what = {"effect": "comment", "link": tools.link(first), "messages": tools.ticket().messages}
    with pytest.raises(TransientError):
        site.drive(connector, site.delivery(connector, **what), lost("/comment"))
    (fact,) = site.drive(connector, site.delivery(connector, unsure_since=tools.start, **what))
    assert isinstance(fact, Created)
    assert site.writes().count("comment") == 1


def test_a_comment_on_an_issue_that_is_gone_is_set_aside_with_the_reason(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    site.change("delete", id=first)
    with pytest.raises(DeliveryError, match="404 \\(it is gone, or the user may not see it\\)"):
        site.drive(
            connector,
            site.delivery(connector, effect="comment", link=tools.link(first), messages=tools.ticket().messages),
        )


# -- change -----------------------------------------------------------------------------------------------------


def change(site: Any, connector: Any, first: str, tools: Any, **changes: Any) -> None:
    site.drive(connector, site.delivery(connector, effect="change", link=tools.link(first), changes=changes))


@pytest.mark.parametrize(("state", "category"), [("open", "indeterminate"), ("solved", "done"), ("closed", "done")])
@pytest.mark.parametrize("project", ["CLAIMS", "DEV"])
def test_a_state_is_reached_whatever_the_workflow_calls_it(
    cloud: Any, tools: Any, state: str, category: str, project: str
) -> None:
    connector = cloud.connector(project=project)
    first = cloud.drive(connector, cloud.delivery(connector))[0].external_id
    change(cloud, connector, first, tools, state=state)
    change(cloud, connector, first, tools, state=state)
    assert cloud.issue(first)["category"] == category
    assert cloud.writes().count("transition") == 1, "where it is there already, nothing is done"


def test_a_state_with_no_category_of_its_own_is_named_in_the_settings(site: Any, tools: Any) -> None:
    connector = site.connector(transitions={"pending": "Waiting for customer"})
    first = site.drive(connector, site.delivery(connector))[0].external_id
    change(site, connector, first, tools, state="pending")
    assert site.issue(first)["status"] == "Waiting for customer"


def test_no_way_to_a_state_is_told_with_the_ways_there_are(cloud: Any, tools: Any) -> None:
    connector = cloud.connector(transitions={"closed": "Archived"})
    first = cloud.drive(connector, cloud.delivery(connector))[0].external_id
    with pytest.raises(
        DeliveryError, match="no transition leads to Archived; from To Do the workflow leads to To Do, In"
    ):
        change(cloud, connector, first, tools, state="closed")
    cloud.change("deny", project="CLAIMS", rights=["TRANSITION_ISSUES"])
    with pytest.raises(DeliveryError, match="leads to nothing: the user may lack the right"):
        change(cloud, connector, first, tools, state="closed")


def test_priority_and_tags_follow_and_a_move_to_another_project_is_refused(site: Any, tools: Any) -> None:
    connector = site.connector()
    first = site.drive(connector, site.delivery(connector))[0].external_id
    change(site, connector, first, tools, priority="high", tags=["двойное списание"])
    assert site.issue(first)["priority"] == 1
    assert site.issue(first)["labels"][-1] == "двойное-списание"
    with pytest.raises(DeliveryError, match="cannot move an issue"):
        change(site, connector, first, tools, department="law")


# -- priorities -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("Highest", "High", "Medium", "Low", "Lowest"), ("Highest", "High", "Medium", "Low")),
        (("Blocker", "Critical", "Major", "Minor", "Trivial"), ("Blocker", "Critical", "Major", "Minor")),
        (("A", "B", "C", "D"), ("A", "B", "C", "D")),
        (("Hot", "Cold"), ("Hot", "Hot", "Cold", "Cold")),
    ],
)
def test_a_priority_is_found_by_stock_name_else_by_its_place(cloud: Any, names: Any, found: Any) -> None:
    allowed = [{"id": str(number), "name": name} for number, name in enumerate(names)]
    config = cloud.connector().config
    assert tuple(priority(allowed, level, config)["name"] for level in ("urgent", "high", "normal", "low")) == found
    assert priority([], "high", config) is None


def test_every_priority_is_raised_by_one_and_the_highest_stays() -> None:
    assert RAISED == {"low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}


@pytest.mark.parametrize(
    ("kind", "kinds"), [("issue", ["bulletList", "codeBlock", "paragraph"]), ("review", ["paragraph"] * 3)]
)
def test_the_layout_of_what_a_team_wrote_stays_and_a_customers_signs_stay_signs(
    cloud: Any, tools: Any, kind: str, kinds: list[str]
) -> None:
    body = "- раз\n- два\n\n```\nx = 1\n```\n\n# не заголовок"
    connector = cloud.connector()
    first = cloud.drive(connector, cloud.delivery(connector, ticket=tools.ticket(kind=kind, body=body)))[0].external_id
    sent = next(
        request.json for request, _ in cloud.log if request.method == "POST" and request.path.endswith("/issue")
    )
    quote = next(node for node in sent["fields"]["description"]["content"] if node["type"] == "blockquote")
    assert [node["type"] for node in quote["content"]] == kinds
    read = cloud.drafts(connector, first).otherwise.messages[0].body
    assert "> - раз\n> - два\n> \n> ```\n> x = 1\n> ```\n> \n> # не заголовок" in read
