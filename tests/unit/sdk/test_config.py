"""Settings that every connector takes: what may be written, and what is said where it may not."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError

from hub.sdk import ConnectorConfig, Duration, Rate, Secret


class Span(BaseModel):
    span: Duration


class Keyed(ConnectorConfig):
    model_config = ConfigDict(extra="forbid", frozen=True)
    key: Secret


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("1h", timedelta(hours=1)),
        ("30d", timedelta(days=30)),
        (" 10 m ", timedelta(minutes=10)),
        ("0d", timedelta()),
        ("1h30m", timedelta(minutes=90)),
        ("1d 2h 3m 4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        (timedelta(seconds=7), timedelta(seconds=7)),
    ],
)
def test_a_duration_is_made_of_whole_numbers_with_units(text: Any, span: timedelta) -> None:
    assert Span(span=text).span == span


@pytest.mark.parametrize("text", ["", "5", "m", "5 weeks", "1.5h", "-5m", "5s5m", "5m5m", "PT5M", "٥m x"])
def test_another_text_is_no_duration_and_says_what_is(text: str) -> None:
    with pytest.raises(
        ValidationError, match=r'is not a duration; write a whole number with s, m, h or d, such as "30s"'
    ):
        Span(span=text)


def test_a_bare_number_is_no_duration_and_is_shown_with_its_units() -> None:
    with pytest.raises(ValidationError, match=r'30 has no unit; write a duration such as "30m", "30h" or "30d"'):
        Span.model_validate({"span": 30})


@pytest.mark.parametrize("value", [True, False, 30.5, -30, None, [30], float("nan")])
def test_nothing_but_a_text_is_a_duration(value: Any) -> None:
    with pytest.raises(ValidationError, match="is not a duration; write a whole number with s, m, h or d"):
        Span(span=value)


@pytest.mark.parametrize("model", [Span, ConnectorConfig])
def test_the_schema_of_a_duration_takes_texts_only(model: type[BaseModel]) -> None:
    spans = [one for one in model.model_json_schema()["properties"].values() if "30s" in one.get("examples", ())]
    assert spans
    assert {one["type"] for one in spans} == {"string"}


@pytest.mark.parametrize(
    ("text", "calls", "per_s"),
    [("10/10s", 10, 10.0), ("60/1m", 60, 60.0), ("60/m", 60, 60.0), ("5/s", 5, 1.0), ("1000 / 1 h", 1000, 3600.0)],
)
def test_a_rate_is_calls_per_time(text: str, calls: int, per_s: float) -> None:
    assert Rate.parse(text) == Rate(calls, per_s)


@pytest.mark.parametrize("text", ["", "10", "10/", "0/10s", "10/0s", "10/10", "10 per second", "-1/s", "off"])
def test_another_text_is_no_rate_and_says_what_is(text: str) -> None:
    with pytest.raises(ValueError, match=r'is not a rate; write calls per time, such as "10/10s", or "off"'):
        Rate.parse(text)


def test_a_rate_may_be_off() -> None:
    assert ConnectorConfig(connector="c", rate="off").rate == "off"
    assert ConnectorConfig(connector="c", rate="10/10s").rate == Rate(10, 10.0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"page_size": 0},
        {"concurrency": 17},
        {"concurrency": 0},
        {"base_url": "ftp://host"},
        {"sweeps": "on"},
        {"sweeps": {"edits": "soon"}},
        {"keep_raw": "a while"},
        {"start": "yesterday"},
        {"start": date(1, 1, 1)},
        {"every": "99999999999999999d"},
        {"keep_raw": "9999999d"},
        {"timeout": "0s"},
        {"poll_timeout": "0m"},
        {"every": "0s"},
        {"unknown": 1},
    ],
)
def test_a_setting_out_of_its_bounds_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ConnectorConfig(connector="c", **wrong)


def test_sweeps_are_off_or_each_has_its_cadence() -> None:
    assert ConnectorConfig(connector="c", sweeps="off").sweeps == "off"
    given: Any = {"edits": "10m", "deleted": "off"}
    assert ConnectorConfig(connector="c", sweeps=given).sweeps == {"edits": timedelta(minutes=10), "deleted": "off"}


def test_a_start_is_a_day_or_a_moment() -> None:
    assert ConnectorConfig(connector="c", start=date(2026, 11, 1)).start in (date(2026, 11, 1), datetime(2026, 11, 1))  # noqa: DTZ001 - a day has no zone
    moment = datetime(2026, 11, 1, 3, tzinfo=UTC)
    assert ConnectorConfig(connector="c", start=moment).start == moment


@pytest.mark.parametrize("start", [20261101, "20261101", 1.5, True, "1793490000"])
def test_a_start_is_never_taken_for_seconds(start: Any) -> None:
    with pytest.raises(ValidationError, match="is no day; write it as 2026-11-01"):
        ConnectorConfig(connector="c", start=start)


def test_settings_show_no_secret_and_do_not_change() -> None:
    config = Keyed(connector="c", key="the secret itself")
    assert "the secret" not in f"{config!r} {config} {config.model_dump()} {config.model_dump_json()}"
    with pytest.raises(ValidationError):
        config.page_size = 5  # type: ignore[misc]  # frozen


def test_the_schema_of_a_secret_names_where_it_comes_from_and_never_a_value() -> None:
    schema = Keyed.model_json_schema()["properties"]["key"]
    assert set(schema["properties"]) == {"env", "file"}
