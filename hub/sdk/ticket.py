"""The ticket: the one schema that every source is normalised into, version 1.

A ticket is one case of one customer; its messages are what was said, each from one record of the source.
All times are aware UTC. ``hub schema ticket`` prints the JSON Schema of :class:`Ticket`.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1
"""Version of the ticket; it grows when a reader of the version before would no longer understand it."""

Kind = Literal["mention", "review", "task", "issue"]
Direction = Literal["in", "out", "note"]
Sentiment = Literal["positive", "neutral", "negative"]
"""The tone of a message, as the source judges it."""

State = Literal["new", "open", "pending", "on_hold", "solved", "closed", "hidden"]
"""Where a case stands. pending waits for the customer, on_hold for a department; hidden: gone or spam at the source."""

Category = Literal["complaint", "consultation", "praise", "suggestion", "news", "spam", "other"]
"""What a case is, as rules, classifiers and people say."""

Priority = Literal["urgent", "high", "normal", "low"]
Role = Literal["delivered", "escalated", "same"]


def _utc(value: datetime) -> datetime:
    return value if value.tzinfo is UTC else value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_utc)]
"""An aware instant, always UTC; any offset is accepted and converted, a naive time is refused."""

Rating = Annotated[float, Field(ge=0, le=5)]
"""Stars from 0 to 5, fractions allowed."""


Id = Annotated[str, Field(min_length=1, coerce_numbers_to_str=True)]
"""An id of the source, always text here: vendors send the same id as a number or as text."""


class Model(BaseModel):
    """Base of our own models: frozen, unknown fields refused."""

    # Built at first use: a sync never needs the validators of whole tickets.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    @classmethod
    def trusted(cls, values: dict[str, Any]) -> Self:
        """Return the model that validating *values* would give, without validating: a third of the cost, for a
        connector that has looked at each value already and reads millions.

        Args:
            values: *every* field, by name, of exactly its type: instants in UTC, inner models made, tuples for lists.
                The model takes the dict over.
        Raises:
            TypeError: the number of fields is wrong. Nothing else is looked at.
        """
        named = _NAMES.get(cls) or _NAMES.setdefault(cls, set(cls.model_fields))
        if len(values) != len(named):
            raise TypeError(f"{cls.__name__} has {len(named)} fields, {len(values)} were given; name every one of them")
        made = _new(cls)
        _set_values(made, values)
        _set_named(made, named)  # the same set for all: nobody changes it in a frozen model
        _set_extra(made, None)
        _set_private(made, None)
        return made


# The slots of every model, set directly: to find them by name would cost as much again.
_new = object.__new__
_set_values, _set_named, _set_extra, _set_private = (
    vars(BaseModel)[name].__set__
    for name in ("__dict__", "__pydantic_fields_set__", "__pydantic_extra__", "__pydantic_private__")
)
_NAMES: dict[type[Model], set[str]] = {}


class Author(Model):
    """Who wrote a message, as far as the source says."""

    key: str = Field(description="stable id of the author within the platform; empty when unknown")
    name: str | None = None
    handle: str | None = None
    url: str | None = None
    followers: int | None = None


class Attachment(Model):
    """A file or picture that stays at the source."""

    url: str
    kind: Literal["image", "video", "file"] = "image"
    name: str | None = None


class Place(Model):
    """The outlet that a review is about."""

    key: str = Field(description="the source's id of the outlet")
    name: str | None = None
    address: str | None = None
    city: str | None = None
    country: str | None = Field(default=None, description="ISO 3166 alpha-2, upper case")


class Source(Model):
    """Where a message was read: a stream of the connector and the record's id in it."""

    stream: str
    source_id: str


