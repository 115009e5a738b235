"""Settings of one Jira site."""

from datetime import timedelta
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hub.sdk import ConnectorConfig, DestinationMap, Duration, Secret, State
from hub_jira.assumed import INDEX_DELAY
from hub_jira.jql import has_order

GATEWAY = "api.atlassian.com"
SHORTEST_OVERLAP = timedelta(minutes=2)

Level = Literal["urgent", "high", "normal", "low"]


class Target(BaseModel):
    """Where an escalation goes: a project, a type, values of fields that the project wants."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    project: str | None = Field(default=None, description="key of the project")
    issue_type: str | None = Field(default=None, description="name or id of the issue type")
    fields: dict[str, Any] = Field(
        default_factory=dict, description="values by field id or name, as Jira's API takes them"
    )


class JiraConfig(ConnectorConfig):
    """Settings of one Jira site and one account on it."""

    base_url: str = Field(pattern=r"^https?://", description="Jira's address, such as https://acme.atlassian.net")
    token: Secret = Field(
        description="Cloud: an API token, with `email`; Data Center: a personal access token; with `client_id`: the"
        " refresh token to begin with"
    )
    email: str | None = Field(default=None, description="Cloud: the e-mail address of the API token's account")
    client_id: str | None = Field(default=None, description="Cloud with OAuth 2.0: the app's id")
    client_secret: Secret | None = Field(default=None, description="Cloud with OAuth 2.0: the app's secret")
    token_url: str = Field(
        default="https://auth.atlassian.com/oauth/token", description="where OAuth 2.0 tokens are refreshed"
    )
    site: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="the site's own address where `base_url` is another one (a proxy, api.atlassian.com): its ids and"
        " links are the site's",
    )
    jql: str | None = Field(
        default=None, min_length=1, description="which issues to read, without ORDER BY; all unless given"
    )
    states: dict[str, State] = Field(
        default_factory=dict,
        description="our state by the name or id of a status, where its category does not say enough",
    )
    overlap: Duration = Field(
        default=INDEX_DELAY, ge=SHORTEST_OVERLAP, description="how far a poll reaches back behind its cursor"
    )
    lag: Duration = Field(
        default=INDEX_DELAY,
        description="how long search may miss what was just created; no second issue is created before it has passed",
    )
    deleted_window: Duration = Field(
        default=timedelta(days=90), gt=timedelta(), description="how far back deleted issues are looked for"
    )
    language: str = Field(
        default="en",
        pattern=r"^[a-z]{2}(-[A-Z]{2})?$",
        description="of what is written into Jira (ru, else English), and on Cloud of the names that come from there",
    )
    changelog: bool = Field(default=True, description="whether changes of state and assignee become notes")
    webhook_secret: Secret | None = Field(
        default=None,
        description="Cloud: the secret of the webhook, which it signs with; Data Center: the last part of its address",
    )
    project: str | None = Field(default=None, description="escalations: key of the project")
    issue_type: str = Field(default="Task", description="escalations: name or id of the issue type")
    fields: dict[str, Any] = Field(
        default_factory=dict, description="escalations: further values by field id or name, as Jira's API takes them"
    )
    priorities: dict[Level, str] = Field(
        default_factory=dict, description="escalations: Jira's priority by ours; stock names unless given"
    )
    transitions: dict[State, str] = Field(
        default_factory=dict, description="escalations: the status for our state; any of its category unless given"
    )
    raise_priority: bool = Field(
        default=True, description="escalations: whether an issue gets the priority above the ticket's"
    )
    labels: tuple[str, ...] = Field(
        default=("social-media",), description="escalations: labels of a customer from social media"
    )
    link: str | None = Field(
        default=None,
        pattern=r"^https?://.*\{id\}",
        description="escalations: address of a ticket, with `{id}`, for the link back; the post's own unless given",
    )
    map: DestinationMap[Target] = Field(
        default=DestinationMap[Target](), description="escalations: project, type and fields by queue or department"
    )

    @field_validator("jql")
    @classmethod
    def _unordered(cls, value: str | None) -> str | None:
        if value is not None and has_order(value):
            raise ValueError("leave out ORDER BY: issues are read in the order in which they changed")
        return value

    @field_validator("labels")
    @classmethod
    def _without_spaces(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        spaced = [label for label in value if not label or any(sign.isspace() for sign in label)]
        if spaced:
            raise ValueError(f"{spaced[0]!r} is no label of Jira: labels have no spaces")
        return value

    @model_validator(mode="after")
    def _has_one_kind_of_credentials(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("OAuth 2.0 needs both client_id and client_secret")
        if self.client_id is not None and self.email is not None:
            raise ValueError("email belongs to an API token, client_id to OAuth 2.0; leave one of them out")
        if urlsplit(self.base_url).hostname == GATEWAY and self.site is None:
            raise ValueError(f"set `site` to the site's own address: {GATEWAY} is every site's")
        return self

    @property
    def headers(self) -> dict[str, str]:
        """What pins the language of names and messages, whatever the account's profile says (sheet, section 2)."""
        return {"Accept-Language": self.language, "X-Force-Accept-Language": "true"}

    @property
    def home(self) -> str:
        """The site's own address, without the last slash."""
        return (self.site or self.base_url).rstrip("/")
