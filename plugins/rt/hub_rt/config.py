"""Settings of one Request Tracker and one account there."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.sdk import Category, ConnectorConfig, DestinationMap, Secret, State

Level = Literal["urgent", "high", "normal", "low"]

NUMBERS: Mapping[Level, int] = {"urgent": 90, "high": 70, "normal": 50, "low": 20}
"""RT's priority for ours: vendor sheet, section 12."""

STATUSES: Mapping[State, str] = {
    "new": "new", "open": "open", "pending": "stalled", "on_hold": "stalled",
    "solved": "resolved", "closed": "resolved",
}  # fmt: skip
"""The status of RT's default life cycle for a state of ours. ``hidden`` has none: the hub deletes nothing in RT."""

STATES: Mapping[str, State] = {
    "new": "new", "open": "open", "stalled": "pending", "resolved": "solved", "rejected": "closed", "deleted": "hidden",
}  # fmt: skip
"""The state of ours for a status of RT's default life cycle."""


class Target(BaseModel):
    """Where a ticket goes in RT."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: str | None = Field(default=None, description="name or id of the queue; `queue` of the instance unless given")
    owner: str | None = Field(default=None, description="user name of the owner; nobody unless given")


class Fields(BaseModel):
    """Names of the custom fields that RT has for what the hub knows; what has no name is not written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(default="Hub ID", description="the mark by which the hub finds its tickets again; must exist")
    ticket: str | None = Field(default=None, description="the ticket's id in the hub")
    platform: str | None = Field(default=None, description="where the customer wrote")
    link: str | None = Field(default=None, description="address of what the customer wrote")
    stars: str | None = Field(default=None, description="the stars of a review")
    tags: str | None = Field(default=None, description="the ticket's tags; a field of multiple values; also read back")
    category: str | None = Field(default=None, description="the ticket's category; also read back")
    rating: str | None = Field(
        default=None, description="what the customer gives for the answer, 0 to 5; only read back, never written"
    )

    @field_validator("*")
    @classmethod
    def _has_no_quotes(cls, value: str | None) -> str | None:
        if value is not None and (not value.strip() or any(sign in value for sign in "'\"{}\\")):
            raise ValueError("write the field's name as RT shows it, without quotes, braces and backslashes")
        return value


class RtConfig(ConnectorConfig):
    """Settings of one Request Tracker and one account there."""

    base_url: str = Field(
        pattern=r"^https?://",
        description="RT's address as people open it, without /REST/2.0, such as https://rt.acme.example",
    )
    token: Secret = Field(description="an authentication token; with `user`: that user's password")
    user: str | None = Field(default=None, description="user name, where `token` is a password")
    queue: str | None = Field(default=None, description="name or id of the queue of tickets that `map` does not place")
    map: DestinationMap[str | Target] = Field(
        default=DestinationMap[str | Target](),
        description="queue, or queue and owner, by queue or department of the hub",
    )
    fields: Fields = Field(default=Fields(), description="names of custom fields")
    priorities: dict[Level, int] = Field(
        default_factory=dict, description="RT's number for our priority; 90, 70, 50, 20 unless given"
    )
    statuses: dict[State, str] = Field(
        default_factory=dict, description="RT's status for our state; those of the default life cycle unless given"
    )
    states: dict[str, State] = Field(
        default_factory=dict, description="our state for a status of the site's own life cycle"
    )
    categories: dict[Category, str] = Field(
        default_factory=dict, description="RT's value for our category; the same word unless given"
    )
    correspond: bool = Field(
        default=False,
        description="later messages of the customer are correspondence, which RT mails to requestors, else comments",
    )
    language: str = Field(
        default="en", pattern=r"^[a-z]{2}(-[A-Z]{2})?$", description="of what is written into RT: ru, else English"
    )
    link: str | None = Field(
        default=None,
        pattern=r"^https?://.*\{id\}",
        description="address of a ticket in the hub's own pages, with `{id}`",
    )

    @field_validator("priorities")
    @classmethod
    def _in_range(cls, value: dict[Level, int]) -> dict[Level, int]:
        beyond = [number for number in value.values() if not 0 <= number <= 1000]
        if beyond:
            raise ValueError(f"{beyond[0]} is no priority of RT; write a number from 0 to 1000")
        return value

    @property
    def home(self) -> str:
        """RT's address, without the last slash."""
        return self.base_url.rstrip("/")

    @property
    def site(self) -> str:
        """What stands for this RT: host and path."""
        parts = urlsplit(self.home)
        return f"{parts.netloc}{parts.path}".lower()

    @property
    def numbers(self) -> dict[Level, int]:
        """RT's priority for each of ours."""
        return {**NUMBERS, **self.priorities}

    def status_of(self, state: State) -> str | None:
        """Return RT's status for *state*; None where the hub leaves it alone."""
        return {**STATUSES, **self.statuses}.get(state)

    def state_of(self, status: str) -> State | None:
        """Return our state for a status of RT; None where nobody said."""
        own = {name: state for state, name in self.statuses.items()}
        return {**STATES, **own, **self.states}.get(status)

    def targets(self) -> list[Target]:
        """Return every place that tickets may go to."""
        return [Target(queue=self.queue), *map(as_target, self.map.targets().values())]


def as_target(value: str | Target) -> Target:
    """Return a place that the map names by its queue alone, or in full."""
    return Target(queue=value) if isinstance(value, str) else value
