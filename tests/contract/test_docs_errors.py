"""docs/reference/errors.md names every error, and with which code a command ends that meets it."""

import re
from inspect import getmembers, isclass
from pathlib import Path

import pytest

from hub.cli.errors import report
from hub.pipeline.act import MAX_REQUESTS
from hub.pipeline.deliver import LONGEST_OUTAGE, MAX_TRIES
from hub.pipeline.fetch import SAME_PAGE
from hub.pipeline.retry import RetryPolicy
from hub.runtime.transport import MAX_BODY_BYTES, MAX_REDIRECTS
from hub.sdk import ConnectorConfig, HubError, errors

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
ERRORS = {name: cls for name, cls in getmembers(errors, isclass) if issubclass(cls, HubError)}
ROWS = {name: int(code) for name, code in re.findall(r"^\| `(\w+Error)` \|.*\| (\d) \|$", TEXT, re.MULTILINE)}


def test_every_error_has_a_row_and_no_other() -> None:
    assert ROWS.keys() == ERRORS.keys()


@pytest.mark.parametrize("name", ROWS)
def test_the_exit_code_of_an_error_is_the_one_told(name: str) -> None:
    assert report(ERRORS[name]("what was seen"), shown=False) == ROWS[name]


def test_the_bounds_are_those_of_the_code() -> None:
    policy, config = RetryPolicy(), ConnectorConfig(connector="acme")
    told = (
        f"at most {policy.tries} times within {policy.total_s:g} s",
        f"from at most {policy.first_s:g} s to at most {policy.cap_s:g} s",
        f"`timeout`, {config.timeout.total_seconds():g} s",
        f"`poll_timeout`, {config.poll_timeout.total_seconds() / 60:g} minutes",
        f"| {MAX_BODY_BYTES // 2**20} MiB |",
        f"| {MAX_REDIRECTS};",
        f"the same page {SAME_PAGE + 1} times in a row",
        f"| requests for one delivery | {MAX_REQUESTS} |",
        f"after {MAX_TRIES} tries it is set aside",
        f"no delivery for {LONGEST_OUTAGE.days} days",
    )
    assert [text for text in told if text not in TEXT] == []
