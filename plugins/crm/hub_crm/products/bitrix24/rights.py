"""What a webhook and the settings lack on a portal, for ``hub check``: scopes, people, groups, a field for markers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.sdk import Checks, Response, Shortcoming
from hub_crm import assumed
from hub_crm.products.bitrix24.about import CHATS, About
from hub_crm.products.bitrix24.calls import PAGE_SIZE, call, result, scope_of
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text_id

GROUPS = "sonet_group.get"
WISHES: Mapping[str, tuple[str, str]] = {
    CHATS: (
        "tasks",
        "a new task is then known by its marker alone, with it the portal refuses a second one as well",
    ),
    "user.get": ("user", "people are then shown by their ids"),
    "crm.duplicate.findbycomm": ("crm", "the customer's card is then neither found nor linked"),
}
"""Methods that the hub can do without: their scope, and what is lost."""


def check(config: CrmConfig, about: About, marker_field: str | None) -> Checks:
    """Ask what may be called, who works there and which fields tasks have; return what is lacking."""
    rows = about.parse((yield about.request())).records
    known = {row["id"]: row for row in rows}
    lacking = [*_scopes(known)]
    if known["user.get"]["available"]:
        people = yield from _people()
        lacking += _responsibles(config, people)
    lacking += yield from _groups(config)
    if marker_field:
        fields = mapping(mapping(_good((yield call("tasks.task.getFields", {})))).get("fields"))
        if marker_field not in fields:
            lacking.append(
                Shortcoming(
                    f"tasks of the portal have no field {marker_field} (setting marker_field)",
                    "an administrator makes it with task.item.userfield.add; or take the setting out",
                )
            )
    return tuple(lacking)


def _scopes(known: Mapping[str, Mapping[str, Any]]) -> Iterator[Shortcoming]:
    for method, (scope, lost) in WISHES.items():
        if known[method]["exists"] and not known[method]["available"]:
            yield Shortcoming(f"the webhook may not call {method}: {lost}", f"tick the scope {scope} of the webhook")


def _people() -> Any:
    """Return who may be made responsible: users by id, and whether they still work there."""
    found: dict[str, bool] = {}
    start: Any = 0
    while type(start) is int:
        response = yield call("user.get", {"sort": "ID", "order": "ASC", "start": start})
        for row in map(mapping, assumed.rows(_good(response))):
            found[text_id(row.get("ID"))] = row.get("ACTIVE") is True
        following = mapping(response.json()).get("next")
        start = following if following != start else None
    return found


def _responsibles(config: CrmConfig, people: Mapping[str, bool]) -> Iterator[Shortcoming]:
    if config.responsible is None and any(target.responsible is None for target in config.map.targets().values()):
        yield Shortcoming(
            "a target of the map has nobody responsible: Bitrix24 makes no task without",
            "set responsible to a user's id, or give every target of the map one of its own",
        )
    wanted = {"responsible": config.responsible}
    wanted |= {f"map.{place}": target.responsible for place, target in config.map.targets().items()}
    for place, user in wanted.items():
        if user is not None and not people.get(str(user), False):
            known: Sequence[str] = [number for number, active in people.items() if active]
            yield Shortcoming(
                f"{place}: user {user} does not work on the portal (any more)",
                f"write the id of somebody who does: {', '.join(known[:10])}",
            )


def _groups(config: CrmConfig) -> Any:
    """Return what is wrong with the groups of the map; nothing is asked where it names none."""
    wanted = {
        f"map.{place}": target.group for place, target in config.map.targets().items() if target.group is not None
    }
    ids = sorted({str(group) for group in wanted.values()})
    seen: set[str] = set()
    for start in range(0, len(ids), PAGE_SIZE):
        response = yield call(GROUPS, {"FILTER": {"ID": ids[start : start + PAGE_SIZE]}, "IS_ADMIN": "Y"})
        if response.status >= 400:
            lost = "whether the groups of the map are there is then not checked"
            todo = f"tick the scope {scope_of(GROUPS)} of the webhook"
            return [Shortcoming(f"the webhook may not call {GROUPS}: {lost}", todo)]
        seen |= {text_id(mapping(row).get("ID")) for row in assumed.rows(result(response))}
    return [
        Shortcoming(
            f"{place}: the portal has no group {group}, or the webhook's user does not see it",
            "write the id of a group that is there (it stands in the group's address), or make the user its member",
        )
        for place, group in wanted.items()
        if str(group) not in seen
    ]


def _good(response: Response) -> Any:
    return result(response) if response.status < 400 else None
