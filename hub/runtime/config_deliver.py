"""``[deliver]`` of ``hub.toml``: where tickets go that no rule says otherwise of, and from when on."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, tzinfo

from pydantic import BaseModel, ConfigDict, Field

from hub.routing.destinations import Destinations
from hub.runtime.config_file import ConfigFile
from hub.sdk.config import Moment
from hub.sdk.nearest import did_you_mean, listed

TABLE = "deliver"


class DeliverConfig(BaseModel):
    """The table."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: tuple[str, ...] = Field(
        default=(), description="instances that mentions and reviews are delivered to unless a rule says otherwise"
    )
    start: Moment | None = Field(
        default=None, description="what customers wrote before is stored and decided, but not delivered"
    )


def destinations_of(
    file: ConfigFile,
    config: DeliverConfig,
    zone: tzinfo,
    connectors: Mapping[str, str],
    abilities: Mapping[str, Collection[str]],
) -> Destinations:
    """Return what *config* says; what is wrong with it is noted in *file*.

    Args:
        zone: in which a day, or a time without a zone, is meant.
        connectors: the connector of every instance in the file.
        abilities: those of the instances that run; the others are taken at their word.
    """
    able = sorted(name for name, has in abilities.items() if "deliver" in has)
    for place, name in enumerate(config.to):
        at = (TABLE, "to", place)
        if name not in connectors:
            hint = did_you_mean(name, connectors) or ";"
            file.findings.add(at, f'there is no instance "{name}"{hint} configured: {listed(connectors)}')
        elif name in abilities and "deliver" not in abilities[name]:
            has = f'"{name}" ({connectors[name]}) has no ability deliver, only {listed(sorted(abilities[name]))}'
            file.findings.add(at, f"{has}; instances that have it: {listed(able) or 'none'}")
    return Destinations(tuple(dict.fromkeys(config.to)), _moment(config.start, zone), dict(connectors))


def _moment(start: datetime | date | None, zone: tzinfo) -> datetime | None:
    if start is None:
        return None
    moment = start if isinstance(start, datetime) else datetime.combine(start, time())
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
