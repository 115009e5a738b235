"""Plugins: found without an import, each fault told by name with the fix, the others go on."""

import logging
import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import entry_points
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from hub.runtime.plugins import (
    PluginInfo,
    Registry,
    check_hooks,
    discover,
    get_plugin_manager,
    hooks,
    hub_manager,
    instance_manager,
    tell,
)
from hub.sdk import ConfigError, Connector, ConnectorConfig, Page, Read, Record, Request, Response, hookimpl

NOW = datetime(2026, 11, 20, tzinfo=UTC)
READ = Read(stream="s", mode="poll", now=NOW)
_numbers = count()

GOOD = """\
from hub.sdk import Connector, ConnectorConfig, Page, Request, hookimpl

requires_sdk = ">=1.0,<2"

class Acme(Connector[ConnectorConfig]):
    name = "acme"
    Config = ConnectorConfig
    actions = frozenset({"reply"})

    def request(self, read):
        return Request("GET", "/")

    def parse(self, response, read):
        return Page()

    def normalize(self, record, read):
        return None

    def act(self, actions):
        return ()
        yield

@hookimpl
def register_connector():
    return Acme
"""

CROSS = """\
from pydantic import BaseModel
from hub.sdk import hookimpl

requires_sdk = ">=1.0,<2"

class Config(BaseModel):
    pass

class Mask:
    @hookimpl(wrapper=True)
    def normalize(self, record, read):
        return (yield)

def create(config):
    return Mask()
"""

Install = Callable[..., str]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a distribution of one module into a folder of the import path, as pip would leave it there."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def install(
        code: str, *, name: str = "acme", dist: str = "acme-for-hub", version: str = "1.2", group: str = "hub"
    ) -> str:
        module = f"hub_test_{name}_{next(_numbers)}"
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        info = tmp_path / f"{dist.replace('-', '_')}-{version}.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {dist}\nVersion: {version}\n", encoding="utf-8")
        with (info / "entry_points.txt").open("a", encoding="utf-8") as file:
            file.write(f"[{group}]\n{name} = {module}\n")
        return module

    yield install
    for name in set(sys.modules) - before:
        if name.startswith("hub_test_"):
            del sys.modules[name]


def _info(name: str = "acme", **narrow: str) -> PluginInfo:
    (info,) = (
        one
        for one in discover().load_all()
        if one.name == name and all(getattr(one, key) == value for key, value in narrow.items())
    )
    return info


def test_listing_names_imports_nothing(install: Install) -> None:
    module = install(GOOD)
    assert "acme" in discover().names()
    assert module not in sys.modules


def test_a_connector_is_imported_when_it_is_asked_for(install: Install) -> None:
    module = install(GOOD)
    other = install(GOOD, name="other", dist="other-for-hub")
    assert discover().connector("acme").name == "acme"
    assert module in sys.modules
    assert other not in sys.modules


def test_a_good_plugin_is_listed_with_what_it_can_do(install: Install) -> None:
    install(GOOD)
    expected = PluginInfo("acme", "connector", "acme-for-hub", "1.2", ("act", "pull"), ("reply",))
    assert _info() == expected


def test_a_good_cross_cutting_plugin_is_listed(install: Install) -> None:
    install(CROSS, name="veil", group="hub.plugins")
    assert _info("veil") == PluginInfo("veil", "plugin", "acme-for-hub", "1.2")
    assert discover().plugin("veil").create(None) is not None


def test_an_unknown_name_is_refused_with_the_nearest(install: Install) -> None:
    install(GOOD)
    with pytest.raises(
        ConfigError, match=r'no connector "acmee" is installed; did you mean "acme"\? installed: .*acme'
    ):
        discover().connector("acmee")


