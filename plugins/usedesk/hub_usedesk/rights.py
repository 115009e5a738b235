"""What a token and the settings lack in an account, for ``hub check``: groups, agents, channels, own fields."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hub.sdk import Checks, HubError, Request, Response, Shortcoming
from hub_usedesk import assumed, faults
from hub_usedesk.config import UsedeskConfig
from hub_usedesk.values import mapping, rows, string, text_id

_SHOWN = 10  # names in a message


def check(config: UsedeskConfig) -> Checks:
    """Ask for what the settings name; return what is not there. A list that cannot be had is told only where it is
    needed."""
    lacking: list[Shortcoming] = []
    for path, what, wanted in _wanted(config):
        if not wanted:
            continue
        answer = yield Request("POST", path, json={"offset": 0}, safe=True)
        known = _known(path, answer)
        if known is None:
            seen = f"{path} cannot be read: {faults.told(answer)}"
            lacking.append(Shortcoming(seen, f"ask Usedesk's administrator; whether each {what} is there is not known"))
        elif len(known) < assumed.NAMES_PAGE:  # with more there may be another page
            lacking += _missing(what, wanted, known)
    return tuple(lacking)


def _wanted(config: UsedeskConfig) -> Iterator[tuple[str, str, Mapping[str, int]]]:
    """Yield what is asked, what it holds, and the ids that the settings name, by where they stand."""
    targets = config.map.targets()
    groups = {f"map.{place}": target.group for place, target in targets.items()}
    agents = {f"map.{place}": target.assignee for place, target in targets.items()}
    channels = {"channel": config.channel, **{f"map.{place}": target.channel for place, target in targets.items()}}
    fields: dict[str, int | None] = {f"fields.{name}": ident for name, ident in config.fields.items()}
    fields |= {"category_field": config.category_field}
    for path, what, named in (
        ("/groups", "group", groups),
        ("/users", "agent", agents),
        ("/channels", "channel", channels),
        ("/ticket/fields", "field", fields),
    ):
        yield path, what, {place: ident for place, ident in named.items() if ident is not None}


def _known(path: str, answer: Response) -> dict[str, str] | None:
    """Return names by id; None where the list could not be had."""
    if answer.status >= 400 or faults.error_of(answer) is not None:
        return None
    try:
        body = answer.json()
    except HubError:
        return None
    listed = body if isinstance(body, list) else next((v for v in mapping(body).values() if isinstance(v, list)), [])
    return dict(_named(path, rows(listed)))


def _named(path: str, listed: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in listed:
        if path == "/groups":
            yield assumed.group(row)
        elif path == "/users":
            yield assumed.person(row)[:2]
        elif path == "/channels":
            yield text_id(row.get("channel_id")), string(row.get("channel_name"))
        else:
            field = mapping(row.get("custom_field"))
            yield text_id(field.get("id")), string(field.get("name"))


def _missing(what: str, wanted: Mapping[str, int], known: Mapping[str, str]) -> Iterator[Shortcoming]:
    names = ", ".join(f"{ident} ({name})" for ident, name in list(known.items())[:_SHOWN]) or "none"
    for place, ident in wanted.items():
        if str(ident) not in known:
            yield Shortcoming(f"{place}: there is no {what} {ident} in Usedesk", f"write one that is there: {names}")
