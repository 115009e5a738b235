"""The container file can be built and run as the docs say, as far as reading it tells."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

from starlette.routing import Route

from hub.runtime.config import TOP_LEVEL

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
LINES = [line.split(maxsplit=1) for line in TEXT.splitlines() if line and not line.startswith("#")]
STAGES = [number for number, (word, _) in enumerate(LINES) if word == "FROM"]
LAST = LINES[STAGES[-1] :]


def test_it_copies_what_is_there_and_is_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    sources = [name for word, rest in LINES if word == "COPY" and "--from" not in rest for name in rest.split()[:-1]]
    assert sources
    for name in sources:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert not any(fnmatch("tests", pattern.removeprefix("!")) for pattern in ignored if pattern.startswith("!"))


def test_two_stages_of_a_slim_python_and_no_rights() -> None:
    assert len(STAGES) == 2
    assert {LINES[number][1].split()[0] for number in STAGES} == {"${PYTHON}"}
    words = dict(LAST)
    assert int(words["USER"]) > 0
    assert words["STOPSIGNAL"] == "SIGTERM"
    assert "pip install" not in str(LAST)


def test_it_names_no_host_but_its_own_loopback() -> None:
    assert set(re.findall(r"\b[\w-]+(?:\.[\w-]+)+(?=[:/'])", TEXT)) <= {"127.0.0.1", "http.client"}
    assert "://" not in TEXT


def test_the_health_check_asks_where_the_hub_answers() -> None:
    from hub.runtime.http import Doors

    check = next(rest for word, rest in LAST if word == "HEALTHCHECK")
    command = json.loads(check[check.index("CMD") + 3 :])
    compile(command[-1], "check", "exec")
    app = Doors(None).app()  # type: ignore[arg-type]  # its routes do not ask a daemon
    paths = {route.path for route in app.routes if isinstance(route, Route)}
    assert re.findall(r"'(/\w+)'", command[-1])[0] in paths
    port = re.findall(r"127\.0\.0\.1', (\d+)", command[-1])[0]
    assert port in str(TOP_LEVEL["listen"])
    assert port == dict(LAST)["EXPOSE"]
