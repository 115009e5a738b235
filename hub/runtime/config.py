"""``hub.toml`` -> settings. What is wrong is told all at once: file, line, key, and what to write instead."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, SecretStr, ValidationError

from hub.routing.destinations import Destinations
from hub.runtime.config_deliver import DeliverConfig, destinations_of
from hub.runtime.config_file import ConfigFile, read_config_file
from hub.runtime.config_models import findings, is_unknown_key, plain_secrets
from hub.runtime.config_notify import names_in, recipients_of
from hub.runtime.config_schema import config_schema
from hub.runtime.config_surges import SurgeSettings, check_recipients
from hub.runtime.config_talks import ConversationsTable, EscalationTable
from hub.runtime.plugins import PluginError, Registry, check_hooks
from hub.runtime.reply_settings import RepliesSettings
from hub.runtime.retention import Retention
from hub.runtime.scheduler import cron_fault
from hub.runtime.toml_lines import Path as Keys
from hub.runtime.values import resolve
from hub.sdk import ConfigError, Connector, ConnectorConfig
from hub.sdk.config import parse_duration
from hub.sdk.nearest import did_you_mean, listed, nearest_zone

__all__ = [
    "DEFAULT_STORE",
    "LANGS",
    "TOP_LEVEL",
    "InstanceSettings",
    "Outline",
    "Settings",
    "config_schema",
    "load_outline",
    "load_settings",
]

DEFAULT_STORE = "sqlite:///hub.db"
DEFAULT_TIMEZONE = "UTC"
DEFAULT_LISTEN = "127.0.0.1:8642"
LANGS = ("ru", "en")
NO_RULES = "off"
IDENTIFY_EVERY = timedelta(days=30)
TOP_LEVEL: Mapping[str, tuple[str, str, str]] = {
    "store": ("text", f'"{DEFAULT_STORE}"', "where tickets are kept; a relative path starts at the folder of the file"),
    "rules": ("text", "none", 'a folder of rules, or `"off"`; a relative path starts at the folder of the file'),
    "timezone": ("text", f'"{DEFAULT_TIMEZONE}"', "IANA name of the time zone that people read times in"),
    "lang": ('"ru" or "en"', "the locale's", "language of what support leads read; `--lang` wins"),
    "listen": ("text", f'"{DEFAULT_LISTEN}"', 'where `hub run` answers over HTTP, or `"off"`'),
    "identify_every": (
        "duration",
        f'"{IDENTIFY_EVERY.days}d"',
        "how old a CRM's answer about a customer may be before it is asked again; asked when the customer writes",
    ),
    "replies": ("table", "none", "how customers are answered; its keys are in [replies.md](replies.md)"),
    "retention": ("table", "none", 'how long tickets are kept: `tickets = "1095d"`; the originals, see `keep_raw`'),
    "instances": ("tables", "none", "one table for each source: its connector and that connector's settings"),
    "deliver": ("table", "none", "where mentions and reviews are delivered, and from when on; see below"),
    "notify": ("table", "none", "whom rules may tell, by name: an Apprise URL, or a list of them; see below"),
    "conversations": ("table", "see below", "what a customer's new message on a ticket that has ended does"),
    "escalation": ("table", "see below", "when a case elsewhere is reported as stuck"),
    "surges": ("table", "on", "the watch over how much comes in; see below"),
    "plugins": ("tables", "none", "one table for each cross-cutting plugin that is on; `enabled = false` rests it"),
}
"""Every key at the top of the file: type, default, meaning."""

USES = frozenset({"pull", "deliver", "escalate"})
"""Abilities that an instance is for; the others only add to one of them."""

ModelT = TypeVar("ModelT", bound=BaseModel)
_FILE_STORE = "sqlite:///"
_URL = re.compile(r"[a-z][a-z0-9+]*://.*")
_LISTEN = re.compile(r"(\[[0-9a-fA-F:]+\]|[^\s:\[\]]+):(\d{1,5})")
_LARGEST_PORT = 65535
_NAME = re.compile(r"[a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Place:
    """The keys at the top of the file.

    Attributes:
        path: the file, as it was named.
        store: URL with an absolute path.
        rules: the folder of rules, absolute; None where the file names none, or says ``off``.
        lang: None where the file does not say.
        listen: host and port at which a daemon answers; None: at none.
        listen_told: whether the file says so.
        identify_every: how old a CRM's answer about a customer may be.
        replies: how customers are answered; the folder of templates is absolute.
        keep_tickets: how long tickets are kept that ended; None: for good.
    """

    path: Path
    store: str
    rules: Path | None
    timezone: ZoneInfo
    lang: Literal["ru", "en"] | None
    listen: tuple[str, int] | None
    listen_told: bool
    identify_every: timedelta = field(default=IDENTIFY_EVERY, kw_only=True)
    replies: RepliesSettings = field(default_factory=RepliesSettings, kw_only=True)
    keep_tickets: timedelta | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Outline(Place):
    """What the file says without its credentials: enough to look into the store.

    Attributes:
        connectors: name of the connector by name of the instance, switched off or not.
        disabled: names of the instances with ``enabled = false``.
        notify: whom ``[notify]`` names; None where there is no such table.
    """

    connectors: Mapping[str, str]
    disabled: frozenset[str] = frozenset()
    notify: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """One configured connector."""

    name: str
    connector_name: str
    connector_class: type[Connector[Any]]
    config: ConnectorConfig = field(repr=False)
    abilities: frozenset[str] = frozenset({"pull"})

    def require(self, *wanted: str) -> None:
        """Check that the instance has one of the abilities *wanted*.

        Raises:
            ConfigError: it has none of them; says which it has.
        """
        if not self.abilities & set(wanted):
            has = f"{' or '.join(wanted)}, only {listed(sorted(self.abilities))}"
            raise ConfigError(f'instances.{self.name}: "{self.connector_name}" has no ability {has}')


@dataclass(frozen=True, slots=True)
class Settings(Place):
    """What the file says, every value checked.

    Attributes:
        instances: those to run, by name.
        plugins: the objects of the cross-cutting plugins that are on, in the order of the file.
        disabled: names of the instances with ``enabled = false``.
        deliver: where tickets are delivered that no rule says otherwise of.
        broken: what is wrong with each instance that cannot be started, one finding a line; only where it was asked
            to keep such instances apart. What is wrong with a recipient stands there as ``notify.NAME``.
        notify: addresses by the name of whom rules may tell; none where they are wrong.
        secrets: every secret's value, for what takes them out of logs.
        conversations: the table of that name; likewise ``escalation``.
        surges: how it is watched how much comes in.
    """

    instances: Mapping[str, InstanceSettings]
    plugins: tuple[object, ...] = ()
    deliver: Destinations = field(default_factory=Destinations)
    disabled: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)
    broken: Mapping[str, str] = field(default_factory=dict)
    notify: Mapping[str, tuple[SecretStr, ...]] = field(default_factory=dict, repr=False)
    conversations: ConversationsTable = field(default_factory=ConversationsTable)
    escalation: EscalationTable = field(default_factory=EscalationTable)
    surges: SurgeSettings = field(default_factory=SurgeSettings)

    @property
    def names(self) -> frozenset[str]:
        """The names of all instances in the file, those that do not run included."""
        return frozenset((*self.instances, *self.disabled, *self.broken))

    @property
    def broken_instances(self) -> dict[str, str]:
        """What is wrong with each instance that cannot be started; recipients, whose names have a dot, left out."""
        return {name: told for name, told in self.broken.items() if "." not in name}

    def pick(self, names: Sequence[str]) -> list[InstanceSettings]:
        """Return the instances *names* in the order of the file; all of them when none is named.

        Raises:
            ConfigError: no instance has such a name, it is switched off, or its settings are wrong.
        """
        for name in names:
            if name in self.disabled:
                raise ConfigError(f'{self.path}: the instance "{name}" is switched off; take out "enabled = false"')
            if name in self.broken:
                raise ConfigError(self.broken[name])
            check_instance(self.path, name, {**self.instances, **self.broken})
        return [settings for name, settings in self.instances.items() if not names or name in names]


def check_instance(path: Path, name: str, known: Mapping[str, Any]) -> None:
    """Check that an instance is one of those in *path*.

    Raises:
        ConfigError: it is not; says which are.
    """
    if name not in known:
        hint = did_you_mean(name, known) or ";"
        raise ConfigError(f'{path}: there is no instance "{name}"{hint} configured: {listed(known)}')


def load_settings(
    path: Path, registry: Registry, env: Mapping[str, str] = os.environ, *, apart: bool = False
) -> Settings:
    """Read the settings of *path*; only the plugins that it names are imported.

    Args:
        path: a ``hub.toml``; a ``.env`` beside it gives variables that *env* lacks.
        registry: what is installed.
        env: the environment.
        apart: an instance whose settings are wrong is put into ``broken`` and stops no other.
    Raises:
        ConfigError: every finding, one a line; with *apart* only those that concern every instance.
    """
    file = read_config_file(path, env)
    place = _place(file)
    broken: dict[str, str] = {}
    instances, disabled = _instances(file, registry, broken if apart else None)
    plugins, plugin_configs = _plugins(file, registry)
    notify = recipients_of(file, broken if apart else None)
    deliver = _deliver(file, place["timezone"], instances)
    conversations = _table(file, "conversations", ConversationsTable)
    escalation = _table(file, "escalation", EscalationTable)
    surges = _surges(file)
    _check_keeping(file, place["keep_tickets"], instances)
    file.findings.check()
    configs = [*(one.config for one in instances.values()), *plugin_configs]
    secrets = tuple(dict.fromkeys(secret for config in (*configs, notify) for secret in secrets_in(config)))
    return Settings(
        **place,
        instances=instances,
        plugins=plugins,
        deliver=deliver,
        disabled=disabled,
        secrets=secrets,
        broken=broken,
        notify=notify,
        conversations=conversations,
        escalation=escalation,
        surges=surges,
    )


def load_outline(path: Path, env: Mapping[str, str] = os.environ) -> Outline:
    """Read the top of *path* and the names of its instances; no plugin is imported, no credential asked for.

    Raises:
        ConfigError: every finding about the keys at the top, one a line.
    """
    file = read_config_file(path, env)
    place = _place(file)
    tables = _tables(file, "instances")
    file.findings.check()
    connectors = {name: str(table.get("connector", "")) for name, table in tables.items()}
    disabled = frozenset(name for name, table in tables.items() if table.get("enabled") is False)
    return Outline(**place, connectors=connectors, disabled=disabled, notify=names_in(file))


# --- the top of the file --------------------------------------------------------------------------------------------


def _place(file: ConfigFile) -> dict[str, Any]:
    for key in file.tree:
        if key not in TOP_LEVEL:
            hint = did_you_mean(key, TOP_LEVEL) or ";"
            file.findings.add((key,), f"unknown key{hint} known keys: {listed(TOP_LEVEL)}")
    return {
        "path": file.path,
        "store": _store(file),
        "rules": _rules(file),
        "timezone": _timezone(file),
        "lang": _lang(file),
        "listen": _listen(file),
        "listen_told": "listen" in file.tree,
        "identify_every": _identify_every(file),
        "replies": _replies(file),
        "keep_tickets": _keep_tickets(file),
    }


def _top(file: ConfigFile, key: str, default: Any) -> Any:
    """Return the value of a key at the top, resolved; *default* where it is not there or cannot be found."""
    found = resolve(file.tree.get(key, default), file.env, file.folder, (key,))
    for at, message in found.missing.items():
        file.findings.add(at, message)
    return default if found.missing else found.tree


def _store(file: ConfigFile) -> str:
    url = _top(file, "store", DEFAULT_STORE)
    if not isinstance(url, str) or not _URL.fullmatch(url):
        file.findings.add(("store",), f'is not the address of a store; write for example "{DEFAULT_STORE}"')
        return DEFAULT_STORE
    name = url.removeprefix(_FILE_STORE)
    if not url.startswith("sqlite:"):
        kind = url.split(":", maxsplit=1)[0]
        file.findings.add(("store",), f'"{kind}" cannot be used in this release; write for example "{DEFAULT_STORE}"')
    elif name in (url, "") or name.startswith(":memory:"):
        file.findings.add(("store",), f'names no file to keep tickets in; write for example "{DEFAULT_STORE}"')
    return f"{_FILE_STORE}{file.folder / name}" if name != url else url


def _listen(file: ConfigFile) -> tuple[str, int] | None:
    text = _top(file, "listen", DEFAULT_LISTEN)
    found = _LISTEN.fullmatch(text) if isinstance(text, str) else None
    if text != "off" and (found is None or int(found[2]) > _LARGEST_PORT):
        file.findings.add(("listen",), f'is no address; write for example "{DEFAULT_LISTEN}", or "off"')
    return (found[1].strip("[]"), int(found[2])) if found else None


def _rules(file: ConfigFile) -> Path | None:
    name = _top(file, "rules", NO_RULES)
    if not isinstance(name, str) or not name.strip():
        file.findings.add(("rules",), f'is not a folder; write for example "rules", or "{NO_RULES}"')
        return None
    return None if name == NO_RULES else file.folder / name


def _timezone(file: ConfigFile) -> ZoneInfo:
    name = _top(file, "timezone", DEFAULT_TIMEZONE)
    try:
        return ZoneInfo(name)
    except Exception:  # zoneinfo raises many kinds for a name that is none, an OSError among them
        near = nearest_zone(str(name), available_timezones())
        hint = f'; did you mean "{near}"?' if near else "; write an IANA name such as Europe/Moscow"
        file.findings.add(("timezone",), f"{name!r} is not a time zone{hint}")
        return ZoneInfo(DEFAULT_TIMEZONE)


def _lang(file: ConfigFile) -> Any:
    lang = _top(file, "lang", None)
    if lang not in (None, *LANGS):
        file.findings.add(("lang",), f'{lang!r} is not a language that the hub speaks; write "ru" or "en"')
    return lang


def _identify_every(file: ConfigFile) -> timedelta:
    value = _top(file, "identify_every", IDENTIFY_EVERY)
    try:
        span = parse_duration(value)
    except ValueError as error:
        file.findings.add(("identify_every",), str(error))
        return IDENTIFY_EVERY
    if not span:
        file.findings.add(("identify_every",), f'is {value!r}; write a span of time such as "30d"')
        return IDENTIFY_EVERY
    return span


def _replies(file: ConfigFile) -> RepliesSettings:
    table = file.tree.get("replies", {})
    if not isinstance(table, dict):
        file.findings.add(("replies",), "is not a table; write [replies] and its settings below")
        table = {}
    found = _validated(file, RepliesSettings, table, ("replies",)) or RepliesSettings()
    return found.model_copy(update={"templates": str(file.folder / found.templates)})


def _keep_tickets(file: ConfigFile) -> timedelta | None:
    table = file.tree.get("retention", {})
    if not isinstance(table, dict):
        file.findings.add(("retention",), 'is not a table; write [retention] and below it tickets = "1095d"')
        return None
    config = _validated(file, Retention, table, ("retention",))
    return config.tickets if config else None


def _check_keeping(file: ConfigFile, keep: timedelta | None, instances: Mapping[str, InstanceSettings]) -> None:
    """Note where sweeps of an instance would bring back as new what was removed as old."""
    for name, one in instances.items():
        if keep is None or one.config.sweeps == "off":
            continue
        longest = one.connector_class.looks_back(one.config)
        if keep <= longest:
            days = longest // timedelta(days=1) + 1
            file.findings.add(
                ("retention", "tickets"),
                f'is so short that the sweeps of "{name}" still send what was removed, they look back'
                f' {longest / timedelta(days=1):g} days; write at least "{days}d", or shorten their window',
            )


def _tables(file: ConfigFile, key: str) -> dict[str, dict[str, Any]]:
    tables = file.tree.get(key, {})
    if not isinstance(tables, dict):
        file.findings.add((key,), f"is not a table; write [{key}.NAME] and its settings below")
        return {}
    for name, table in tables.items():
        if not isinstance(table, dict):
            file.findings.add((key, name), f"is not a table; write [{key}.{name}] and its settings below")
        elif not _NAME.fullmatch(name):
            file.findings.add((key, name), "names are made of a-z, 0-9, - and _")
    return {name: table for name, table in tables.items() if isinstance(table, dict)}


def _table(file: ConfigFile, key: str, model: type[ModelT]) -> ModelT:
    """Return the table *key* at the top; its defaults where it is not there or wrong."""
    table = file.tree.get(key, {})
    if not isinstance(table, dict):
        file.findings.add((key,), f"is not a table; write [{key}] and its settings below")
        return model()
    return _validated(file, model, table, (key,)) or model()


# --- instances and plugins ------------------------------------------------------------------------------------------


def _instances(
    file: ConfigFile, registry: Registry, broken: dict[str, str] | None
) -> tuple[dict[str, InstanceSettings], tuple[str, ...]]:
    """Return the instances to run and the names of those switched off; findings go to *broken*, where there is one."""
    instances: dict[str, InstanceSettings] = {}
    disabled: list[str] = []
    for name, table in _tables(file, "instances").items():
        own = file if broken is None else file.apart()
        # What is switched off needs neither its credentials nor its plugin.
        instance = None if table.get("enabled") is False else _instance(own, registry, name, table)
        if broken is not None and (told := own.findings.told()):
            broken[name] = told
        elif instance and instance.config.enabled:
            instances[name] = instance
        elif instance or table.get("enabled") is False:
            disabled.append(name)
    return instances, tuple(disabled)


def _instance(file: ConfigFile, registry: Registry, name: str, table: dict[str, Any]) -> InstanceSettings | None:
    at: Keys = ("instances", name)
    connector = table.get("connector")
    if not isinstance(connector, str):
        installed = listed(registry.names())
        file.findings.add(
            at if connector is None else (*at, "connector"),
            f'required key "connector" is missing or no text; installed: {installed}',
        )
        return None
    try:
        cls = registry.connector(connector)
    except ConfigError as error:
        file.findings.add((*at, "connector"), str(error))
        return None
    config = _validated(file, cls.Config, table, at)
    if config is None:
        return None
    _check_sweeps(file, cls, config, (*at, "sweeps"))
    if config.cron is not None and (fault := cron_fault(config.cron)):
        file.findings.add((*at, "cron"), fault)
    abilities = _abilities(file, cls, config, (*at, "connector")) if config.enabled else frozenset()
    return InstanceSettings(name, connector, cls, config, abilities)


def _deliver(file: ConfigFile, zone: ZoneInfo, instances: Mapping[str, InstanceSettings]) -> Destinations:
    table = file.tree.get("deliver", {})
    if not isinstance(table, dict):
        file.findings.add(("deliver",), 'is not a table; write [deliver] and below it, for example, to = ["usedesk"]')
        return Destinations()
    config = _validated(file, DeliverConfig, table, ("deliver",))
    if config is None:
        return Destinations()
    tables = file.tree.get("instances", {})
    tables = tables if isinstance(tables, dict) else {}
    connectors = {name: str(one.get("connector", "")) for name, one in tables.items() if isinstance(one, dict)}
    return destinations_of(file, config, zone, connectors, {name: one.abilities for name, one in instances.items()})


def _check_sweeps(file: ConfigFile, cls: type[Connector[Any]], config: ConnectorConfig, at: Keys) -> None:
    for name in config.sweeps if isinstance(config.sweeps, dict) else ():
        if name not in cls.sweep_names:
            hint = did_you_mean(name, cls.sweep_names) or ";"
            file.findings.add((*at, name), f"unknown sweep{hint} {cls.name} has {listed(cls.sweep_names)}")


def _abilities(file: ConfigFile, cls: type[Connector[Any]], config: ConnectorConfig, at: Keys) -> frozenset[str]:
    """Return what the instance can do; note it where that is nothing that an instance is for."""
    try:
        abilities = cls.abilities(config)
    except Exception as error:  # whatever a plugin raises keeps only that plugin out; its text may hold a credential
        file.findings.add(at, f"{cls.__name__}.abilities raised {type(error).__name__}; mend or upgrade the plugin")
        return frozenset()
    if not abilities & USES:
        message = f'"{cls.name}" has none of the abilities {listed(sorted(USES))}, only {listed(sorted(abilities))}'
        file.findings.add(at, f"{message}; take this table out, or write enabled = false")
    return abilities


def _plugins(file: ConfigFile, registry: Registry) -> tuple[tuple[object, ...], list[BaseModel]]:
    objects: list[object] = []
    configs: list[BaseModel] = []
    for name, table in _tables(file, "plugins").items():
        at: Keys = ("plugins", name)
        enabled = table.get("enabled", True)
        if not isinstance(enabled, bool):
            file.findings.add((*at, "enabled"), f"is {enabled!r}; write true or false")
        elif enabled:
            created = _plugin(file, registry, name, {key: v for key, v in table.items() if key != "enabled"})
            if created:
                objects.append(created[0])
                configs.append(created[1])
    return tuple(objects), configs


def _plugin(file: ConfigFile, registry: Registry, name: str, table: dict[str, Any]) -> tuple[object, BaseModel] | None:
    at: Keys = ("plugins", name)
    try:
        module = registry.plugin(name)
    except ConfigError as error:
        file.findings.add(at, str(error))
        return None
    config = _validated(file, module.Config, table, at)
    if config is None:
        return None
    try:
        created = module.create(config)
        check_hooks(created)
    except PluginError as error:
        file.findings.add(at, str(error))
    except Exception as error:  # whatever a plugin raises keeps only that plugin out
        file.findings.add(at, f"the plugin does not start: {type(error).__name__}; see what its README asks for")
    else:
        return created, config
    return None


def _surges(file: ConfigFile) -> SurgeSettings:
    table = file.tree.get("surges", {})
    if not isinstance(table, dict):
        file.findings.add(("surges",), "is not a table; write [surges] and below it, for example, enabled = false")
        return SurgeSettings()
    found = _validated(file, SurgeSettings, table, ("surges",)) or SurgeSettings()
    check_recipients(file, found)
    return found


def _validated(file: ConfigFile, model: type[ModelT], table: dict[str, Any], at: Keys) -> ModelT | None:
    """Return *table* as *model*; None once every finding about it is noted."""
    resolved = resolve(table, file.env, file.folder, at)
    noted = {**resolved.missing, **dict(plain_secrets(model, table, at))}
    config = None
    try:
        config = model.model_validate(resolved.tree)
    except ValidationError as error:
        for path, message in findings(error, model, resolved.tree):
            where = (*at, *path)
            # What is said already about a key, or rests on keys that are wrong, is not said again.
            known = any(where[: len(key)] == key or not path for key in noted)
            if is_unknown_key(message):
                noted.pop(where, None)
                known = False
            if not known:
                file.findings.add(where, _hidden(message, where, resolved.given, resolved.tree, path))
    except Exception as error:  # whatever a plugin's settings raise keeps only that plugin out
        file.findings.add(at, f"{model.__name__} raised {type(error).__name__}; mend or upgrade the plugin")
    for where, message in noted.items():
        file.findings.add(where, message)
    return None if noted else config


def _hidden(message: str, where: Keys, given: set[Keys], tree: Any, path: Keys) -> str:
    """Return *message* without a value that came from outside the file: it may be a secret in the wrong place."""
    if where not in given:
        return message
    for key in path:
        tree = tree[key]
    return message.replace(repr(tree), "what it stands for").replace(str(tree), "what it stands for")


def secrets_in(value: Any) -> Iterator[str]:
    """Yield every secret in settings, or in a part of them."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        yield from secrets_in(list(value.__dict__.values()))
    elif isinstance(value, Mapping):
        yield from secrets_in(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from secrets_in(item)
