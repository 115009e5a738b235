"""Settings that every connector takes, and the types that connectors' own settings are made of."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Generic, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

from hub.sdk.actions import Delivery

KEEP_RAW = timedelta(days=30)
"""How long originals are kept unless the setting ``keep_raw`` says otherwise."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LONGEST = timedelta(days=3650)
_DURATION = re.compile(r"(?=\d)" + "".join(rf"(?:(\d+)\s*{unit}\s*)?" for unit in "dhms"))


def parse_duration(value: Any) -> timedelta:
    """Return the timedelta of ``"30s"``, ``"5m"``, ``"1h30m"`` or ``"30d"``.

    A bare number is refused: pydantic would take it for seconds, and who writes ``keep_raw = 30`` means days.

    Raises:
        ValueError: it is no text made of whole numbers with units, the largest first.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        raise ValueError(f'{value} has no unit; write a duration such as "{value}m", "{value}h" or "{value}d"')
    found = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
    if not found:
        told = str(value).lower() if isinstance(value, bool) else repr(value)
        raise ValueError(f'{told} is not a duration; write a whole number with s, m, h or d, such as "30s" or "5m"')
    seconds = sum(int(number or 0) * _UNITS[unit] for number, unit in zip(found.groups(), "dhms", strict=True))
    if seconds > _LONGEST.total_seconds():
        raise ValueError(f'{value!r} is longer than ten years; write at most "{_LONGEST.days}d"')
    return timedelta(seconds=seconds)


_DURATION_SCHEMA = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^(?=\d)(\d+\s*d\s*)?(\d+\s*h\s*)?(\d+\s*m\s*)?(\d+\s*s)?$",
        "examples": ["30s", "5m", "1h30m"],
    }
)
Duration = Annotated[timedelta, BeforeValidator(parse_duration), _DURATION_SCHEMA]
"""A span such as ``"30s"``, ``"5m"``, ``"1h30m"``, ``"30d"``."""


def _above_nothing(value: timedelta) -> timedelta:
    if not value:
        raise ValueError('must be longer than nothing; write for example "30s"')
    return value


PositiveDuration = Annotated[
    timedelta, BeforeValidator(parse_duration), AfterValidator(_above_nothing), _DURATION_SCHEMA
]
"""A span that is not zero."""


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


def _no_number(value: Any) -> Any:
    """Refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, bool | int | float) or (isinstance(value, str) and re.fullmatch(r"\s*[-+]?[\d._]+\s*", value)):
        raise ValueError(f'{value!r} is no day; write it as 2026-11-01, or a moment as "2026-11-01T09:00:00+03:00"')
    return value


def _in_our_time(value: datetime | date) -> datetime | date:
    if not 1970 <= value.year <= 9998:
        raise ValueError(f"{value} is no day to begin at; write one from 1970-01-01 on, or take the key out")
    return value


Moment = Annotated[datetime | date, BeforeValidator(_no_number), AfterValidator(_in_our_time)]
"""A day, or a moment; one without a zone is meant in that of the settings."""

TargetT = TypeVar("TargetT")


class DestinationMap(BaseModel, Generic[TargetT]):
    """``[instances.NAME.map]``: what the hub's queues and departments are called at a destination.

    A connector that delivers or escalates declares it with a type of its own, a pydantic model or plain text::

        map: DestinationMap[Target] = Field(default=DestinationMap(), description="…")
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: dict[str, TargetT] = Field(default_factory=dict, description="by the ticket's queue")
    department: dict[str, TargetT] = Field(default_factory=dict, description="by the escalation's department")

    def find(self, delivery: Delivery) -> TargetT | None:
        """Return what the map has for the department of *delivery*, else for its ticket's queue, else None."""
        if delivery.department is not None and delivery.department in self.department:
            return self.department[delivery.department]
        return self.queue.get(delivery.ticket.queue) if delivery.ticket.queue is not None else None

    def targets(self) -> dict[str, TargetT]:
        """Return every target, queues first, by where it stands: ``department.law``."""
        named = {"queue": self.queue, "department": self.department}
        return {f"{kind}.{name}": target for kind, some in named.items() for name, target in some.items()}

    def queue_where(self, holds: Callable[[TargetT], bool]) -> str | None:
        """Return the queue whose target *holds* accepts, for what is read back; None where none or several are."""
        found = [queue for queue, target in self.queue.items() if holds(target)]
        return found[0] if len(found) == 1 else None


class ConnectorConfig(BaseModel):
    """What every connector takes; a connector's own ``Config`` adds its settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    connector: str = Field(description="which connector, by its name in `hub plugins list`")
    enabled: bool = Field(default=True, description="false: the instance is left alone")
    every: PositiveDuration = Field(default=timedelta(minutes=1), description="how often to poll")
    cron: str | None = Field(
        default=None,
        description="when to poll, as five fields of crontab in the settings' time zone; wins over `every`",
    )
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
    timeout: PositiveDuration = Field(default=timedelta(seconds=30), description="deadline of one request")
    poll_timeout: PositiveDuration = Field(
        default=timedelta(minutes=30), description="deadline of one run; what is read until then is kept"
    )
    sweeps: Literal["off"] | dict[str, Literal["off"] | Duration] = Field(
        default_factory=dict, description='"off", or how often each sweep runs'
    )
    start: Moment | None = Field(default=None, description="the earliest publication to read")
    keep_raw: Duration = Field(default=KEEP_RAW, description="how long originals are kept; 0d keeps none")
    account: str | None = Field(
        default=None, description="instances with the same word share the vendor's limits, whatever their keys"
    )