FAULTS = [
    (
        "import a_library_that_is_missing\n" + GOOD,
        "fails to import: ModuleNotFoundError: No module named 'a_library_that_is_missing'",
        "install a_library_that_is_missing into this environment",
    ),
    ("x = 1\n1 / 0\n", "fails to import: ZeroDivisionError: division by zero (", "mend or reinstall it"),
    ("def (:\n", "fails to import: SyntaxError", "mend or reinstall it"),
    ("raise SystemExit(3)\n", "fails to import: SystemExit: 3", "mend or reinstall it"),
    (
        GOOD.replace("requires_sdk", "needs_sdk"),
        "does not say which SDK it was written for",
        'write requires_sdk = ">=1.0,<2" into the package',
    ),
    (
        GOOD.replace(">=1.0,<2", "about 1"),
        "requires_sdk is 'about 1', which is no version specifier",
        'write requires_sdk = ">=1.0,<2" into the package',
    ),
    (GOOD.replace(">=1.0,<2", ">=2,<3"), "wants the SDK >=2,<3, this is 1.0", "upgrade helpdesk-hub"),
    (
        GOOD.replace(">=1.0,<2", ">=0.3,<1"),
        "wants the SDK >=0.3,<1, this is 1.0",
        "upgrade the plugin, or ask its author for a release for this SDK",
    ),
    (
        GOOD.replace("@hookimpl\n", ""),
        "has no register_connector hook",
        "add @hookimpl def register_connector(), which returns the class",
    ),
    (
        GOOD.replace("def register_connector", "def register_conector"),
        "register_conector is not a hook",
        "rename it to register_connector",
    ),
    (
        GOOD.replace("register_connector()", "register_connector(hub)"),
        "Argument(s) {'hub'} are declared in the hookimpl",
        "write the hook as docs/reference/hooks.md has it",
    ),
    (
        GOOD.replace("return Acme", "raise KeyError('acme')"),
        "register_connector raised KeyError: 'acme'",
        "mend it",
    ),
    (
        GOOD.replace("return Acme", "return object"),
        "registers <class 'object'>, which is not a Connector",
        "return a subclass of hub.sdk.Connector, the class itself",
    ),
    (
        GOOD.replace('name = "acme"', 'name = "akme"'),
        "its entry point is called 'acme', its class Acme 'akme'",
        "give both one name: Acme.name = 'acme'",
    ),
    (
        GOOD.replace("    Config = ConnectorConfig\n", ""),
        "Acme.Config is None",
        "set it to a subclass of hub.sdk.ConnectorConfig",
    ),
    (
        GOOD.replace("def normalize", "def normalise"),
        "Acme.normalise is not a hook; did you mean 'normalize'?",
        "rename it to normalize, or to _normalise if it is your own helper",
    ),
    (
        GOOD.replace("def act(", "def stream(self):\n        pass\n\n    def act("),
        "Acme.stream is not a hook; did you mean 'streams'?",
        "rename it to streams, or to _stream if it is your own helper",
    ),
    (
        GOOD.replace("def normalize(self, record, read)", "def normalize(self, item, read)"),
        "Acme.normalize has an argument 'item'",
        "write it as normalize(self, record, read)",
    ),
    (
        GOOD.replace("def parse", "async def parse"),
        "Acme.parse is async",
        "write it as a plain function: the engine does the waiting",
    ),
    (
        GOOD.replace("def normalize(self, record, read)", "def _to_ticket(self)"),
        "Acme has request, parse but no normalize",
        "implement normalize(self, record, read)",
    ),
    (
        GOOD.replace("def parse", "def _parse"),
        "Acme has normalize but no parse",
        "implement parse, or pages(self, read, send) in their place",
    ),
]


@pytest.mark.parametrize(("code", "problem", "fix"), FAULTS, ids=lambda value: value[:40] if "\n" not in value else "")
def test_a_fault_is_told_by_name_with_the_fix_and_the_others_go_on(
    install: Install, code: str, problem: str, fix: str
) -> None:
    install(code)
    install(GOOD.replace('"acme"', '"sound"'), name="sound", dist="sound-for-hub")
    found = _info()
    assert problem in str(found.problem)
    assert (found.fix, found.distribution, found.version) == (fix, "acme-for-hub", "1.2")
    assert _info("sound").problem is None
    with pytest.raises(ConfigError) as caught:
        discover().connector("acme")
    assert str(caught.value).startswith('connector "acme" (acme-for-hub 1.2) ')
    assert problem in str(caught.value)


