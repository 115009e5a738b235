"""``[replies]`` of ``hub.toml``: how customers are answered."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from hub.sdk.config import Duration


class RepliesSettings(BaseModel):
    """How customers are answered, and what may be said without a person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    templates: str = Field(default="replies", description="folder of templates; starts at the folder of the file")
    brand: str | None = Field(default=None, description="what `{brand}` stands for in templates")
    auto: tuple[str, ...] = Field(
        default=(), description="rules with `mode: auto` that may answer without a person; no other rule does"
    )
    per_author_a_day: int = Field(default=1, ge=0, description="automatic answers to one author in 24 hours")
    a_day: int = Field(default=200, ge=0, description="automatic answers in 24 hours, to all authors")
    max_age: Duration = Field(
        default=timedelta(days=3), description="how old a message may be that a rule drafts an answer for"
    )
    act_max_age: Duration = Field(
        default=timedelta(days=7), description="how old a message may be that a rule acts on at its source"
    )
    published_within: Duration = Field(
        default=timedelta(days=3), description="a reply that is not published after so long is reported"
    )
    from_helpdesk: bool = Field(
        default=True, description="public answers typed in the helpdesk are said where the customer wrote"
    )
    allow: tuple[str, ...] = Field(
        default=(), description="phone numbers of your own that a public answer may hold, such as a hotline"
    )
