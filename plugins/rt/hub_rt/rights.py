"""What ``hub check`` asks RT: queues, custom fields, and rights as far as RT tells them.

A right shows as a link of an answer: ``create`` of a queue, ``comment`` and life-cycle steps of a ticket.
"""

from collections.abc import Generator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote as quoted

from hub.sdk import Checks, HubError, Request, Response, Shortcoming
from hub_rt.config import RtConfig
from hub_rt.deliver import API
from hub_rt.values import has_custom, mapping, quote, ref, rows, text

_T = TypeVar("_T")
_Step = Generator[Request, Response, _T]
_Found = list[Shortcoming]
_DONE = ("resolved", "rejected", "deleted")


class Rights:
    """The checks of one instance."""

    def __init__(self, config: RtConfig) -> None:
        self._config = config

    def run(self) -> Checks:
        """Return what is lacking."""
        names = list(dict.fromkeys(target.queue for target in self._config.targets() if target.queue))
        if not names:
            return (Shortcoming("no queue is named to deliver to", "set `queue`, or name queues in `map`"),)
        found: _Found = []
        for name in names:
            found += yield from self._queue(name)
        return tuple(found)

    def _queue(self, name: str) -> _Step[_Found]:
        answer = yield _get(f"/queue/{quoted(name, safe='')}")
        queue = _body(answer)
        if answer.status != 200:
            seen = f"there is no queue {name}, or the account lacks SeeQueue there ({answer.status})"
            return [Shortcoming(seen, "mend `queue` or `map` (a name with / needs the queue's id), or give the right")]
        found: _Found = []
        if not _links(queue, "create"):
            found.append(Shortcoming(f"queue {name}: the account lacks CreateTicket", "give the right on the queue"))
        lacking = [field for field in self._fields() if not has_custom(queue, field)]
        if lacking:
            todo = (
                "create them, apply them to the queue, and give SeeCustomField and ModifyCustomField, as in the README"
            )
            found.append(Shortcoming(f"queue {name} has no custom fields {', '.join(lacking)} for tickets", todo))
        return found + (yield from self._ticket(name, ref(queue.get("id"))))

    def _fields(self) -> list[str]:
        return [name for name in self._config.fields.model_dump().values() if name]

    def _ticket(self, name: str, ident: str) -> _Step[_Found]:
        """Return what the newest ticket of the queue shows of rights; nothing where there is none."""
        query = f"Queue = {quote(ident)}"
        params = {"query": query, "orderby": "id", "order": "DESC", "per_page": 1, "fields": "Status"}
        answer = yield _get("/tickets", params)
        body = _body(answer)
        found: _Found = []
        if answer.status == 200 and body.get("total") is None:
            seen = "RT does not count what the account sees ($UseSQLForACLChecks is off): tickets may be read late"
            found.append(Shortcoming(seen, "switch it on, or give the account ShowTicket for all queues"))
        newest = rows(body.get("items"))
        if not newest:
            return found
        ticket = _body((yield _get(f"/ticket/{ref(newest[0].get('id'))}")))
        lacking = [] if _links(ticket, "comment") else ["CommentOnTicket"]
        lacking += [] if _links(ticket, "correspond") or not self._config.correspond else ["ReplyToTicket"]
        if text(ticket.get("Status")) not in _DONE and not _links(ticket, "lifecycle"):
            lacking.append("ModifyTicket")
        if ticket and lacking:
            told = f"queue {name}: the account lacks {', '.join(lacking)}"
            found.append(Shortcoming(told, "give the rights on the queue"))
        return found


def _get(path: str, params: Mapping[str, Any] | None = None) -> Request:
    return Request("GET", f"{API}{path}", params=params or {}, redirects=False)


def _body(answer: Response) -> Mapping[str, Any]:
    if answer.status != 200:
        return {}
    try:
        return mapping(answer.json())
    except HubError:
        return {}


def _links(body: Mapping[str, Any], kind: str) -> bool:
    return any(link.get("ref") == kind for link in rows(body.get("_hyperlinks")))
