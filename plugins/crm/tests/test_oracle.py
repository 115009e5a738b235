"""What the client sends and the sandbox answers, held against Bitrix24's own descriptions of its methods.

They are read from `shared/oracles/bitrix24` beside or above the repository and are no part of it.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from hub.sdk import Created, FollowUp, Link, Message, Read, Request, Response, Ticket
from hub.testing import NOW
from hub_crm.connector import Crm
from hub_crm.products.bitrix24.about import CHATS
from plugins.crm.tests.conftest import Open, Site

FOLDER = next(
    (parent / "shared/oracles/bitrix24" for parent in Path(__file__).parents if (parent / "shared").is_dir()), None
)
pytestmark = pytest.mark.skipif(
    FOLDER is None or not FOLDER.is_dir(),
    reason="shared/oracles/bitrix24 is not there: this trial needs the vendor's files",
)

BASES: Mapping[str, tuple[type, ...]] = {
    "integer": (int,),
    "string": (str,),
    "array": (list,),
    "object": (dict,),
    "boolean": (bool, str),
    "number": (int, float),
    "double": (int, float),
}
FREE = ".params"
UNDESCRIBED = {"batch"}
"""Described as part of the protocol, not as a method."""

ENTITIES: Mapping[str, tuple[str, ...]] = {
    "tasks.task.": ("tasks.task.list", "tasks.task.get"),
    "crm.item.": ("crm.item.list", "crm.item.get"),
}
"""Methods that answer with the same entity, and where all its fields are described: examples are cut short."""


@lru_cache
def described(method: str) -> dict[str, Any]:
    """The vendor's description of a method."""
    assert FOLDER is not None
    found: dict[str, Any] = json.loads((FOLDER / "methods" / f"{method}.json").read_text(encoding="utf-8"))
    return found


def method_of(path: str) -> str:
    return path.rpartition("/")[2]


def calls(request: Request) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every call that *request* makes, those of a batch one by one, with the parameters as they arrive."""
    method = method_of(request.path)
    if request.path.startswith("/rest/api/") and method == "tasks.task.add":
        return  # REST 3.0 has a description of its own, which is not among the files
    if method != "batch":
        yield method, request.json
        return
    for command in request.json["cmd"].values():
        name, _, query = command.partition("?")
        yield name, _grown(parse_qsl(query))


def _grown(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the top of a tree of bracketed names; below, only whether it is a list or a map is kept."""
    grown: dict[str, Any] = {}
    for name, value in pairs:
        first, *keys = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        if not keys:
            grown[first] = int(value) if value.lstrip("-").isdigit() else value
        elif keys[0] == "":
            grown.setdefault(first, []).append(value)
        else:
            grown.setdefault(first, {})[keys[0]] = value
    return grown


