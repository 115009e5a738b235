"""What can be wrong with a plugin, found before it runs. Each check says the problem and the fix."""

import inspect
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import BaseModel

from hub.sdk import SDK_VERSION, ConfigError, Connector, ConnectorConfig, ConnectorSpec, HubSpec
from hub.sdk.nearest import nearest

CONNECTOR_HOOKS = frozenset(name for name in vars(ConnectorSpec) if not name.startswith("_"))
FACTS = frozenset(name for name in vars(HubSpec) if not name.startswith("_")) - {"register_connector"}

_CONNECTOR_NAMES = frozenset(name for name in dir(Connector) if not name.startswith("_"))
_READING = ("request", "parse", "position", "pages")
_NEEDS = {">=", ">", "==", "~=", "==="}


class PluginError(ConfigError):
    """A plugin cannot be used.

    Attributes:
        problem: what was seen.
        fix: what to do.
    """

    def __init__(self, problem: str, fix: str) -> None:
        super().__init__(f"{problem}; {fix}")
        self.problem = problem
        self.fix = fix


def import_failure(error: BaseException) -> PluginError:
    """Return what is wrong with a plugin whose import raised *error*, and where."""
    missing = error.name if isinstance(error, ModuleNotFoundError) and error.name else None
    fix = f"install {missing} into this environment" if missing else "mend or reinstall it"
    return PluginError(f"fails to import: {_seen(error)}{_where(error)}", fix)


def crash(error: BaseException) -> PluginError:
    """Return what is wrong with a plugin that raised *error* while it was looked at, and where."""
    return PluginError(f"raised {_seen(error)}{_where(error)}", "mend or reinstall it")


def _seen(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""  # its own text has file and line
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<frozen")]
    ours = {str(Path(__file__)), str(Path(__file__).with_name("plugins.py"))}
    frames = [f for f in frames if f.filename not in ours and "importlib" not in f.filename]
    return f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""


def check_sdk(wanted: object) -> None:
    """Check what a plugin's ``requires_sdk`` asks for.

    Raises:
        PluginError: there is none, it is no version specifier, or this SDK does not satisfy it.
    """
    example = f'write requires_sdk = ">={SDK_VERSION},<{int(SDK_VERSION.split(".")[0]) + 1}" into the package'
    if wanted is None:
        raise PluginError("does not say which SDK it was written for", example)
    try:
        specifiers = SpecifierSet(wanted if isinstance(wanted, str) else "?")
    except InvalidSpecifier as error:
        raise PluginError(f"requires_sdk is {wanted!r}, which is no version specifier", example) from error
    if Version(SDK_VERSION) not in specifiers:
        newer = any(s.operator in _NEEDS and Version(SDK_VERSION) < _version(s.version) for s in specifiers)
        raise PluginError(
            f"wants the SDK {wanted}, this is {SDK_VERSION}",
            "upgrade helpdesk-hub" if newer else "upgrade the plugin, or ask its author for a release for this SDK",
        )


def _version(text: str) -> Version:
    return Version(text.removesuffix(".*"))


def check_connector(name: str, found: object) -> type[Connector[Any]]:
    """Return *found*, what a plugin registered as connector *name*, once it holds what a connector needs.

    Raises:
        PluginError: the first thing that it lacks.
    """
    if not isinstance(found, type) or not issubclass(found, Connector):
        raise PluginError(
            f"registers {found!r}, which is not a Connector", "return a subclass of hub.sdk.Connector, the class itself"
        )
    shown = found.__name__
    if getattr(found, "name", None) != name:
        raise PluginError(
            f"its entry point is called {name!r}, its class {shown} {getattr(found, 'name', None)!r}",
            f"give both one name: {shown}.name = {name!r}",
        )
    settings = getattr(found, "Config", None)
    if not isinstance(settings, type) or not issubclass(settings, ConnectorConfig):
        raise PluginError(f"{shown}.Config is {settings!r}", "set it to a subclass of hub.sdk.ConnectorConfig")
    _check_methods(found)
    _check_abilities(found)
    return found


def _check_methods(found: type[Connector[Any]]) -> None:
    for method in _own_methods(found):
        meant = nearest(method, _CONNECTOR_NAMES)
        if method not in _CONNECTOR_NAMES and meant and not _overrides(found, meant):
            raise PluginError(
                f"{found.__name__}.{method} is not a hook; did you mean {meant!r}?",
                f"rename it to {meant}, or to _{method} if it is your own helper",
            )
    for hook in sorted(CONNECTOR_HOOKS):
        if _overrides(found, hook):
            _check_signature(found, hook)


def _check_signature(found: type[Connector[Any]], hook: str) -> None:
    method = getattr(found, hook)
    known = _arguments(getattr(ConnectorSpec, hook))
    unknown = [name for name in _arguments(method) if name not in known]
    written = f"{hook}({', '.join(['self', *known])})"
    if unknown:
        raise PluginError(f"{found.__name__}.{hook} has an argument {unknown[0]!r}", f"write it as {written}")
    if inspect.iscoroutinefunction(method):
        raise PluginError(
            f"{found.__name__}.{hook} is async", "write it as a plain function: the engine does the waiting"
        )


def _arguments(function: Any) -> list[str]:
    return [name for name in inspect.signature(function).parameters if name != "self"]


def _check_abilities(found: type[Connector[Any]]) -> None:
    own = found.__name__
    if not _overrides(found, "normalize"):
        started = [name for name in _READING if _overrides(found, name)]
        if started or not found.abilities():
            why = f"has {', '.join(started)}" if started else "has no ability"
            raise PluginError(f"{own} {why} but no normalize", "implement normalize(self, record, read)")
        return
    if _overrides(found, "pages"):
        return
    missing = [name for name in ("request", "parse") if not _overrides(found, name)]
    if missing:
        raise PluginError(
            f"{own} has normalize but no {' and no '.join(missing)}",
            f"implement {' and '.join(missing)}, or pages(self, read, send) in their place",
        )


def _overrides(found: type, name: str) -> bool:
    return getattr(found, name, None) is not getattr(Connector, name, None)


def _own_methods(found: type) -> Iterator[str]:
    for cls in found.__mro__:
        if issubclass(cls, Connector) and cls is not Connector:
            yield from (n for n, value in vars(cls).items() if not n.startswith("_") and inspect.isfunction(value))


def check_cross_cutting(module: Any) -> None:
    """Check the module of a cross-cutting plugin.

    Raises:
        PluginError: the first thing that it lacks.
    """
    settings = getattr(module, "Config", None)
    if not isinstance(settings, type) or not issubclass(settings, BaseModel):
        raise PluginError("has no Config", "export Config, a pydantic model of its settings")
    if not callable(getattr(module, "create", None)):
        raise PluginError("has no create", "export create(config), which returns the object with the hooks")