def test_the_place_of_an_import_error_is_told(install: Install) -> None:
    module = install("x = 1\n1 / 0\n")
    assert f"{module}.py:2)" in str(_info().problem)


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (CROSS.replace("class Config", "class Settings"), "has no Config"),
        (CROSS.replace("def create", "def make"), "has no create"),
        (CROSS.replace("requires_sdk", "sdk"), "does not say which SDK it was written for"),
    ],
)
def test_a_fault_of_a_cross_cutting_plugin_is_told(install: Install, code: str, problem: str) -> None:
    install(code, name="veil", group="hub.plugins")
    assert _info("veil").problem == problem
    with pytest.raises(ConfigError, match=f'plugin "veil" \\(acme-for-hub 1.2\\) {problem}'):
        discover().plugin("veil")


def test_a_name_that_two_distributions_offer_is_nobodys_and_the_others_go_on(install: Install) -> None:
    first = install(GOOD, dist="a-for-hub")
    second = install(GOOD, dist="b-for-hub")
    install(GOOD.replace('"acme"', '"sound"'), name="sound", dist="sound-for-hub")
    with pytest.raises(
        ConfigError, match=r'^connector "acme" is offered by a-for-hub and b-for-hub; uninstall a-for-hub or b-for-hub$'
    ):
        discover().connector("acme")
    assert not {first, second} & set(sys.modules), "what is not used is not imported either"
    shown = [_info(distribution="a-for-hub"), _info(distribution="b-for-hub")]
    assert [one.problem for one in shown] == [
        'the name "acme" is offered by b-for-hub too, so nobody has it',
        'the name "acme" is offered by a-for-hub too, so nobody has it',
    ]
    assert {one.fix for one in shown} == {"uninstall a-for-hub or b-for-hub"}
    assert _info("sound").problem is None
    assert discover().connector("sound").name == "sound"


def test_a_contested_cross_cutting_plugin_is_not_used_either(install: Install) -> None:
    install(CROSS, name="veil", dist="a-for-hub", group="hub.plugins")
    install(CROSS, name="veil", dist="b-for-hub", group="hub.plugins")
    with pytest.raises(ConfigError, match=r'^plugin "veil" is offered by a-for-hub and b-for-hub; uninstall'):
        discover().plugin("veil")


def test_a_distribution_that_is_found_twice_counts_once(install: Install) -> None:
    install(GOOD)
    (entry,) = (one for one in entry_points(group="hub") if one.name == "acme")
    registry = Registry([("connector", entry), ("connector", entry)])
    assert registry.connector("acme").name == "acme"
    assert [one.problem for one in registry.load_all()] == [None]


CRASHES = {
    "abilities": GOOD.replace(
        "    def request",
        "    @classmethod\n    def abilities(cls, config=None):\n        return config.none\n\n    def request",
    ),
    "actions": GOOD.replace('frozenset({"reply"})', "7"),
    "abilities that cannot be sorted": GOOD.replace(
        "    def request",
        "    @classmethod\n    def abilities(cls, config=None):\n        return {1, 'pull'}\n\n    def request",
    ),
    "requires_sdk": GOOD.replace('">=1.0,<2"', '"===one"'),
}


@pytest.mark.parametrize("what", CRASHES)
def test_whatever_a_plugin_raises_while_it_is_looked_at_is_its_own_problem(install: Install, what: str) -> None:
    install(CRASHES[what])
    install(GOOD.replace('"acme"', '"sound"'), name="sound", dist="sound-for-hub")
    found = _info()
    assert found.problem is not None
    assert found.fix
    assert _info("sound").problem is None


def test_a_crash_is_told_with_its_place(install: Install) -> None:
    module = install(CRASHES["abilities"])
    found = _info()
    assert str(found.problem).startswith("raised AttributeError: 'NoneType' object has no attribute 'none' (")
    assert f"{module}.py:" in str(found.problem)
    assert found.fix == "mend or reinstall it"


def test_a_distribution_without_a_name_keeps_nobody_out(install: Install, tmp_path: Path) -> None:
    install(GOOD)
    (tmp_path / "acme_for_hub-1.2.dist-info" / "METADATA").write_text("Version: 1.2\n", encoding="utf-8")
    (entry,) = (one for one in entry_points(group="hub") if one.name == "acme")
    (info,) = Registry([("connector", entry)]).load_all()
    assert (info.distribution, info.problem) == ("an unknown distribution", None)


def test_a_helper_whose_name_is_near_a_hook_that_is_there_is_no_misspelling(install: Install) -> None:
    install(GOOD.replace("def act(", "def requests(self):\n        pass\n\n    def act("))
    assert _info().problem is None


