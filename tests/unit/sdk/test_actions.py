"""What a destination is given: markers that are found again, and the map of queues and departments."""

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.sdk import ConnectorConfig, Delivery, DestinationMap, find_marker
from hub.testing import probes
from hub.testing.clock import NOW

MARKER = "hub-0123456789abcdef01234567"


class Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    group: int


class Mapped(ConnectorConfig):
    map: DestinationMap[Group] = Field(default=DestinationMap(), description="groups")


def delivery(queue: str | None = None, department: str | None = None) -> Delivery:
    ticket = probes.ticket().model_copy(update={"queue": queue})
    return Delivery(ticket, MARKER, NOW, department=department)


def mapped() -> DestinationMap[Group]:
    tables = {"queue": {"claims": {"group": 1}}, "department": {"cards": {"group": 2}}}
    return Mapped.model_validate({"connector": "x", "map": tables}).map


@pytest.mark.parametrize(
    ("queue", "department", "group"),
    [("claims", "cards", 2), ("claims", None, 1), ("claims", "unknown", 1), (None, "cards", 2), ("other", None, None)],
)
def test_the_department_comes_before_the_queue(queue: str | None, department: str | None, group: int | None) -> None:
    found = mapped().find(delivery(queue, department))
    assert (found.group if found else None) == group


def test_without_a_map_nothing_is_found() -> None:
    assert Mapped(connector="x").map.find(delivery("claims", "cards")) is None


@pytest.mark.parametrize(("group", "queue"), [(1, "claims"), (2, None), (7, None)])
def test_a_group_stands_for_the_one_queue_that_is_mapped_to_it(group: int, queue: str | None) -> None:
    tables = {"queue": {"claims": {"group": 1}, "cards": {"group": 7}, "loans": {"group": 7}}}
    found = Mapped.model_validate({"connector": "x", "map": tables}).map
    assert found.queue_where(lambda target: target.group == group) == queue


def test_every_target_is_listed_by_where_it_stands_queues_first() -> None:
    assert mapped().targets() == {"queue.claims": Group(group=1), "department.cards": Group(group=2)}
    assert list(mapped().targets()) == ["queue.claims", "department.cards"]


def test_the_targets_have_the_connectors_own_type() -> None:
    with pytest.raises(ValidationError, match=r"map.queue.claims.group"):
        Mapped.model_validate({"connector": "x", "map": {"queue": {"claims": {"group": "many"}}}})


@pytest.mark.parametrize("text", [MARKER, f"[{MARKER}] card", f"a {MARKER}", f"label,{MARKER},b"])
def test_a_marker_is_found_in_any_text(text: str) -> None:
    assert find_marker(None, "", "no", text) == MARKER


@pytest.mark.parametrize("text", ["hub-1", MARKER + "0", MARKER.upper(), "x" + MARKER])
def test_what_is_no_marker_is_not_taken_for_one(text: str) -> None:
    assert find_marker(text) is None
