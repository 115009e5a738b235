"""Replying to a review and reporting it: vendor sheet, sections 3, 9 and 12.

Only the status code of a write counts, and what became of a reply is read again from ``GET /reviews``: the bodies of
writes are not documented, a reply appears on the map later, and after a broken connection nobody knows whether it was
taken. There is no reading by id, so the review is looked for among those of its outlet around its day.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from hub.sdk import (
    Action,
    ActionName,
    ActionResult,
    HubError,
    Request,
    Response,
    SourceError,
    Steps,
    TransientError,
    plain_text,
)
from hub_pointer import assumed
from hub_pointer.comments import SUFFIX
from hub_pointer.paging import MAX_LIMIT, next_page, read_listing
from hub_pointer.review import REPLY_SUFFIX, Reply, read_reply, text_id

CALLS: Mapping[ActionName, tuple[str, str, bool]] = {
    "reply": ("POST", "reply", False),
    "edit_reply": ("PATCH", "reply", True),
    "delete_reply": ("DELETE", "reply", True),
    "report": ("PATCH", "report", False),
}
"""Of each action: method, resource of the review, and whether sending it twice does no harm."""

MAX_LOOKS = 20  # pages read to find one review again
_AROUND = timedelta(days=2)  # the source's zone may move the day by one, and it may leave out the dates given

_T = TypeVar("_T")
_Step = Generator[Request, Response | None, _T]
_Review = Mapping[str, Any]
_State = Literal["done", "sent", "failed"]


class Acts:
    """The actions of one instance.

    Args:
        classify: what is wrong with a response, or None.
        style: how the source takes lists in queries.
    """

    def __init__(self, classify: Callable[[Response], HubError | None], style: assumed.ListStyle) -> None:
        self._classify = classify
        self._style = style

    def run(self, actions: Sequence[Action]) -> Steps:
        """Do *actions* one after another and say of each what became of it."""
        results = []
        for action in actions:
            state, detail, error = yield from self._one(action)
            results.append(ActionResult(action, state, detail, error if state == "failed" else None))
        return tuple(results)

    def _one(self, action: Action) -> _Step[tuple[_State, str, HubError | None]]:
        misuse = _misuse(action)
        if misuse:
            return "failed", misuse, None
        if action.unsure_since is not None and action.name != "report":
            earlier = yield from self._look(action)
            if earlier is not None and _is_there(action, earlier):
                return *self._became(action, earlier, None), None
        error = yield from self._write(_request(action))
        if action.name == "report":
            return *_reported(error), error
        if _had_no_effect(error):
            return "failed", str(error), error
        review = yield from self._look(action)
        return *self._became(action, review, error), error

    def _became(self, action: Action, review: _Review | None, error: HubError | None) -> tuple[_State, str]:
        return _deleted(review, error) if action.name == "delete_reply" else _replied(action, review, error)

    def _write(self, request: Request) -> _Step[HubError | None]:
        try:
            response = yield request
        except HubError as error:  # refused credentials too: a token that may only read must not end the batch
            return error
        return self._classify(_given(response))

    def _look(self, action: Action) -> _Step[_Review | None]:
        """Return the review as the source has it now; None when it cannot be found."""
        request = self._search(action)
        for _ in range(MAX_LOOKS):
            if request is None:
                return None
            try:
                response = _given((yield request))
                if self._classify(response):
                    return None
                listing = read_listing(response)
            except HubError:
                return None
            for item in listing.items:
                if isinstance(item, Mapping) and text_id(item.get("id")) == action.source_id:
                    return item
            request = next_page(request, listing)
        return None

    def _search(self, action: Action) -> Request | None:
        place, at = action.context.get("place"), assumed.instant(str(action.context.get("created_at")))
        outlet = text_id(place.get("key") if isinstance(place, Mapping) else place)
        if not outlet or at is None or action.source_id.endswith(REPLY_SUFFIX):
            return None  # a reply's own time does not tell when the review was published
        params = {
            **assumed.list_param("company_uuids", [outlet], self._style),
            "published_at_from": (at.date() - _AROUND).isoformat(),
            "published_at_to": (at.date() + _AROUND).isoformat(),
            "limit": MAX_LIMIT,
            "offset": 0,
        }
        return Request("GET", "/reviews", params=params)


def _misuse(action: Action) -> str:
    if action.name not in CALLS:
        return f"Pointer cannot do {action.name!r}; it can do {', '.join(CALLS)}"
    if SUFFIX in action.source_id:
        return f"{action.source_id} is a comment: the API has no {action.name} for it; act on the review"
    if action.name in ("reply", "edit_reply") and not action.text.strip():
        return f"{action.name} needs a text"
    if action.name == "report" and _reason(action) not in assumed.REPORT_REASONS:
        return f"{_reason(action)!r} is no reason for a report; choose one of {', '.join(assumed.REPORT_REASONS)}"
    return ""


def _reason(action: Action) -> str:
    return action.values[0] if action.values else "other"


def _request(action: Action) -> Request:
    review = quote(action.source_id.removesuffix(REPLY_SUFFIX), safe="")
    method, resource, safe = CALLS[action.name]
    bodies = {"report": assumed.report_body(_reason(action), action.text), "delete_reply": None}
    body = bodies.get(action.name, assumed.reply_body(action.text))
    return Request(method, f"/reviews/{review}/{resource}", json=body, safe=safe)


def _had_no_effect(error: HubError | None) -> bool:
    """Return whether *error* says that nothing was written, so that there is nothing to look for."""
    return error.undone if isinstance(error, TransientError) else not isinstance(error, SourceError | None)


def _reported(error: HubError | None) -> tuple[_State, str]:
    if error is None:
        return "sent", "taken; the API does not tell the outcome"
    return "failed", _unknown(error)


def _deleted(review: _Review | None, error: HubError | None) -> tuple[_State, str]:
    if review is None:
        return ("sent", "not seen yet") if error is None else ("failed", _unknown(error))
    if read_reply(review) is None:
        return "done", "deleted"
    return ("sent", "the reply is still seen") if error is None else ("failed", str(error))


def _replied(action: Action, review: _Review | None, error: HubError | None) -> tuple[_State, str]:
    reply = read_reply(review) if review is not None else None
    if reply is None:
        if error is None:
            return "sent", "not seen yet"
        return "failed", _unknown(error) if review is None else f"{error}; the source shows no reply"
    if _same_text(reply, action.text):
        if reply.rejected:
            return "failed", "the map rejected the reply; change its words with edit_reply"
        return ("done", reply.state) if reply.published else ("sent", reply.state)
    if action.name == "reply" and error is not None:
        return "failed", f'a reply exists; edit_reply (--edit) changes it. It reads "{reply.text}"'
    return "failed", f'the reply at the source reads "{reply.text}", not what was sent'


def _is_there(action: Action, review: _Review) -> bool:
    """Whether the review is already as *action* wants it: an earlier try got through."""
    reply = read_reply(review)
    return reply is None if action.name == "delete_reply" else reply is not None and _same_text(reply, action.text)


def _same_text(reply: Reply, text: str) -> bool:
    return reply.text.split() == plain_text(text).split()


def _unknown(error: HubError) -> str:
    if isinstance(error, TransientError) and not error.undone:
        return f"{error}; whether it was taken is not known: look at the review before trying again"
    return str(error)


def _given(response: Response | None) -> Response:
    if response is None:
        raise SourceError("the engine answered a request with nothing")
    return response
