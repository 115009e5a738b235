"""Settings: what is right is read, what is wrong is told all at once, with its line."""

import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any, Self
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.runtime.config import TOP_LEVEL, Settings, config_schema, load_outline, load_settings
from hub.runtime.plugins import Registry
from hub.runtime.toml_lines import Lines
from hub.runtime.values import read_dotenv
from hub.sdk import (
    ConfigError,
    Connector,
    ConnectorConfig,
    Delivery,
    DestinationMap,
    Page,
    Read,
    Record,
    Request,
    Response,
    Secret,
    Writes,
    hookimpl,
)

KEY = "k3y-of-the-acme-account"


class Login(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user: str = "hub"
    password: Secret | None = None


class AcmeConfig(ConnectorConfig):
    token: Secret = Field(description="from the account's page")
    boards: tuple[int, ...] = ()
    login: Login | None = None
    spare_keys: dict[str, Secret] = Field(default_factory=dict)


class Acme(Connector[AcmeConfig]):
    name = "acme"
    Config = AcmeConfig
    sweep_names = frozenset(("edits", "deleted"))

    @classmethod
    def looks_back(cls, config: ConnectorConfig) -> timedelta:
        return timedelta(days=40)

    def request(self, read: Read) -> Request:
        return Request("GET", "/")

    def parse(self, response: Response, read: Read) -> Page:
        return Page()

    def normalize(self, record: Record, read: Read) -> None:
        return None


class ShoutConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    loud: bool = False


class Shout:
    name = "shout"

    def __init__(self, config: ShoutConfig) -> None:
        self.config = config

    @hookimpl
    def ticket_stored(self, ticket_id: str) -> None:
        """Say nothing."""


def _module(monkeypatch: pytest.MonkeyPatch, name: str, **content: Any) -> EntryPoint:
    module = ModuleType(f"hub_config_test_{name}")
    vars(module).update(requires_sdk=">=1.0,<2", **content)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return EntryPoint(name, module.__name__, "hub")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    register = hookimpl(lambda: Acme, specname="register_connector")
    acme = _module(monkeypatch, "acme", register=register)
    shout = _module(monkeypatch, "shout", Config=ShoutConfig, create=Shout)
    return Registry([("connector", acme), ("plugin", shout)])


Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path, registry: Registry) -> Load:
    def load(text: str, env: Mapping[str, str] | None = None) -> Settings:
        path = tmp_path / "hub.toml"
        path.write_text(textwrap.dedent(text), encoding="utf-8")
        return load_settings(path, registry, {"ACME_TOKEN": KEY} if env is None else env)

    return load


@pytest.fixture
def findings(load: Load, tmp_path: Path) -> Callable[..., list[str]]:
    def findings(text: str, env: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, env)
        assert KEY not in str(caught.value)
        return str(caught.value).replace(f"{tmp_path}/", "").splitlines()

    return findings


Findings = Callable[..., list[str]]

ACME = """\
[instances.main]
connector = "acme"
token = { env = "ACME_TOKEN" }
"""


def test_settings_have_what_the_file_says(load: Load, tmp_path: Path) -> None:
    settings = load(
        """\
        timezone = "Europe/Moscow"
        lang = "ru"
        [instances.main]
        connector = "acme"
        every = "5m"
        token = { env = "ACME_TOKEN" }
        boards = [1, 2]
        """
    )
    main = settings.instances["main"]
    assert (settings.timezone, settings.lang) == (ZoneInfo("Europe/Moscow"), "ru")
    assert settings.store == f"sqlite:///{tmp_path}/hub.db"
    assert (main.name, main.connector_name, main.connector_class) == ("main", "acme", Acme)
    assert isinstance(main.config, AcmeConfig)
    assert main.config.token.get_secret_value() == KEY
    assert main.config.boards == (1, 2)
    assert main.config.every.total_seconds() == 300


def test_the_store_is_relative_to_the_folder_of_the_file(load: Load, tmp_path: Path) -> None:
    assert load('store = "sqlite:///data/x.db"').store == f"sqlite:///{tmp_path}/data/x.db"
    assert load('store = "sqlite:////var/x.db"').store == "sqlite:////var/x.db"


