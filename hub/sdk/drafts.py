"""What ``normalize`` returns: drafts that the engine merges into tickets, and changes of messages that exist.

A draft holds what the *source* says. What rules, people or destinations decide is not part of it.
"""

from typing import Any, Literal, Self

from pydantic import Field

from hub.sdk.ticket import (
    Attachment,
    Author,
    Category,
    Direction,
    Id,
    Instant,
    Kind,
    Model,
    Place,
    Priority,
    Rating,
    Sentiment,
    State,
)

Publication = Literal["waiting", "published", "rejected"]
"""Where an answer of ours stands at a source that checks answers before all can see them."""


class MessageDraft(Model):
    """One message as the source has it now.

    ``hidden`` is None where the record does not tell; True and False are facts and overwrite each other.
    ``tags`` are those of this record in this stream; the ticket shows those of all its messages.
    ``publication`` is told of an answer of ours where the source checks answers before all can see them: ``waiting``,
    ``published``, ``rejected``; None: it is public as it stands.
    ``echo_of`` marks a record that is the echo of our own write (the marker that was sent with it): the engine
    drops it.
    ``automatic`` marks what the source's own system wrote (somebody moved a task): nobody said it, so it is no answer.
    """

    source_id: Id
    created_at: Instant
    same_as: str | None = None
    direction: Direction = "in"
    author: Author | None = None
    body: str = ""
    updated_at: Instant | None = None
    collected_at: Instant | None = None
    url: str | None = None
    attachments: tuple[Attachment, ...] = ()
    rating: Rating | None = None
    sentiment: Sentiment | None = None
    reach: int | None = None
    engagement: dict[str, int] | None = None
    hidden: bool | None = None
    withheld: bool = False
    tags: tuple[str, ...] = ()
    publication: Publication | None = None
    echo_of: str | None = None
    automatic: bool = False


class TicketDraft(Model):
    """A ticket with one or more messages; the engine merges it into the ticket of its ``thread``.

    The fields beside ``messages`` describe the ticket as seen from this draft's earliest message; where drafts
    of one thread differ, the one with the earliest message wins, in whatever order they arrive.
    ``state`` is what the source says of the case (an issue is done, a review is answered); None where the
    source has no such notion. It is applied when it changes, so it never undoes what a person decided later.
    """

    thread: Id
    kind: Kind
    platform: str = Field(min_length=1)
    messages: tuple[MessageDraft, ...] = Field(min_length=1)
    url: str | None = None
    title: str | None = None
    language: str | None = None
    place: Place | None = None
    state: State | None = None
    extra: dict[str, Any] = Field(default_factory=dict)

    @classmethod
    def of(
        cls,
        *,
        source_id: Any,
        kind: Kind,
        platform: str,
        thread: str | None = None,
        title: str | None = None,
        language: str | None = None,
        place: Place | None = None,
        state: State | None = None,
        extra: dict[str, Any] | None = None,
        url: str | None = None,
        **message: Any,
    ) -> Self:
        """Return a ticket of one message; what is not a field of the ticket goes to the message.

        Args:
            source_id: the record's id in its stream.
            thread: what groups messages into one ticket; *source_id* unless given.
            message: fields of :class:`MessageDraft`, such as ``body`` and ``created_at``.
        """
        return cls(
            thread=thread if thread is not None else source_id,
            kind=kind,
            platform=platform,
            title=title,
            language=language,
            place=place,
            state=state,
            extra=extra or {},
            url=url,
            messages=(MessageDraft(source_id=source_id, url=url, **message),),
        )


class Change(Model):
    """A change of a message that may already be stored; without it nothing happens.

    Used by sweeps that learn only that a record was deleted, marked as spam or restored.
    """

    source_id: Id
    same_as: str | None = None
    hidden: bool


class FollowUp(Model):
    """What a destination says of a case that a ticket of ours may have there: its state, whose it is, what was said.

    The engine finds the ticket by its link to *external_id* at this instance, or by the *marker* of a create whose
    answer was lost. It brings the link and the ticket in line and adds *messages* to the ticket; without such a ticket
    it takes *otherwise* in its place. So a case that the hub opened never becomes a second ticket.

    Only what the record tells is given: None leaves what is known as it is. In a case where people work on the ticket,
    a value that the case did not show before, and that we did not tell it, is taken for their decision: so a word that
    may be several of ours (one "high" for high and urgent) is None.
    """

    external_id: Id = Field(description="the id of the case, as in `Created`")
    marker: str | None = Field(default=None, description="the marker found in it; see `find_marker`")
    state: State | None = Field(
        default=None, description="where the case stands, in the hub's words; solved: done; hidden: deleted there"
    )
    status: str | None = Field(default=None, description="the destination's own word for it")
    department: str | None = Field(default=None, description="who has it: a group, a project, a pipeline")
    assignee: str | None = Field(default=None, description="the person who has it")
    queue: str | None = Field(
        default=None, description="the hub's queue that its group stands for; see `DestinationMap.queue_where`"
    )
    priority: Priority | None = Field(default=None, description="its priority, in the hub's words")
    category: Category | None = Field(default=None, description="what people there say the case is, in the hub's words")
    tags: tuple[str, ...] | None = Field(default=None, description="all its tags, without markers of ours")
    rating: Rating | None = Field(default=None, description="what the customer gave for the answer, 0 to 5")
    merged_into: Id | None = Field(default=None, description="the id of the case there that it became a part of")
    url: str | None = Field(default=None, description="where a person finds it")
    messages: tuple[MessageDraft, ...] = Field(
        default=(), description="what was said there, each with the id that `Created` gave for ours"
    )
    otherwise: TicketDraft | None = Field(default=None, description="what the record is where no ticket of ours has it")


class Listed(Model):
    """The source still has this thread; said by an inventory that lists threads (`Sweep.inventory="threads"`)."""

    thread: Id = Field(description="the thread; for a case of ours, its external id")


Draft = TicketDraft | Change | FollowUp | Listed
"""What ``normalize`` returns, one or several."""
