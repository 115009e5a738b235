"""Settings of one Usedesk account."""

from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.sdk import Category, ConnectorConfig, DestinationMap, Duration, Secret, State
from hub_usedesk.assumed import INDEX_DELAY, site_of
from hub_usedesk.dictionary import Lang, TicketType

Id = int
FieldKey = Literal["source", "rating", "place", "link", "customer", "category"]


class Target(BaseModel):
    """Where in Usedesk a queue or a department stands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Id | None = Field(default=None, gt=0, description="id of the group that gets the ticket")
    assignee: Id | None = Field(default=None, gt=0, description="id of the agent who gets it")
    channel: Id | None = Field(default=None, gt=0, description="id of the channel that it is made in")


class UsedeskConfig(ConnectorConfig):
    """Settings of one Usedesk account and one channel of type API in it."""

    token: Secret = Field(description="the key of a channel of type API")
    site: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="address of the pages for people, for links; known for both clouds, needed for a box",
    )
    channel: Id | None = Field(
        default=None, gt=0, description="id of the channel that tickets are made in; the token's own unless given"
    )
    map: DestinationMap[Target] = Field(
        default=DestinationMap[Target](), description="group, assignee and channel by queue or department"
    )
    fields: dict[FieldKey, Id] = Field(
        default_factory=dict, description="ids of the account's own fields for what the hub knows of a ticket"
    )
    types: dict[Category, TicketType] = Field(
        default_factory=dict, description="Usedesk's type by our category; question unless given"
    )
    statuses: dict[str, State] = Field(
        default_factory=dict, description="our state by the id of a status of the account's own"
    )
    category_field: Id | None = Field(
        default=None, gt=0, description="id of the own field in which agents say the category"
    )
    categories: dict[str, Category] = Field(
        default_factory=dict, description="our category by that field's values; usual words unless given"
    )
    webhook_secret: Secret | None = Field(
        default=None, description="what Usedesk sends as `secret` in its webhooks; without it none is taken"
    )
    lag: Duration = Field(
        default=INDEX_DELAY,
        description="how long a look-up may miss what was just created; nothing is created anew before it has passed",
    )
    lang: Lang = Field(default="ru", description="language of what is written there")

    @field_validator("statuses")
    @classmethod
    def _by_id(cls, value: dict[str, State]) -> dict[str, State]:
        wrong = [key for key in value if not (key.isascii() and key.isdigit())]
        if wrong:
            raise ValueError(f'{wrong[0]!r} is no id of a status; write the number, such as {{ 11 = "pending" }}')
        return value

    @property
    def home(self) -> str | None:
        """Address of the pages for people, without the last slash; None where it is not known."""
        known = self.site or site_of(self.base_url)
        return known.rstrip("/") if known else None

    def space(self, usual: str) -> str:
        """Return the host whose ids these are, *usual* unless ``base_url`` is set."""
        parts = urlsplit(self.base_url or usual)
        return f"{parts.netloc}{parts.path.rstrip('/')}".lower()