class Message(Model):
    """What was said once, from one record of the source."""

    id: UUID
    sources: tuple[Source, ...] = Field(description="several where the same post was found more than once")
    same_as: str | None = Field(default=None, description="the vendor's name of the post itself, where it has one")
    direction: Direction = Field(default="in", description="in: the customer; out: our public answer; note: internal")
    author: Author | None = None
    body: str = Field(default="", description="plain text: entities unescaped, tags stripped")
    created_at: Instant = Field(description="when it was published")
    updated_at: Instant | None = Field(default=None, description="when the source last changed it")
    collected_at: Instant | None = Field(default=None, description="when the vendor found it")
    ingested_at: Instant = Field(description="when the hub first stored it")
    url: str | None = None
    attachments: tuple[Attachment, ...] = ()
    rating: Rating | None = None
    sentiment: Sentiment | None = None
    reach: int | None = None
    engagement: dict[str, int] | None = Field(default=None, description="counters such as likes and comments")
    hidden: bool = Field(default=False, description="deleted or spam at the source")
    withheld: bool = Field(default=False, description="the vendor holds the text back, as with X")


class Sla(Model):
    """Deadlines that a policy set."""

    policy: str
    first_response_due: Instant | None = None
    next_response_due: Instant | None = None
    resolution_due: Instant | None = None


class Decision(Model):
    """Which rules decided."""

    ruleset: str
    rules: tuple[str, ...] = ()


class Link(Model):
    """The same case elsewhere."""

    role: Role
    instance: str
    external_id: str
    url: str | None = None
    state: str | None = None
    department: str | None = None
    assignee: str | None = None
    rating: Rating | None = Field(default=None, description="what the customer gave for the answer there")


class Customer(Model):
    """Who the customer is, as a CRM knows it."""

    name: str | None = Field(default=None, description="what the CRM calls the customer")
    url: str | None = Field(default=None, description="where the card is that the hub looked at last")
    do_not_call: bool | None = Field(default=None, description="whether the customer wants no calls")
    loyalty: tuple[str, ...] = Field(default=(), description="levels of loyalty, or segments")
    flags: dict[str, str] = Field(default_factory=dict, description="what else the CRM's settings ask for")


class Related(Model):
    """Another ticket of the hub that belongs to this one."""

    ticket: UUID = Field(description="the other ticket's id")
    kind: Literal["same", "follows", "followed_by"] = Field(
        description="same: two connectors saw one post; follows: the customer wrote again after the other had ended"
    )
    state: Literal["proposed", "confirmed"] = Field(description="proposed: a person has not said yet whether it is so")


class Ticket(Model):
    """One case of one customer, with its messages, oldest first."""

    id: UUID = Field(description="uuid5 of connector, namespace and thread")
    connector: str
    instance: str = Field(description="the instance that read it first")
    platform: str = Field(description="vk.com, yandex_maps, …")
    kind: Kind
    thread: str = Field(description="what the connector groups messages by")
    url: str | None = None

    messages: tuple[Message, ...] = ()

    title: str | None = None
    language: str | None = Field(default=None, description="ISO 639-1 where the source's code is known")
    rating: Rating | None = Field(default=None, description="the latest that the customer gave")
    sentiment: Sentiment | None = Field(default=None, description="of the latest message that has one")
    place: Place | None = None
    source_tags: tuple[str, ...] = Field(default=(), description="tags set at the source, sorted")
    customer_id: str | None = Field(
        default=None, description="the customer across networks, where the author has a key"
    )
    customer: Customer | None = Field(default=None, description="who that is, where a CRM knows")

    created_at: Instant = Field(description="when the first message was published")
    updated_at: Instant = Field(description="when the hub last changed the ticket")
    closed_at: Instant | None = None

    state: State = "new"

    category: Category | None = None
    priority: Priority = "normal"
    score: int | None = None
    queue: str | None = None
    assignee: str | None = None
    tags: tuple[str, ...] = ()
    sla: Sla | None = None
    decision: Decision | None = None
    set_by_hand: tuple[str, ...] = Field(default=(), description="fields a person set; rules never overwrite them")

    links: tuple[Link, ...] = ()
    related: tuple[Related, ...] = ()
    extra: dict[str, Any] = Field(default_factory=dict, description="small and vendor-specific")
    revision: str = Field(description="hash of the content; moves when the source changes something")
