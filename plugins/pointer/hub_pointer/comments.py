"""Comments under a review, beside the reply: vendor sheet, sections 3, 9 and 12.

``GET /reviews/{id}/comments``, in pages like every list. The list of reviews does not tell which have any, so it costs
a request for each review; their shape is assumed. They are a stream of their own, so that the inventory of reviews,
which does not list them, does not take them for deleted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from hub.sdk import MessageDraft, Page, RecordError, Request, Response, TicketDraft, plain_text
from hub_pointer import assumed
from hub_pointer.paging import MAX_LIMIT, next_page, read_listing
from hub_pointer.review import author_of, drafts, text_id

COMMENTS = "comments"
"""The stream, its sweep, and the last part of the path."""

SUFFIX = "/comments/"
REVIEWS_A_PAGE = 10  # each costs a request: the polls of the same token come in between

_Rows = Callable[[str], Mapping[str, Any]]


def is_of_comments(request: Request) -> bool:
    """Return whether *request* asks for the comments under a review."""
    return request.method == "GET" and request.path.endswith("/comments")


def requests(reviews: Sequence[Any]) -> Iterator[Request]:
    """Yield what asks for the comments of each of *reviews* that has a usable id."""
    for review in reviews:
        number = text_id(review.get("id")) if isinstance(review, Mapping) else ""
        if number:
            params = {"limit": MAX_LIMIT, "offset": 0}
            path = f"/reviews/{quote(number, safe='')}/comments"
            yield Request("GET", path, params=params, context={"review": review})


def page(response: Response) -> Page:
    """Return the comments, each beside its review; none where the review is gone meanwhile."""
    if response.status == 404:
        return Page()
    listing = read_listing(response)
    review = response.request.context["review"]
    records = [{"review": review, "comment": item} for item in listing.items]
    return Page(records=records, next_request=next_page(response.request, listing))


def draft(record: Any, provider: _Rows, outlet: _Rows) -> TicketDraft:
    """Return the comment as a message of its review's ticket; *provider* and *outlet* as in
    :func:`hub_pointer.review.drafts`.

    Raises:
        RecordError: it has no id or no time.
    """
    review, comment = (record.get(name) if isinstance(record, Mapping) else None for name in ("review", "comment"))
    if not isinstance(review, Mapping) or not isinstance(comment, Mapping):
        raise RecordError(f"expected a comment as an object, got {type(comment).__name__}")
    number, at = text_id(comment.get("id")), assumed.instant(comment.get("created_at"))
    if not number or at is None:
        raise RecordError(f"the comment has no usable id or time: {comment.get('id')!r}, {comment.get('created_at')!r}")
    ticket = next(one for one in drafts(review, provider, outlet) if isinstance(one, TicketDraft))
    ours = assumed.comment_is_ours(comment)
    text = comment.get("text")
    message = MessageDraft(
        source_id=f"{ticket.thread}{SUFFIX}{number}",
        direction="out" if ours else "in",
        author=None if ours else author_of(comment, ticket.thread),
        body=plain_text(text) if isinstance(text, str) else "",
        created_at=at,
    )
    return ticket.model_copy(update={"messages": (message,)})
