"""``hub sync``: what it says of what it did not read."""

import pytest

from tests.unit.cli.conftest import Hub


def test_an_instance_that_a_person_paused_is_named_and_is_no_failure(
    hub: Hub, config: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_KEY_THAT_NOBODY_SET", "k3y-of-main")
    monkeypatch.setenv("A_TOKEN_THAT_NOBODY_SET", "t0ken-of-maps")
    assert hub("pause", "main", "--reason", "moved, k3y-of-main is old").code == 0
    ran = hub("sync", "main")
    assert ran.code == 0
    (told,) = (line for line in ran.err.splitlines() if "paused" in line)
    assert told.startswith("main: paused by a person: moved, [secret] is old")
    assert '"hub resume main"' in told
