"""``[surges]``: how it is watched whether more comes in than usual."""

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from hub.routing.listable import as_list, listable
from hub.routing.surge import ALARMS_IN_30D
from hub.runtime.config_file import ConfigFile
from hub.sdk.nearest import did_you_mean, listed

_KIND = {"enum": ["platform", "queue", "tag"]}


class SurgeSettings(BaseModel):
    """The keys of ``[surges]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    enabled: bool = Field(default=True, description="false: nobody watches, and no rule's `surge` holds")
    alarms_in_30d: float = Field(
        default=ALARMS_IN_30D,
        gt=0,
        le=100,
        description="false alarms in 30 days that are allowed, of all series together",
    )
    series: Annotated[tuple[Literal["platform", "queue", "tag"], ...], BeforeValidator(as_list), listable(_KIND)] = (
        Field(default=("platform", "queue", "tag"), description="what is watched beside the stream of all tickets")
    )
    notify: Annotated[tuple[str, ...], BeforeValidator(as_list), listable({"type": "string"})] = Field(
        default=(), description="who is told when a surge begins, by the names in `[notify]`"
    )


def check_recipients(file: ConfigFile, surges: SurgeSettings) -> None:
    """Note the names that ``[notify]`` lacks."""
    table = file.tree.get("notify", {})
    known = sorted(table) if isinstance(table, dict) else []
    for name in surges.notify:
        if name not in known:
            hint = did_you_mean(name, known) or ";"
            file.findings.add(("surges", "notify"), f'[notify] has no "{name}"{hint} it has {listed(known) or "none"}')
