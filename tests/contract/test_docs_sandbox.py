"""docs/reference/sandbox.md has every option, fault, profile and control request of the sandbox."""

import dataclasses
import re
from pathlib import Path

import pytest
from starlette.routing import Route

from hub.sandbox import KINDS, PROFILES, SandboxOptions
from hub.sandbox.control import control_app
from hub.sandbox.host import create, installed

TEXT = (Path(__file__).parents[2] / "docs" / "reference" / "sandbox.md").read_text(encoding="utf-8")


def test_every_option_stands_there_with_its_default() -> None:
    options = TEXT.partition("## Options")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", options, re.MULTILINE)
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


@pytest.mark.parametrize("vendor", sorted(installed()))
def test_every_vendor_stands_there_with_all_that_can_be_changed_at_it(vendor: str) -> None:
    [made] = create([vendor], SandboxOptions(items=1))
    with pytest.raises(ValueError, match="choose one of") as refused:
        made.world.change("no such action", {})
    actions = str(refused.value).partition("choose one of ")[2].split(", ")
    told = TEXT.partition("## What can be changed")[2].partition("\n## ")[0]
    rows = re.findall(rf"^\| `[^|]*`{vendor}`|^\| `{vendor}`", told, re.MULTILINE)
    assert rows, f"{vendor} is missing in the table of what can be changed"
    of_vendor = told[told.index(f"`{vendor}`") :]
    of_vendor = re.split(r"^\| `", of_vendor, maxsplit=1, flags=re.MULTILINE)[0]
    assert [action for action in actions if f"`{action}`" not in of_vendor] == []


@pytest.mark.parametrize("vendor", sorted(installed()))
def test_the_how_to_says_how_to_point_an_instance_at_every_vendor(vendor: str) -> None:
    how_to = (Path(__file__).parents[2] / "docs" / "how-to" / "try-in-a-sandbox.md").read_text(encoding="utf-8")
    assert re.search(rf"^\| `{vendor}`[ |]", how_to, re.MULTILINE)
