"""Settings that every connector takes, and the types that connectors' own settings are made of."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

KEEP_RAW = timedelta(days=30)
"""How long originals are kept unless the setting ``keep_raw`` says otherwise."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"(?=\d)" + "".join(rf"(?:(\d+)\s*{unit}\s*)?" for unit in "dhms"))


def parse_duration(value: Any) -> Any:
    """Return the timedelta of ``"30s"``, ``"5m"``, ``"1h30m"`` or ``"30d"``; other types are left to pydantic.

    Raises:
        ValueError: the text is not made of whole numbers with units, the largest first.
    """
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if not found:
        raise ValueError(f'{value!r} is not a duration; write a whole number with s, m, h or d, such as "30s" or "5m"')
    days, hours, minutes, seconds = (int(number or 0) for number in found.groups())
    try:
        return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError as error:
        raise ValueError(f"{value!r} is longer than any time that can be counted") from error


_DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^(?=\d)(\d+\s*d\s*)?(\d+\s*h\s*)?(\d+\s*m\s*)?(\d+\s*s)?$",
        "examples": ["30s", "5m", "1h30m"],
    }
)
Duration = Annotated[timedelta, BeforeValidator(parse_duration), _DURATION_SCHEMA]
"""A span such as ``"30s"``, ``"5m"``, ``"1h30m"``, ``"30d"``."""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most *calls* requests in any *per* seconds."""

    calls: int
    per_s: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rate of ``"10/10s"`` (calls, then seconds or minutes).

        Raises:
            ValueError: the text has another shape, or a figure is zero.
        """
        found = re.fullmatch(r"(\d+)\s*/\s*(\d*)\s*([smh])", text.strip())
        if not found or int(found[1]) < 1 or found[2] == "0":
            raise ValueError(f'{text!r} is not a rate; write calls per time, such as "10/10s", or "off"')
        return cls(int(found[1]), float(int(found[2] or 1) * _UNITS[found[3]]))


def _parse_rate(value: Any) -> Any:
    return Rate.parse(value) if isinstance(value, str) and value != "off" else value


RateSetting = Annotated[
    Rate | Literal["off"],
    BeforeValidator(_parse_rate),
    WithJsonSchema({"type": "string", "examples": ["10/10s", "off"]}),
]

Secret = Annotated[
    SecretStr,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": False,
        }
    ),
]
"""A secret: in ``hub.toml`` always ``{ env = "NAME" }`` or ``{ file = "/path" }``, never the value itself."""


class ConnectorConfig(BaseModel):
    """What every connector takes; a connector's own ``Config`` adds its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connector: str = Field(description="which connector, by its name in `hub plugins list`")
    enabled: bool = Field(default=True, description="false: the instance is left alone")
    every: Duration = Field(default=timedelta(minutes=1), description="how often to poll")
    base_url: str | None = Field(
        default=None, pattern=r"^https?://", description="another address: a sandbox, a proxy, an own host"
    )
    page_size: int | None = Field(default=None, ge=1, description="records a page; the connector's own unless given")
    rate: RateSetting | None = Field(
        default=None, description='requests per time, such as "10/10s", or "off"; the vendor\'s limit unless given'
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=16, description="requests at once; the vendor's limit unless given"
    )
    timeout: Duration = Field(default=timedelta(seconds=30), description="deadline of one request")
    poll_timeout: Duration = Field(
        default=timedelta(minutes=30), description="deadline of one run; what is read until then is kept"
    )
    sweeps: Literal["off"] | dict[str, Literal["off"] | Duration] = Field(
        default_factory=dict, description='"off", or how often each sweep runs'
    )
    start: datetime | date | None = Field(default=None, description="the earliest publication to read")
    keep_raw: Duration = Field(default=KEEP_RAW, description="how long originals are kept; 0d keeps none")
    account: str | None = Field(
        default=None, description="instances with the same word share the vendor's limits, whatever their keys"
    )