def test_secrets_are_known_for_redaction_and_never_shown(load: Load) -> None:
    settings = load(ACME + 'spare_keys = { old = { env = "OLD" } }', {"ACME_TOKEN": KEY, "OLD": "older-key"})
    assert settings.secrets == (KEY, "older-key")
    assert KEY not in repr(settings)
    assert "older-key" not in repr(settings)


def test_a_secret_comes_from_a_file_without_its_line_end(load: Load, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{KEY}\n", encoding="utf-8")
    settings = load(ACME.replace('env = "ACME_TOKEN"', 'file = "token"'), {})
    assert settings.secrets == (KEY,)


def test_any_value_may_come_from_outside_the_file(load: Load) -> None:
    settings = load(
        ACME + 'page_size = { env = "SIZE" }\nboards = [{ env = "BOARD" }]',
        {"ACME_TOKEN": KEY, "SIZE": "20", "BOARD": "7"},
    )
    config = settings.instances["main"].config
    assert isinstance(config, AcmeConfig)
    assert (config.page_size, config.boards) == (20, (7,))


def test_dotenv_beside_the_file_gives_what_the_environment_lacks(load: Load, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ACME_TOKEN=from-the-file\n", encoding="utf-8")
    assert load(ACME, {}).secrets == ("from-the-file",)
    assert load(ACME, {"ACME_TOKEN": "real"}).secrets == ("real",)


def test_a_line_of_dotenv_that_is_no_assignment_is_named(findings: Findings, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ACME_TOKEN=x\nnonsense\n", encoding="utf-8")
    assert findings(ACME) == [".env:2: is not NAME=value"]


def test_dotenv_knows_quotes_comments_and_export() -> None:
    text = '# c\nexport A=1\nB=\'a # b\'\nC="x\\ny\\"" # c\nD=a#b # c\n\nE=\nF = g h \nno\n'
    values, wrong = read_dotenv(text)
    assert values == {"A": "1", "B": "a # b", "C": 'x\ny"', "D": "a#b", "E": "", "F": "g h"}
    assert wrong == [9]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "hub.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ACME.replace("\n", "\r\n").encode())
    assert load_settings(path, registry, {"ACME_TOKEN": KEY}).secrets == (KEY,)


class Sink(Connector[ConnectorConfig]):
    """Takes tickets, gives none; its edition decides what else it can do."""

    name = "sink"
    Config = ConnectorConfig

    @classmethod
    def abilities(cls, config: ConnectorConfig | None = None) -> frozenset[str]:
        if config and config.account == "broken":
            raise KeyError("a-credential")
        return frozenset({"act"} if config and config.account == "acts" else {"deliver", "escalate"})

    def deliver(self, delivery: Delivery) -> Writes:
        yield Request("POST", "/")


@pytest.fixture
def sink(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    entry = _module(monkeypatch, "sink", register=hookimpl(lambda: Sink, specname="register_connector"))
    return Registry([("connector", entry)])


def _load_sink(tmp_path: Path, sink: Registry, more: str = "") -> Settings:
    path = tmp_path / "hub.toml"
    path.write_text(f"[instances.out]\nconnector = 'sink'\n{more}", encoding="utf-8")
    return load_settings(path, sink, {})


def test_an_instance_that_is_neither_read_nor_written_is_refused_with_the_abilities_it_has(
    tmp_path: Path, sink: Registry
) -> None:
    with pytest.raises(ConfigError) as caught:
        _load_sink(tmp_path, sink, "account = 'acts'")
    assert str(caught.value) == (
        f'{tmp_path}/hub.toml:2: instances.out.connector: "sink" has none of the abilities deliver, escalate, pull,'
        " only act; take this table out, or write enabled = false"
    )


def test_an_instance_that_only_takes_tickets_is_one(tmp_path: Path, sink: Registry) -> None:
    assert _load_sink(tmp_path, sink).instances["out"].abilities == {"deliver", "escalate"}


def test_an_ability_that_an_instance_lacks_is_refused_with_those_it_has(tmp_path: Path, sink: Registry) -> None:
    out = _load_sink(tmp_path, sink).instances["out"]
    out.require("escalate", "pull")
    with pytest.raises(ConfigError, match=r'^instances.out: "sink" has no ability pull, only deliver, escalate$'):
        out.require("pull")


def test_tickets_are_delivered_to_an_instance_that_can(tmp_path: Path, sink: Registry) -> None:
    assert _load_sink(tmp_path, sink, "[deliver]\nto = ['out']").deliver.to == ("out",)
    with pytest.raises(ConfigError, match=r'hub.toml:4: deliver.strat: unknown key; did you mean "start"\?'):
        _load_sink(tmp_path, sink, "[deliver]\nstrat = 2026-11-01")
    with pytest.raises(ConfigError, match=r"hub.toml:1: deliver: is not a table; write \[deliver\]"):
        (tmp_path / "hub.toml").write_text("deliver = 'out'\n[instances.out]\nconnector = 'sink'\n", encoding="utf-8")
        load_settings(tmp_path / "hub.toml", sink, {})


class Target(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    group: int


class MappedConfig(ConnectorConfig):
    map: DestinationMap[Target] = Field(default=DestinationMap(), description="groups")


@pytest.fixture
def mapped(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = type("Mapped", (Sink,), {"Config": MappedConfig})
    entry = _module(monkeypatch, "sink", register=hookimpl(lambda: made, specname="register_connector"))
    return Registry([("connector", entry)])


def test_a_map_says_what_queues_and_departments_are_called_there(tmp_path: Path, mapped: Registry) -> None:
    settings = _load_sink(tmp_path, mapped, "[instances.out.map]\nqueue.claims = { group = 12 }")
    config = settings.instances["out"].config
    assert isinstance(config, MappedConfig)
    assert config.map.queue["claims"].group == 12
    schema = config_schema(mapped)["$defs"]
    assert any("DestinationMap" in name for name in schema)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("queu.claims = { group = 1 }", 'instances.out.map.queu: unknown key; did you mean "queue"?'),
        ("queue.claims = { group = 'x' }", "instances.out.map.queue.claims.group: is 'x'; it should be a whole number"),
        ("queue.claims = { grup = 1 }", 'instances.out.map.queue.claims.grup: unknown key; did you mean "group"?'),
        ("queue.claims = 7", "instances.out.map.queue.claims: is 7; it should be a table"),
    ],
)
def test_a_wrong_map_is_told_with_line_and_key(tmp_path: Path, mapped: Registry, line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        _load_sink(tmp_path, mapped, f"[instances.out.map]\n{line}")
    assert f"hub.toml:4: {said}" in str(caught.value)


def test_a_connector_without_a_map_takes_none(tmp_path: Path, sink: Registry) -> None:
    with pytest.raises(ConfigError, match=r"hub.toml:3: instances.out.map: unknown key"):
        _load_sink(tmp_path, sink, "[instances.out.map]\nqueue.claims = 'x'")


def test_an_instance_that_is_switched_off_may_lack_any_ability(tmp_path: Path, sink: Registry) -> None:
    assert _load_sink(tmp_path, sink, "enabled = false").disabled == ("out",)


def test_abilities_that_raise_are_told_without_their_text(tmp_path: Path, sink: Registry) -> None:
    with pytest.raises(ConfigError, match=r"Sink.abilities raised KeyError; mend or upgrade the plugin$") as caught:
        _load_sink(tmp_path, sink, "account = 'broken'")
    assert "a-credential" not in str(caught.value)


# --- what is wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            'stor = "x"',
            ('hub.toml:1: stor: unknown key; did you mean "store"?'
            f" known keys: {', '.join(sorted(TOP_LEVEL))}"),
        ),
        ('store = "hub.db"', 'hub.toml:1: store: is not the address of a store; write for example "sqlite:///hub.db"'),
        ("store = 5", 'hub.toml:1: store: is not the address of a store; write for example "sqlite:///hub.db"'),
        (
            'store = "sqlite://"',
            'hub.toml:1: store: names no file to keep tickets in; write for example "sqlite:///hub.db"',
        ),
        (
            'store = "postgres://host/db"',
            'hub.toml:1: store: "postgres" cannot be used in this release; write for example "sqlite:///hub.db"',
        ),
        (
            'timezone = "europe/moskva"',
            "hub.toml:1: timezone: 'europe/moskva' is not a time zone; did you mean \"Europe/Moscow\"?",
        ),
        (
            '\ntimezone = "Europe/Moskow"',
            "hub.toml:2: timezone: 'Europe/Moskow' is not a time zone; did you mean \"Europe/Moscow\"?",
        ),
        (
            "timezone = 3",
            "hub.toml:1: timezone: 3 is not a time zone; write an IANA name such as Europe/Moscow",
        ),
        (
            'identify_every = "often"',
            ("hub.toml:1: identify_every: 'often' is not a duration; write a whole number with s, m, h or d, such as"
            ' "30s" or "5m"'),
        ),
        (
            "identify_every = 30",
            'hub.toml:1: identify_every: 30 has no unit; write a duration such as "30m", "30h" or "30d"',
        ),
        (
            "[retention]\ntickets = 1095",
            'hub.toml:2: retention.tickets: 1095 has no unit; write a duration such as "1095m", "1095h" or "1095d"',
        ),
        (
            "[replies]\nmax_age = 3",
            'hub.toml:2: replies.max_age: 3 has no unit; write a duration such as "3m", "3h" or "3d"',
        ),
        (
            "[surges]\nseries = 'platfrm'",
            "hub.toml:2: surges.series: is 'platfrm'; it should be 'platform', 'queue' or 'tag'",
        ),
        (
            f"{ACME}keep_raw = 30",
            'hub.toml:4: instances.main.keep_raw: 30 has no unit; write a duration such as "30m", "30h" or "30d"',
        ),
        (
            f"{ACME}every = true",
            ("hub.toml:4: instances.main.every: true is not a duration; write a whole number with s, m, h or d, such as"
            ' "30s" or "5m"'),
        ),
        (
            f"{ACME}[instances.main.sweeps]\nlate = 5",
            'hub.toml:5: instances.main.sweeps.late: 5 has no unit; write a duration such as "5m", "5h" or "5d"',
        ),
        ('identify_every = "0d"', "hub.toml:1: identify_every: is '0d'; write a span of time such as \"30d\""),
        ('lang = "de"', "hub.toml:1: lang: 'de' is not a language that the hub speaks; write \"ru\" or \"en\""),
        ("instances = 3", "hub.toml:1: instances: is not a table; write [instances.NAME] and its settings below"),
        (
            'instances.main = "acme"',
            "hub.toml:1: instances.main: is not a table; write [instances.main] and its settings below",
        ),
        (
            "[instances.main]\nevery = '1m'",
            'hub.toml:1: instances.main: required key "connector" is missing or no text; installed: acme',
        ),
        (
            "[instances.main]\nconnector = 'acmee'",
            ('hub.toml:2: instances.main.connector: no connector "acmee" is installed;'
            ' did you mean "acme"? installed: acme'),
        ),
        (
            "[instances.main]\nconnector = 'zzz'",
            'hub.toml:2: instances.main.connector: no connector "zzz" is installed; installed: acme',
        ),
        (
            "[instances.main]\nconnector = 'acme'",
            ("hub.toml:1: instances.main.token: required key is missing (from the account's page);"
            ' write { env = "NAME" } or { file = "/path" }'),
        ),
        (
            f"{ACME}every = '5x'",
            ("hub.toml:4: instances.main.every: '5x' is not a duration; write a whole number with s, m, h or d, such as"
            ' "30s" or "5m"'),
        ),
        (
            f"{ACME}cron = '61 * * * *'",
            ('hub.toml:4: instances.main.cron: "61 * * * *" is no cron expression (Bad minute); write minute, hour, day'
            ' of the month, month and weekday, such as "*/5 9-18 * * 1-5"'),
        ),
        (f"{ACME}rate = 5", 'hub.toml:4: instances.main.rate: is 5; write for example "10/10s" or "off"'),
        (f"{ACME}sweeps = 'x'", "hub.toml:4: instances.main.sweeps: is 'x'; it should be 'off' or be a table"),
        (
            f"{ACME}[instances.main.sweeps]\nlate = '5q'",
            ("hub.toml:5: instances.main.sweeps.late: '5q' is not a duration; write a whole number with s, m, h or d,"
            ' such as "30s" or "5m"'),
        ),
        (
            f"{ACME}sweeps = {{ edits = '1h', editz = 'off' }}",
            ('hub.toml:4: instances.main.sweeps.editz: unknown sweep; did you mean "edits"?'
            " acme has deleted, edits"),
        ),
        (f"{ACME}page_size = 0", "hub.toml:4: instances.main.page_size: is 0; it should be greater than or equal to 1"),
        (f"{ACME}boards = [1,\n  'x']", "hub.toml:5: instances.main.boards[1]: is 'x'; it should be a whole number"),
        (
            f"{ACME}start = 'soon'",
            ("hub.toml:4: instances.main.start: is 'soon'; it should be a day or time such as 2026-11-01 or"
            " 2026-11-01T10:00:00Z"),
        ),
        (
            f"{ACME}login = {{ usr = 'x' }}",
            'hub.toml:4: instances.main.login.usr: unknown key; did you mean "user"? known keys: password, user',
        ),
        (
            "[plugins.shou]",
            ('hub.toml:1: plugins.shou: no plugin "shou" is installed; did you mean "shout"?'
            " installed: shout"),
        ),
        (
            "[plugins.shout]\nloud = 'very'",
            "hub.toml:2: plugins.shout.loud: is 'very'; it should be true or false",
        ),
        ("[plugins.shout]\nenabled = 1", "hub.toml:2: plugins.shout.enabled: is 1; write true or false"),
    ],
)  # fmt: skip
def test_a_finding_names_line_key_and_what_to_write(findings: Findings, text: str, expected: str) -> None:
    assert findings(text) == [expected]


def test_an_instance_name_with_other_letters_is_refused(findings: Findings) -> None:
    assert findings(ACME.replace("main", '"Main One"')) == [
        'hub.toml:1: instances."Main One": names are made of a-z, 0-9, - and _'
    ]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'token = "{KEY}"', "token"),
        (f'token = {{ env = "ACME_TOKEN" }}\nlogin = {{ password = "{KEY}" }}', "login.password"),
        (f'token = {{ env = "ACME_TOKEN" }}\nspare_keys = {{ old = "{KEY}" }}', "spare_keys.old"),
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(findings: Findings, text: str, key: str) -> None:
    (finding,) = findings(f'[instances.main]\nconnector = "acme"\n{text}')
    assert f"instances.main.{key}: a secret does not stand in this file; put it into the environment" in finding


def test_a_misspelt_reference_to_a_secret_is_refused_and_not_repeated(findings: Findings) -> None:
    (finding,) = findings(f'[instances.main]\nconnector = "acme"\ntoken = {{ evn = "{KEY}" }}')
    assert finding.startswith("hub.toml:3: instances.main.token: is no reference to a secret; did you mean")


def test_a_value_from_outside_that_does_not_fit_is_not_shown(findings: Findings) -> None:
    wrong_place = ACME + 'every = { env = "ACME_TOKEN" }\npage_size = { env = "ACME_TOKEN" }'
    every, size = findings(wrong_place)
    assert every.startswith("hub.toml:4: instances.main.every: what it stands for is not a duration")
    assert size == "hub.toml:5: instances.main.page_size: is what it stands for; it should be a whole number"


@pytest.mark.parametrize(
    ("env", "seen"),
    [({}, "is not set; export it or put it into .env"), ({"ACME_TOKEN": " "}, "is empty; give it a value")],
)
def test_a_missing_variable_is_named_with_its_use(findings: Findings, env: dict[str, str], seen: str) -> None:
    assert findings(ACME, env) == [f"hub.toml:3: instances.main.token: the environment variable ACME_TOKEN {seen}"]


@pytest.mark.parametrize(
    ("content", "seen"),
    [(None, "cannot be read (No such file or directory)"), (b"\n", "is empty"), (b"\xff\xfe", "is not UTF-8 text")],
)
def test_a_file_that_holds_no_secret_is_named(
    findings: Findings, tmp_path: Path, content: bytes | None, seen: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    (finding,) = findings(ACME.replace('env = "ACME_TOKEN"', 'file = "token"'))
    assert finding.startswith("hub.toml:3: instances.main.token: the file ")
    assert seen in finding


def test_an_unknown_key_is_told_even_where_its_variable_is_missing(findings: Findings) -> None:
    unknown, missing = findings('[instances.main]\nconnector = "acme"\ntokn = { env = "NO" }')[::-1]
    assert unknown.startswith('hub.toml:3: instances.main.tokn: unknown key; did you mean "token"? known keys: account')
    assert missing.startswith("hub.toml:1: instances.main.token: required key is missing")


def test_all_findings_come_at_once_in_the_order_of_the_file(findings: Findings) -> None:
    found = findings('lan = "ru"\n[instances.a]\nconnector = "acm"\n[instances.b]\nconnector = "acme"\nevery = "x"')
    assert [line.split(": ")[0] for line in found] == ["hub.toml:1", "hub.toml:3", "hub.toml:4", "hub.toml:6"]


def test_broken_toml_is_told_with_line_and_column(findings: Findings) -> None:
    assert findings("a = 1\nb = = 2") == ["hub.toml:2:5: this is not TOML: Invalid value"]
    assert findings("a = [1,") == ["hub.toml: this is not TOML: Invalid value (at end of document)"]


@pytest.mark.parametrize(
    ("prepare", "seen"),
    [
        (lambda path: None, 'there is no such file; "hub init" writes one, --config names another'),
        (lambda path: path.mkdir(), "is a folder; name the file in it"),
        (lambda path: path.write_bytes("store = 'ё'".encode("cp1251")), "byte 9 is not UTF-8; save the file as UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, registry: Registry, prepare: Callable[[Path], object], seen: str
) -> None:
    path = tmp_path / "hub.toml"
    prepare(path)
    with pytest.raises(ConfigError, match=f"^{path}: ") as caught:
        load_settings(path, registry, {})
    assert seen in str(caught.value)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        (f"x = {'[' * 5000}{']' * 5000}", "deeper than 50 times"),
        (f"x = {'{ a = ' * 3000}1{' }' * 3000}", "deeper than 50 times"),
        (f"x = {'[' * 60}{']' * 60}", "deeper than 50 times"),
        (f"x = {'9' * 5000}", "is larger than 64 bits"),
        (f"{ACME}every = 0x{'f' * 5000}", "is larger than 64 bits"),
    ],
)
def test_what_no_settings_are_made_of_is_told_with_the_file(findings: Findings, text: str, seen: str) -> None:
    (told,) = findings(text)
    assert told.startswith("hub.toml: ")
    assert seen in told


def test_settings_of_a_plugin_that_raise_are_told_without_their_text(
    findings: Findings, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Torn(AcmeConfig):
        @model_validator(mode="after")
        def torn(self) -> Self:
            raise KeyError(KEY)

    monkeypatch.setattr(Acme, "Config", Torn)
    assert findings(ACME) == ["hub.toml:1: instances.main: Torn raised KeyError; mend or upgrade the plugin"]


# --- what is switched off, picked, outlined -------------------------------------------------------------------------


def test_an_instance_that_is_switched_off_needs_neither_plugin_nor_credentials(load: Load) -> None:
    settings = load('[instances.old]\nconnector = "gone"\nenabled = false\ntoken = { env = "NO" }\n' + ACME)
    assert (list(settings.instances), settings.disabled) == (["main"], ("old",))


def test_an_instance_may_be_switched_off_from_outside(load: Load) -> None:
    settings = load(ACME + 'enabled = { env = "ON" }', {"ACME_TOKEN": KEY, "ON": "false"})
    assert (dict(settings.instances), settings.disabled) == ({}, ("main",))


def test_pick_returns_the_named_instances_or_all(load: Load) -> None:
    settings = load(ACME + ACME.replace("main", "other") + '[instances.off]\nenabled = false\nconnector = "acme"')
    assert [one.name for one in settings.pick(())] == ["main", "other"]
    assert [one.name for one in settings.pick(("other",))] == ["other"]
    with pytest.raises(ConfigError, match='there is no instance "man"; did you mean "main"'):
        settings.pick(("man",))
    with pytest.raises(ConfigError, match='"off" is switched off; take out "enabled = false"'):
        settings.pick(("off",))


def test_cross_cutting_plugins_are_created_with_their_settings(load: Load) -> None:
    (shout,) = load("[plugins.shout]\nloud = true").plugins
    assert isinstance(shout, Shout)
    assert shout.config.loud
    assert load("[plugins.shout]\nenabled = false").plugins == ()
    assert load("").plugins == ()


def test_a_plugin_that_does_not_start_is_told_without_its_words(
    load: Load, registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def create(config: object) -> object:
        raise RuntimeError(f"cannot use {KEY}")

    entry = _module(monkeypatch, "sulk", Config=ShoutConfig, create=create)
    path = tmp_path / "hub.toml"
    path.write_text("[plugins.sulk]", encoding="utf-8")
    with pytest.raises(
        ConfigError, match=r"hub\.toml:1: plugins\.sulk: the plugin does not start: RuntimeError"
    ) as caught:
        load_settings(path, Registry([("plugin", entry)]), {})
    assert KEY not in str(caught.value)


def test_the_outline_needs_no_credentials_and_imports_nothing(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(ACME + '[instances.x]\nconnector = "not-installed"', encoding="utf-8")
    outline = load_outline(path, {})
    assert dict(outline.connectors) == {"main": "acme", "x": "not-installed"}
    assert outline.store == f"sqlite:///{tmp_path}/hub.db"


@pytest.mark.parametrize(("text", "rules"), [('rules = "my/rules"', "my/rules"), ('rules = "off"', None), ("", None)])
def test_the_outline_names_the_folder_of_rules(tmp_path: Path, text: str, rules: str | None) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    assert load_outline(path, {}).rules == (tmp_path / rules if rules else None)


def test_rules_that_are_no_folder_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text("rules = 1", encoding="utf-8")
    with pytest.raises(ConfigError, match=r'hub\.toml:1: rules: is not a folder; write for example "rules", or "off"'):
        load_outline(path, {})


def test_only_the_plugin_of_a_configured_connector_is_imported(load: Load, registry: Registry) -> None:
    broken = Registry([("connector", EntryPoint("never", "hub_that_is_not_there", "hub"))])
    assert broken.names() == ["never"]
    assert list(load(ACME).instances) == ["main"]


# --- schema ---------------------------------------------------------------------------------------------------------


def test_the_schema_knows_every_connector_and_lets_any_value_come_from_outside(registry: Registry) -> None:
    schema = config_schema(registry)
    acme = schema["$defs"]["acme"]
    assert schema["properties"]["instances"]["additionalProperties"] == {"anyOf": [{"$ref": "#/$defs/acme"}]}
    assert schema["properties"]["plugins"]["properties"] == {"shout": {"$ref": "#/$defs/plugin.shout"}}
    assert acme["properties"]["connector"] == {"const": "acme"}
    assert acme["additionalProperties"] is False
    assert "token" in acme["required"]
    assert {"$ref": "#/$defs/reference"} in acme["properties"]["page_size"]["anyOf"]
    assert set(_references(schema)) <= {f"#/$defs/{name}" for name in schema["$defs"]}


def test_a_connector_that_cannot_be_used_is_left_out_of_the_schema() -> None:
    schema = config_schema(Registry([("connector", EntryPoint("never", "hub_that_is_not_there", "hub"))]))
    assert schema["properties"]["instances"]["additionalProperties"] == {"anyOf": [{"type": "object"}]}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


# --- lines ----------------------------------------------------------------------------------------------------------

HARD = '''\
# a comment with [brackets] = and "quotes"
top = "a \\" # not a comment ] }"
multi = """
[not.a.table]
key = 1 \\""" still """""
lit = \'\'\'
x = 1
\'\'\'
dotted.key."with dots.inside" = 1
when = 2026-11-01 10:00:00
[a.b]     # comment
c = [ # one
  1,
  [2,
   3], { d = "x", e.f = 4 },
]
inline = { g = { h = [ "}", ']' ] }, "i j" = true }
[[list]]
k = 1
[[list]]
k = 2
[list.sub]
m = 3
[[list.many]]
n = 4
[[list.many]]
n = 5
[ "quoted table" . x ]
y = -1.5e3
'''


def _paths(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    items: Sequence[Any] = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, item in items:
        yield (*at, key)
        if isinstance(item, dict | list):
            yield from _paths(item, (*at, key))


def test_every_key_of_a_hard_file_is_found_on_its_line() -> None:
    lines = Lines(HARD)
    text = HARD.splitlines()
    for path in _paths(tomllib.loads(HARD)):
        line = lines.of(path)
        assert line is not None, path
        last = next(key for key in reversed(path) if isinstance(key, str))
        assert last in text[line - 1] or isinstance(path[-1], int), path
    assert lines.of(("dotted", "key", "with dots.inside")) == 9
    assert lines.of(("a", "b", "c", 1, 1)) == 15
    assert lines.of(("a", "b", "c", 2, "e", "f")) == 15
    assert lines.of(("list", 1, "k")) == 21
    assert lines.of(("list", 1, "many", 1, "n")) == 27
    assert lines.of(("quoted table", "x", "y")) == 29


def test_a_key_that_is_not_there_has_the_line_of_its_table() -> None:
    lines = Lines(HARD)
    assert lines.of(("a", "b", "missing")) == 11
    assert lines.of(("nowhere",)) is None


TWO = """
[instances.main]
connector = "acme"
token = { env = "ACME_TOKEN" }
[instances.other]
connector = "acme"
token = { env = "NOT_SET" }
"""


def test_a_wrong_cron_stops_only_its_instance(tmp_path: Path, registry: Registry) -> None:
    path = tmp_path / "hub.toml"
    other = ACME.replace("instances.main", "instances.odd")
    path.write_text(f"{ACME}cron = '*/5 * * * *'\n{other}cron = '0 0 31 2 *'\n", encoding="utf-8")
    settings = load_settings(path, registry, {"ACME_TOKEN": KEY}, apart=True)
    assert (list(settings.instances), list(settings.broken)) == (["main"], ["odd"])
    assert 'instances.odd.cron: "0 0 31 2 *" is no cron expression' in settings.broken["odd"]


def test_an_instance_with_wrong_settings_is_kept_apart_where_that_is_asked_for(
    tmp_path: Path, registry: Registry
) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(TWO, encoding="utf-8")
    settings = load_settings(path, registry, {"ACME_TOKEN": KEY}, apart=True)
    assert list(settings.instances) == ["main"]
    assert [one.name for one in settings.pick([])] == ["main"]
    assert settings.broken == {
        "other": f"{path}:7: instances.other.token: the environment variable NOT_SET is not set;"
        " export it or put it into .env"
    }
    with pytest.raises(ConfigError, match="NOT_SET is not set"):
        settings.pick(["other"])
    with pytest.raises(ConfigError, match='did you mean "other"'):
        settings.pick(["othr"])


@pytest.mark.parametrize("top", ["stor = 1", 'store = "sqlite://"', "[plugins.shout]\nlout = true"])
def test_what_concerns_every_instance_stops_them_all(tmp_path: Path, registry: Registry, top: str) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(f"{top}\n{TWO}", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_settings(path, registry, {"ACME_TOKEN": KEY}, apart=True)
    assert "NOT_SET" not in str(caught.value)


@pytest.mark.parametrize("days", [30, 40])
def test_tickets_are_kept_for_longer_than_sweeps_look_back(load: Load, days: int) -> None:
    with pytest.raises(ConfigError) as told:
        load(f"{ACME}[retention]\ntickets = '{days}d'")
    assert str(told.value).endswith(
        'hub.toml:5: retention.tickets: is so short that the sweeps of "main" still send what was removed,'
        ' they look back 40 days; write at least "41d", or shorten their window'
    )


@pytest.mark.parametrize("text", ["[retention]\ntickets = '41d'", "sweeps = 'off'\n[retention]\ntickets = '30d'"])
def test_tickets_may_go_that_no_sweep_still_sends(load: Load, text: str) -> None:
    assert load(ACME + text).keep_tickets is not None
