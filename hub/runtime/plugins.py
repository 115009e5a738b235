"""Find plugins, check them, keep a broken one apart; the plugin managers that hooks are called through.

Nothing is imported to list what is installed: an entry point's name is the connector's or plugin's name.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, cast

import pluggy
from pydantic import BaseModel

from hub.runtime.plugin_checks import (
    CONNECTOR_HOOKS,
    FACTS,
    PluginError,
    check_connector,
    check_cross_cutting,
    check_sdk,
    crash,
    import_failure,
)
from hub.sdk import ConfigError, Connector, ConnectorSpec, HubSpec
from hub.sdk.hookspecs import PROJECT
from hub.sdk.nearest import did_you_mean, listed, nearest

__all__ = [
    "CrossCutting",
    "PluginError",
    "PluginInfo",
    "PluginManager",
    "Registry",
    "check_hooks",
    "discover",
    "get_plugin_manager",
    "hooks",
    "hub_manager",
    "instance_manager",
    "only_implementation",
    "tell",
]

PluginManager = pluggy.PluginManager
CONNECTORS = "hub"
CROSS_CUTTING = "hub.plugins"

Kind = Literal["connector", "plugin"]
_GROUPS: Mapping[Kind, str] = {"connector": CONNECTORS, "plugin": CROSS_CUTTING}
_log = logging.getLogger(__name__)


class CrossCutting(Protocol):
    """The module of a cross-cutting plugin."""

    requires_sdk: str
    Config: type[BaseModel]

    def create(self, config: Any) -> object:
        """Return the object that carries the hooks."""
        ...


@dataclass(frozen=True, slots=True)
class PluginInfo:
    """One installed plugin as ``hub plugins list`` shows it; *problem* and *fix* where it cannot be used."""

    name: str
    kind: Kind
    distribution: str
    version: str
    abilities: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    problem: str | None = None
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    kind: Kind
    entry: EntryPoint

    @property
    def distribution(self) -> str:
        # A distribution whose metadata is damaged has no name.
        return (self.entry.dist.name if self.entry.dist else None) or "an unknown distribution"

    @property
    def version(self) -> str:
        return self.entry.dist.version if self.entry.dist else "?"

    def info(self) -> PluginInfo:
        return PluginInfo(self.entry.name, self.kind, self.distribution, self.version)

    def load(self) -> Any:
        """Import the plugin and check which SDK it was written for."""
        try:
            module = self.entry.load()
        except (Exception, SystemExit) as error:
            raise import_failure(error) from error
        check_sdk(getattr(module, "requires_sdk", None))
        return module


class Registry:
    """Every installed plugin by name; each is imported when it is asked for, and only then."""

    def __init__(self, entries: Iterable[tuple[Kind, EntryPoint]]) -> None:
        """Sort *entries* by kind and name. A distribution that is found twice counts once; a name that several
        distributions offer is nobody's: whoever got it would be handed the other's credentials."""
        self._found: dict[tuple[Kind, str], list[_Found]] = {}
        found = sorted((_Found(kind, entry) for kind, entry in entries), key=lambda f: f.distribution.lower())
        for one in found:
            same = self._found.setdefault((one.kind, one.entry.name), [])
            if one.distribution not in [other.distribution for other in same]:
                same.append(one)

    def names(self, kind: Kind = "connector") -> list[str]:
        """Return the names of what is installed, sorted; nothing is imported."""
        return sorted(name for of, name in self._found if of == kind)

    def connector(self, name: str) -> type[Connector[Any]]:
        """Import and return the connector *name*.

        Raises:
            ConfigError: it is not installed, several distributions offer it, or something is wrong with it: says
                what, and the fix.
        """
        found = self._get("connector", name)
        with _faults_of(found):
            return _register(name, found.load())

    def plugin(self, name: str) -> CrossCutting:
        """Import and return the cross-cutting plugin *name*.

        Raises:
            ConfigError: it is not installed, several distributions offer it, or something is wrong with it: says
                what, and the fix.
        """
        found = self._get("plugin", name)
        with _faults_of(found):
            module = found.load()
            check_cross_cutting(module)
        return cast(CrossCutting, module)

    def load_all(self) -> list[PluginInfo]:
        """Import every plugin and tell what it can do or what is wrong with it, sorted by kind and name."""
        infos = [
            _inspect(self, same[0]) if len(same) == 1 else _contested(one, same)
            for same in self._found.values()
            for one in same
        ]
        return sorted(infos, key=lambda info: (info.kind, info.name, info.distribution))

    def _get(self, kind: Kind, name: str) -> _Found:
        same = self._found.get((kind, name), [])
        if not same:
            known = self.names(kind)
            hint = did_you_mean(name, known)
            raise ConfigError(f'no {kind} "{name}" is installed{hint or ";"} installed: {listed(known)}')
        if len(same) > 1:
            info = _contested(same[0], same)
            raise ConfigError(f'{kind} "{name}" is offered by {_distributions(same, "and")}; {info.fix}')
        return same[0]


def discover() -> Registry:
    """Return what is installed in this environment; nothing is imported."""
    return Registry((kind, entry) for kind, group in _GROUPS.items() for entry in entry_points(group=group))


def _inspect(registry: Registry, found: _Found) -> PluginInfo:
    info = found.info()
    try:
        if found.kind == "plugin":
            registry.plugin(info.name)
            return info
        cls = registry.connector(info.name)
        with _faults_of(found):
            return replace(info, abilities=tuple(sorted(cls.abilities())), actions=tuple(sorted(cls.actions)))
    except PluginError as error:
        return replace(info, problem=error.problem, fix=error.fix)


@contextmanager
def _faults_of(found: _Found) -> Iterator[None]:
    """Turn whatever *found* raises inside into a PluginError that names it."""
    try:
        yield
    except PluginError as error:
        raise _named(found, error) from error
    except (Exception, SystemExit) as error:
        raise _named(found, crash(error)) from error


def _named(found: _Found, error: PluginError) -> PluginError:
    who = f'{found.kind} "{found.entry.name}" ({found.distribution} {found.version})'
    named = PluginError(f"{who} {error.problem}", error.fix)
    named.problem = error.problem
    return named


def _contested(one: _Found, same: Iterable[_Found]) -> PluginInfo:
    others = [other for other in same if other is not one]
    return replace(
        one.info(),
        problem=f'the name "{one.entry.name}" is offered by {_distributions(others, "and")} too, so nobody has it',
        fix=f"uninstall {_distributions(same, 'or')}",
    )


def _distributions(found: Iterable[_Found], word: str) -> str:
    return f" {word} ".join(one.distribution for one in found)


def _register(name: str, module: Any) -> type[Connector[Any]]:
    manager = get_plugin_manager()
    _add(manager, module)
    if not manager.hook.register_connector.get_hookimpls():
        raise PluginError(
            "has no register_connector hook", "add @hookimpl def register_connector(), which returns the class"
        )
    try:
        found = manager.hook.register_connector()
    except Exception as error:
        raise PluginError(f"register_connector raised {type(error).__name__}: {error}", "mend it") from error
    return check_connector(name, found)


# --- plugin managers ------------------------------------------------------------------------------------------------


def get_plugin_manager() -> pluggy.PluginManager:
    """Return a new manager that knows the hub-wide hooks and holds no plugin."""
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(HubSpec)
    return manager


def check_hooks(plugin: object) -> None:
    """Check the hooks of a cross-cutting plugin's object.

    Raises:
        PluginError: a misspelt hook, a wrong argument, a wrapped fact, or none at all.
    """
    manager = get_plugin_manager()
    manager.add_hookspecs(ConnectorSpec)
    _add(manager, plugin)
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise PluginError("what create() returns has no hook", "decorate its methods with @hookimpl")
    for caller in callers:
        if caller.name in FACTS and any(impl.wrapper or impl.hookwrapper for impl in caller.get_hookimpls()):
            raise PluginError(f"wraps the fact {caller.name}", "implement it with a plain @hookimpl")


def _add(manager: pluggy.PluginManager, plugin: Any) -> None:
    try:
        manager.register(plugin)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        unknown = [c.name for c in manager.get_hookcallers(plugin) or [] if not c.has_spec()]
        if not unknown:
            raise PluginError(
                " ".join(str(error).split()), "write the hook as docs/reference/hooks.md has it"
            ) from error
        meant = nearest(unknown[0], CONNECTOR_HOOKS | FACTS | {"register_connector"})
        fix = f"rename it to {meant}" if meant else "take its @hookimpl away"
        raise PluginError(f"{unknown[0]} is not a hook", fix) from error


class _InstanceManager(pluggy.PluginManager):
    """Takes an overridden method of a connector for an implementation without a decorator, an inherited one not."""

    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        if not isinstance(plugin, Connector):
            return super().parse_hookimpl_opts(plugin, name)
        if name not in CONNECTOR_HOOKS or getattr(type(plugin), name) is getattr(Connector, name):
            return None
        return pluggy.HookimplOpts(
            wrapper=False, hookwrapper=False, optionalhook=False, tryfirst=False, trylast=False, specname=None
        )


def instance_manager(connector: Connector[Any], plugins: Iterable[object]) -> pluggy.PluginManager:
    """Return the manager of one running instance: its connector and the cross-cutting plugins around it."""
    manager = _InstanceManager(PROJECT)
    manager.add_hookspecs(ConnectorSpec)
    manager.register(connector)
    for plugin in plugins:
        manager.register(plugin)
    return manager


def hooks(manager: pluggy.PluginManager) -> ConnectorSpec:
    """Return the hooks of an instance as what mypy can check; call them with keywords."""
    return cast(ConnectorSpec, manager.hook)


def only_implementation(manager: pluggy.PluginManager, hook: str) -> Callable[..., Any] | None:
    """Return the one function behind *hook*, None where several are: with no plugin around it, calling the connector
    itself is the same and saves 2 microseconds, which matters once a record."""
    implementations = getattr(manager.hook, hook).get_hookimpls()
    return implementations[0].function if len(implementations) == 1 else None


def hub_manager(plugins: Iterable[object]) -> pluggy.PluginManager:
    """Return the manager that facts are told through."""
    manager = get_plugin_manager()
    for plugin in plugins:
        manager.register(plugin)
    return manager


def tell(manager: pluggy.PluginManager, fact: str, **facts: object) -> None:
    """Tell every plugin a fact of :class:`hub.sdk.HubSpec`.

    What a plugin raises is logged with its name; the others are told all the same.

    Raises:
        ValueError: there is no such fact.
    """
    if fact not in FACTS:
        raise ValueError(f"no fact {fact!r}; facts are {listed(FACTS)}")
    for impl in getattr(manager.hook, fact).get_hookimpls():
        try:
            impl.function(*[facts[name] for name in impl.argnames])
        except Exception:
            _log.exception("plugin failed", extra={"plugin": plugin_name(impl.plugin), "hook": fact})


def plugin_name(plugin: object) -> str:
    """Return the name of a cross-cutting plugin's object: its ``name``, else that of its package."""
    name = getattr(plugin, "name", None)
    return name if isinstance(name, str) else type(plugin).__module__.split(".")[0].removeprefix("hub_")
