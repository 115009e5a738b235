"""docs/reference/sandbox.md has every option, fault, profile and control request of the sandbox."""

import dataclasses
import re
from pathlib import Path

from starlette.routing import Route

from hub.sandbox import KINDS, PROFILES, SandboxOptions
from hub.sandbox.control import control_app

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")


def test_every_option_stands_there_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", TEXT, re.MULTILINE)
    assert rows == [
        (field.name, repr(getattr(SandboxOptions(), field.name))) for field in dataclasses.fields(SandboxOptions)
    ]


def test_every_fault_stands_there() -> None:
    assert re.findall(r"^\| `(\w+)` \| [^|`]", TEXT, re.MULTILINE)[: len(KINDS)] == list(KINDS)


def test_every_profile_that_is_no_fault_stands_there() -> None:
    told = TEXT.partition("| profile |")[2]
    assert [name for name in PROFILES if name not in KINDS and f"| `{name}` |" not in told] == []


def test_every_control_request_stands_there() -> None:
    routes = [route for route in control_app([]).routes if isinstance(route, Route)]
    assert routes
    for route in routes:
        method = "GET" if "GET" in (route.methods or ()) else "POST"
        assert f"`{method} {route.path}`" in TEXT
