"""What every test of this folder stands on: a state folder of its own, examples that are the same in every CI run."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shared machine stalls at times: a deadline would fail tests at random.
_usual = settings(
    deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.register_profile("dev", _usual)
settings.register_profile("ci", _usual, derandomize=True, print_blob=True)
settings.register_profile("thorough", _usual, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell began this in its background: processes that tests
    signal.signal(signal.SIGINT, signal.default_int_handler)  # start would be deaf to Ctrl-C as well


@pytest.fixture(autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Locks and limits of the machine are kept in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("HUB_STATE_DIR", str(folder))
    return folder
