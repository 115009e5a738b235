"""What a token and the settings lack in an account, for ``hub check``: rights, people."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.sdk import Checks, Shortcoming
from hub_crm.products.amocrm.calls import MAX_LIMIT, embedded, get
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text, text_id

_ASKED = {
    "contacts": "the customer's card is then neither found nor linked",
    "tasks": "nothing can be read or escalated",
    "leads": "leads are not read",
}


def check(config: CrmConfig) -> Checks:
    """Ask for one of each kind and for who works there; return what is lacking."""
    lacking = []
    for kind in ("tasks", "contacts", *(("leads",) if "leads" in config.read else ())):
        response = yield get(kind, {"limit": 1})
        if response.status == 403:
            todo = f"give the integration's user the right to see {kind} (Settings, Users, Rights)"
            lacking.append(Shortcoming(f"the token may not see {kind}: {_ASKED[kind]}", todo))
    response = yield get("users", {"limit": MAX_LIMIT, "page": 1})
    if response.status == 403:
        todo = "use a token of an administrator, if names are wanted"
        lacking.append(Shortcoming("the token may not list users: people are then shown by their ids", todo))
    elif response.status == 200:
        rows = map(mapping, embedded(response, "users"))
        lacking += _responsibles(config, {text_id(row.get("id")): text(row.get("name")) for row in rows})
    return tuple(lacking)


def _responsibles(config: CrmConfig, people: Mapping[str, str]) -> Iterator[Shortcoming]:
    wanted: dict[str, Any] = {"responsible": config.responsible}
    wanted |= {f"map.{place}": target.responsible for place, target in config.map.targets().items()}
    for place, user in wanted.items():
        if user is not None and str(user) not in people and len(people) < MAX_LIMIT:
            known = [f"{number} ({name})" for number, name in list(people.items())[:10]]
            yield Shortcoming(
                f"{place}: user {user} is not in the account", f"write the id of somebody who is: {', '.join(known)}"
            )
