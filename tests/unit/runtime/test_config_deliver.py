"""``[deliver]``: which instances, from when on; what is wrong is told with its place."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.runtime.config_deliver import DeliverConfig, destinations_of
from hub.runtime.config_file import read_config_file
from hub.runtime.config_schema import config_schema
from hub.runtime.plugins import discover
from hub.sdk import ConfigError

CONNECTORS = {"mentions": "youscan", "desk": "desk", "mail": "desk", "away": "desk"}
ABILITIES = {"mentions": {"act", "pull"}, "desk": {"deliver", "pull"}, "mail": {"deliver"}}
MOSCOW = ZoneInfo("Europe/Moscow")


def read(tmp_path: Path, **values: Any) -> Any:
    path = tmp_path / "hub.toml"
    path.write_text(
        'store = "sqlite:///hub.db"\n[deliver]\n# where\nto = [\n  "desk",\n  "dsk",\n]\n', encoding="utf-8"
    )
    file = read_config_file(path, {})
    found = destinations_of(file, DeliverConfig.model_validate(values), MOSCOW, CONNECTORS, ABILITIES)
    file.findings.check()
    return found


def test_destinations_have_names_and_connectors(tmp_path: Path) -> None:
    found = read(tmp_path, to=["desk", "mail", "desk"])
    assert (found.to, found.start, found.connectors) == (("desk", "mail"), None, CONNECTORS)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (date(2026, 11, 1), datetime(2026, 10, 31, 21, tzinfo=UTC)),
        ("2026-11-01", datetime(2026, 10, 31, 21, tzinfo=UTC)),
        (datetime(2026, 11, 1, 9), datetime(2026, 11, 1, 6, tzinfo=UTC)),  # noqa: DTZ001 - as a person writes it
        ("2026-11-01T09:00:00Z", datetime(2026, 11, 1, 9, tzinfo=UTC)),
    ],
)
def test_a_start_is_meant_in_the_zone_of_the_settings(tmp_path: Path, start: Any, expected: datetime) -> None:
    assert read(tmp_path, start=start).start == expected


def test_an_instance_that_is_switched_off_is_taken_at_its_word(tmp_path: Path) -> None:
    assert read(tmp_path, to=["away"]).to == ("away",)


def test_an_unknown_instance_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, to=["desk", "dsk"])
    assert str(caught.value) == (
        f'{tmp_path}/hub.toml:6: deliver.to[1]: there is no instance "dsk"; did you mean "desk"?'
        " configured: away, desk, mail, mentions"
    )


def test_an_instance_that_cannot_deliver_is_told_with_what_it_can_and_who_can(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, to=["mentions"])
    assert str(caught.value) == (
        f'{tmp_path}/hub.toml:5: deliver.to[0]: "mentions" (youscan) has no ability deliver, only act, pull;'
        " instances that have it: desk, mail"
    )


def test_editors_know_the_table() -> None:
    schema = config_schema(discover())["properties"]["deliver"]
    assert set(schema["properties"]) == {"to", "start"}
    assert schema["additionalProperties"] is False