def test_a_connector_with_pages_needs_neither_request_nor_parse(install: Install) -> None:
    code = GOOD.replace("def request(self, read)", "def pages(self, read, send)").replace("def parse", "def _parse")
    install(code)
    assert _info().problem is None


def test_a_destination_needs_nothing_for_reading(install: Install) -> None:
    code = (
        GOOD.split("    def request")[0]
        + "    def deliver(self, delivery):\n        yield\n\n"
        + GOOD[GOOD.index("@hookimpl") :]
    )
    install(code)
    assert _info().abilities == ("deliver",)


# --- managers -------------------------------------------------------------------------------------------------------


class Acme(Connector[ConnectorConfig]):
    name = "acme"
    Config = ConnectorConfig

    def request(self, read: Read) -> Request:
        return Request("GET", f"/{read.stream}")

    def parse(self, response: Response, read: Read) -> Page:
        return Page(records=[1])

    def normalize(self, record: Record, read: Read) -> None:
        raise ValueError(f"no {record}")


class Upper:
    name = "upper"

    @hookimpl(wrapper=True)
    def request(self, read: Read) -> Any:
        found = yield
        return Request("GET", found.path.upper())


def _acme() -> Acme:
    return Acme(ConnectorConfig(connector="acme"))


def test_an_overridden_method_is_an_implementation_and_an_inherited_one_is_not() -> None:
    manager = instance_manager(_acme(), ())
    assert hooks(manager).request(read=READ) == Request("GET", "/s")
    assert len(manager.hook.request.get_hookimpls()) == 1
    assert manager.hook.deliver.get_hookimpls() == []


def test_a_cross_cutting_plugin_wraps_the_hook_of_every_connector() -> None:
    request = hooks(instance_manager(_acme(), [Upper()])).request(read=READ)
    assert request == Request("GET", "/S")


def test_what_a_hook_raises_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="no record 7"):
        hooks(instance_manager(_acme(), [Upper()])).normalize(record="record 7", read=READ)


class Listener:
    def __init__(self, name: str, heard: list[str], *, broken: bool = False) -> None:
        self.name = name
        self.heard = heard
        self.broken = broken

    @hookimpl
    def ticket_stored(self, ticket_id: str, created: bool) -> None:
        if self.broken:
            raise RuntimeError("out of order")
        self.heard.append(f"{self.name} {ticket_id} {created}")


def test_a_fact_reaches_every_plugin_though_one_fails(caplog: pytest.LogCaptureFixture) -> None:
    heard: list[str] = []
    plugins = [Listener("a", heard), Listener("b", heard, broken=True), Listener("c", heard)]
    with caplog.at_level(logging.ERROR):
        tell(hub_manager(plugins), "ticket_stored", instance="main", ticket_id="t", created=True)
    assert sorted(heard) == ["a t True", "c t True"]
    (record,) = caplog.records
    assert (vars(record)["plugin"], vars(record)["hook"]) == ("b", "ticket_stored")
    assert "out of order" in str(record.exc_text)


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(
        ValueError, match="no fact 'ticket_stord'; facts are poll_finished, record_rejected, ticket_stored"
    ):
        tell(get_plugin_manager(), "ticket_stord")


def test_a_manager_is_new_each_time() -> None:
    first = get_plugin_manager()
    first.register(Listener("a", []))
    assert get_plugin_manager().get_plugins() == set()


class _Misspelt:
    @hookimpl
    def ticket_store(self) -> None:
        """Never called."""


class _WrapsFact:
    @hookimpl(wrapper=True)
    def ticket_stored(self) -> Any:
        return (yield)


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        (_Misspelt(), "ticket_store is not a hook; rename it to ticket_stored"),
        (_WrapsFact(), "wraps the fact ticket_stored; implement it with a plain @hookimpl"),
        (object(), r"what create\(\) returns has no hook; decorate its methods with @hookimpl"),
    ],
)
def test_the_hooks_of_a_plugin_object_are_checked(plugin: object, message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}$"):
        check_hooks(plugin)


def test_sound_hooks_pass() -> None:
    check_hooks(Upper())
    check_hooks(Listener("a", []))