def faults_of_call(method: str, params: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the description has against a call."""
    if method in UNDESCRIBED:
        return
    told = described(method)
    known = {param["name"]: param for param in told["params"]}
    yield from (f"{method}: no parameter {name!r}" for name in params if name not in known)
    yield from (
        f"{method}: {name} is missing"
        for name, param in known.items()
        if param["required"] is True and name not in params
    )
    for name, value in params.items():
        if name in known and not isinstance(value, BASES.get(known[name]["base"], (object,))):
            yield f"{method}: {name} is {type(value).__name__}, not {known[name]['base']}"
        ref = known[name].get("ref") if name in known else None
        if ref:
            yield from _faults_of_fields(method, told["defs"][ref.rpartition("/")[2]], value)


def _faults_of_fields(method: str, definition: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[str]:
    fields = {field["name"]: field for field in definition["fields"]}
    own = ("UF_", "ufCrm")
    yield from (f"{method}: no field {name!r}" for name in given if name not in fields and not name.startswith(own))
    for name, field in fields.items():
        if field["required"] is True and name not in given:
            yield f"{method}: field {name} is missing"
        elif name in given and not isinstance(given[name], BASES.get(field["base"], (object,))):
            yield f"{method}: field {name} is {type(given[name]).__name__}, not {field['base']}"


def faults_of_answer(method: str, result: Any) -> Iterator[str]:
    """Yield where a result differs in shape from the vendor's example of it."""
    told = described(method)
    example = (told.get("resultExample") or {}).get("result")
    family = next((names for start, names in ENTITIES.items() if method.startswith(start)), ())
    more = {field for name in (method, *family) for field in described(name).get("entityFields") or ()}
    yield from _faults_of_shape(f"{method}: result", result, example, more)


def _faults_of_shape(where: str, ours: Any, example: Any, more: set[str]) -> Iterator[str]:
    if ours in (None, [], {}) or example in (None, [], {}) or where.endswith(FREE):
        return  # nothing, PHP's list for a map without entries, or a map of whatever a message has
    if isinstance(example, dict) and isinstance(ours, dict):
        numbered = all(key.isdigit() for key in example)
        for key, value in ours.items():
            like = next(iter(example.values())) if numbered else example.get(key)
            if key not in example and key not in more and not numbered and not key.startswith("uf"):
                yield f"{where}: no field {key!r}"
            yield from _faults_of_shape(f"{where}.{key}", value, like, more)
    elif isinstance(example, list) and isinstance(ours, list):
        for value in ours:
            yield from _faults_of_shape(f"{where}[]", value, example[0], more)
    elif _kind(ours) != _kind(example):
        yield f"{where} is {ours!r}, the vendor has {example!r}"


def _kind(value: Any) -> str:
    return "number" if type(value) in (int, float) else type(value).__name__


class Witness:
    """Sends to the sandbox and writes down what either side does against the vendor's descriptions."""

    def __init__(self, site: Site) -> None:
        self._send = site.send
        self.faults: list[str] = []
        self.methods: set[str] = set()

    def __call__(self, request: Request, connector: Crm | None = None) -> Response:
        response = self._send(request, connector)
        made = list(calls(request))
        self.methods |= {method for method, _ in made}
        for method, params in made:
            self.faults += faults_of_call(method, params)
        body = response.json()
        if "result" in body and method_of(request.path) == "batch":
            for key, command in request.json["cmd"].items():
                results = body["result"]["result"]
                if isinstance(results, dict) and key in results:
                    self.faults += faults_of_answer(command.partition("?")[0], results[key])
        elif "result" in body and made:
            self.faults += faults_of_answer(made[0][0], body["result"])
        return response


@pytest.fixture(params=[True, False], ids=["chats", "classic"])
def witness(request: pytest.FixtureRequest, open_site: Open) -> tuple[Site, Witness]:
    site = open_site("bitrix24", options={"odd": 0.3}, read=("tasks", "leads", "deals"))
    site.box.change("bitrix24", "portal", chats=request.param)
    seen = Witness(site)
    site.send = seen  # type: ignore[method-assign]  # what is sent goes past the witness
    return site, seen


def test_all_that_reading_sends_and_gets_is_as_the_vendor_describes_it(witness: tuple[Site, Witness]) -> None:
    site, seen = witness
    for stream in site.connector.streams(site.reference):
        site.drafts(stream.name)
        for sweep in stream.sweeps:
            site.drafts(stream.name, sweep.name)
    site.connector = site.make(marker_field="UF_HUB_ID")
    assert site.lacking()
    assert sorted(set(seen.faults)) == []
    assert {
        "tasks.task.list",
        "crm.item.list",
        "crm.timeline.comment.list",
        "user.get",
        "crm.status.list",
    } <= seen.methods


@pytest.mark.parametrize("kind", ["task", "lead", "deal"])
def test_all_that_writing_sends_and_gets_is_as_the_vendor_describes_it(
    kind: str,
    witness: tuple[Site, Witness],
    make_ticket: Callable[..., Ticket],
    make_link: Callable[[str], Link],
    make_message: Callable[..., Message],
) -> None:
    site, seen = witness
    site.connector = site.make(map={"department": {"law": {"group": 32, "responsible": 12}}}, escalate_as=kind)
    complaint = make_ticket("мой телефон 8 912 000-00-07, vera@example.com")
    facts = site.write(site.delivery(ticket=complaint, department="law", unsure_since=site.now))
    made = next(fact for fact in facts if isinstance(fact, Created))
    about = {"link": make_link(made.external_id), "department": "law"}
    site.write(site.delivery(effect="comment", messages=(make_message(1, "?"),), unsure_since=site.now, **about))
    for changes in ({"state": "solved", "priority": "low"}, {"state": "open", "department": "law"}):
        site.write(site.delivery(effect="change", changes=changes, **about))
    assert sorted(set(seen.faults)) == []
    of_tasks = {"task.commentitem.add", "tasks.task.update", "tasks.task.complete", "tasks.task.get"}
    of_cards = {"crm.item.add", "crm.item.update", "crm.timeline.comment.add"}
    assert (of_tasks if kind == "task" else of_cards) | {"crm.duplicate.findbycomm"} <= seen.methods


def test_the_witness_would_notice() -> None:
    assert list(faults_of_call("crm.item.list", {"entityTypeId": "1", "nope": 1})) == [
        "crm.item.list: no parameter 'nope'",
        "crm.item.list: entityTypeId is str, not integer",
    ]
    assert list(faults_of_call("task.commentitem.add", {"TASKID": 1, "FIELDS": {"MESSAGE": "x"}})) == [
        "task.commentitem.add: no field 'MESSAGE'",
        "task.commentitem.add: field POST_MESSAGE is missing",
    ]
    assert list(faults_of_answer("tasks.task.list", {"tasks": [{"id": 5, "nope": "x"}]})) == [
        "tasks.task.list: result.tasks[].id is 5, the vendor has '8017'",
        "tasks.task.list: result.tasks[]: no field 'nope'",
    ]


# --- the vendor's own fictional data ----------------------------------------------------------------------------------


def dataset() -> dict[str, Any]:
    assert FOLDER is not None
    found: dict[str, Any] = json.loads((FOLDER / "dataset.json").read_text(encoding="utf-8"))["entities"]
    return found


def crm() -> Crm:
    settings = {"webhook_url": "https://portal.example/rest/1/kept-secret/", "read": ("tasks", "leads", "deals")}
    return Crm(Crm.Config.model_validate({"connector": "crm", **settings}))


def answered(name: str, body: Any) -> list[Any]:
    """Return what a reference makes of *body*."""
    connector, read = crm(), Read("", "reference", NOW, name=name)
    request = connector.request(read)
    assert request is not None
    return list(connector.parse(Response(200, {}, json.dumps({"result": body}).encode(), request), read).records)


def test_every_task_of_the_vendors_data_becomes_a_ticket_with_its_people() -> None:
    data = dataset()
    reference = {
        "people": answered("people", data["users"]),
        "about": [{"id": CHATS, "exists": True, "available": True}],
    }
    assert len(reference["people"]) == len(data["users"])
    read = Read("tasks", "poll", NOW, reference=reference)
    for task in data["tasks"]:
        draft = crm().normalize(task, read)
        assert isinstance(draft, FollowUp)
        assert draft.otherwise is not None
        assert draft.otherwise.title == task["title"]
        assert draft.assignee == task["responsible"]["name"]
        assert (draft.state == "solved") == (task["status"] == "5")
        assert draft.otherwise.messages[0].body == task["description"]


@pytest.mark.parametrize(("stream", "rows", "stage"), [("leads", "leads", "STATUS_ID"), ("deals", "deals", "STAGE_ID")])
def test_every_lead_and_deal_of_the_vendors_data_stands_where_its_stage_says(
    stream: str, rows: str, stage: str
) -> None:
    data = dataset()
    reference = {"people": answered("people", data["users"]), "stages": answered("stages", data["statuses"])}
    read = Read(stream, "poll", NOW, reference=reference)
    ends = {"S": "solved", "F": "closed"}
    for row in data[rows]:
        item = {
            "id": int(row["ID"]),
            "title": row["TITLE"],
            "stageId": row[stage],
            "assignedById": int(row["ASSIGNED_BY_ID"]),
            "createdTime": row["DATE_CREATE"],
            "updatedTime": row["DATE_MODIFY"],
        }
        draft = crm().normalize(item, read)
        assert isinstance(draft, FollowUp)
        semantics = row.get("STATUS_SEMANTIC_ID") or row.get("STAGE_SEMANTIC_ID")
        assert draft.state == ends.get(semantics, draft.state)
        assert (draft.state in ends.values()) == (semantics in ends)
        assert draft.status and draft.status != row[stage], "the stage's name, not its code"
