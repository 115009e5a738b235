"""Logs: one shape for every logger, and no secret in any field, message or traceback."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from hub.runtime import logs

SECRET = "s3cr3t/with=signs"


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leave logging as it was: other tests have handlers of their own."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level)
    yield
    root.handlers = before[0]
    root.setLevel(before[1])


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_each_event_is_a_line_of_json_where_that_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(json_lines=True)
    logging.getLogger("hub.part").warning("poll failed: %s", "why", extra={"instance": "maps"})
    logging.getLogger("hub.other").warning("poll ended", extra={"instance": "mentions", "count": 3})
    first, second = _lines(capsys)
    assert (first["event"], first["instance"], first["level"], first["logger"]) == (
        "poll failed: why",
        "maps",
        "warning",
        "hub.part",
    )
    assert (second["event"], second["instance"], second["count"]) == ("poll ended", "mentions", 3)
    assert str(first["timestamp"]).endswith("Z")


@pytest.mark.parametrize("terminal", [True, False])
def test_lines_are_short_and_json_only_when_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    logs.set_up()
    logging.getLogger("hub").warning("poll failed", extra={"instance": "maps"})
    line = capsys.readouterr().err
    assert line.rstrip().endswith("[warning] poll failed instance=maps")
    assert "\x1b" not in line
    logs.set_up(json_lines=True)
    logging.getLogger("hub").warning("poll failed")
    assert _lines(capsys)[0]["event"] == "poll failed"


def test_colour_is_there_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    logs.set_up()
    logging.getLogger("hub").warning("one")
    assert "\x1b" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    logs.set_up()
    logging.getLogger("hub").warning("two")
    assert "\x1b" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("verbosity", "shown"),
    [(-1, ["error"]), (0, ["warning", "error"]), (1, ["info", "warning", "error"]),
     (2, ["debug", "info", "warning", "error"]), (9, ["debug", "info", "warning", "error"])],
)  # fmt: skip
def test_verbosity_decides_what_is_shown(capsys: pytest.CaptureFixture[str], verbosity: int, shown: list[str]) -> None:
    logs.set_up(verbosity=verbosity, json_lines=True)
    for level in ("debug", "info", "warning", "error"):
        logging.getLogger("hub").log(getattr(logging, level.upper()), level)
    assert [line["event"] for line in _lines(capsys)] == shown


@pytest.mark.parametrize(("verbosity", "shown"), [(-1, []), (0, ["running"]), (1, ["running"])])
def test_how_a_daemon_fares_is_told_without_being_asked_and_is_no_warning(
    capsys: pytest.CaptureFixture[str], verbosity: int, shown: list[str]
) -> None:
    logs.set_up(verbosity=verbosity, json_lines=True)
    logging.getLogger("hub.runtime.daemon").info("running")
    logging.getLogger("hub.runtime.daemon").debug("round")
    assert [(line["event"], line["level"]) for line in _lines(capsys)] == [(event, "info") for event in shown]


@pytest.mark.parametrize("name", ["httpx", "httpcore.connection", "sqlalchemy.engine", "alembic.runtime"])
def test_libraries_stay_quiet(capsys: pytest.CaptureFixture[str], name: str) -> None:
    logs.set_up(verbosity=2)
    logging.getLogger(name).info("GET https://example.org/?key=1")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "form",
    [SECRET, "s3cr3t%2Fwith%3Dsigns", "czNjcjN0L3dpdGg9c2lnbnM="],
    ids=["plain", "in a URL", "base64"],
)
def test_a_registered_secret_is_in_no_line(capsys: pytest.CaptureFixture[str], form: str) -> None:
    logs.set_up()
    logs.register_secrets([SECRET])
    log = logging.getLogger("hub")
    fields = {"url": f"https://x/?k={form}", "nested": {"a": [form, {form: 1}]}, "thing": ValueError(form)}
    log.warning(f"said {form}", extra=fields)
    logging.getLogger("hub").warning("said %s", form, extra={"field": (form,)})
    try:
        raise RuntimeError(f"refused {form}")
    except RuntimeError:
        log.exception("failed")
        log.error("failed", exc_info=True)
    written = capsys.readouterr().err
    assert form not in written
    assert written.count(logs.REMOVED) == 9
    assert "RuntimeError" in written


def test_a_secret_of_digits_is_removed_from_numbers_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.set_up(json_lines=True)
    logs.register_secrets(["9182736455"])
    logging.getLogger("hub").warning("said", extra={"number": 9182736455, "other": 12})
    (line,) = _lines(capsys)
    assert (line["number"], line["other"]) == (logs.REMOVED, 12)


def test_a_secret_that_holds_another_goes_as_a_whole() -> None:
    logs.register_secrets(["inner-word", "outer-inner-word-outer"])
    assert logs.redact("a outer-inner-word-outer b") == f"a {logs.REMOVED} b"


def test_empty_and_tiny_secrets_spoil_no_text() -> None:
    logs.register_secrets(["", " ", "a"])
    assert logs.redact("a banana") == "a banana"


def test_structlog_is_not_imported_before_something_is_said() -> None:
    code = (
        "import logging, sys; from hub.runtime import logs; logs.set_up(json_lines=True);"
        "logging.getLogger('hub').info('unsaid');"
        "assert 'structlog' not in sys.modules; logging.getLogger('hub').warning('said')"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ran.stderr)["event"] == "said"
