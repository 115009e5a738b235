"""The folder that the demo works in: settings for sandboxes, rules, templates of answers, and a store of its own."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from hub.cli.init import write
from hub.cli.starter import literal, variable
from hub.routing.rules import PACK
from hub.runtime.plugins import Registry
from hub.sandbox import Running
from hub.sdk import ConfigError

MARK = '# Written by "hub demo", which begins this folder anew each time.'
RATE = "100/1s"
"""What the demo's vendors allow, so that nobody waits; the real ones allow less."""

HELPDESK, CRM, MAPS, MENTIONS = "usedesk", "bitrix24", "pointer", "youscan"
"""Who plays which part, where it is installed."""

TOMORROW = "rules-tomorrow"
"""A folder of rules with one more than those in force."""

_STORE = ("hub.db", "hub.db-wal", "hub.db-shm")
_PARTS: Mapping[str, str] = {
    HELPDESK: 'timeout = "2s"\nmap = { queue = { helpdesk = { group = 12 }, maps = { group = 13 } } }',
    CRM: "map = { department = { claims = { group = 31, responsible = 9 } } }",
    MENTIONS: "page_size = 25",
    MAPS: "page_size = 25",
}
_BEFORE = """\
# What the demo decides beside the built-in rules, which are copied into this folder for you to edit.
builtin: false    # the copies beside this file stand in the place of the built-in rules

rules:
  - name: praise-is-thanked
    when: {kind: [review], category: [praise], rating: {at_least: 5}}
    then: {reply: {template: praise, mode: auto}}    # hub.toml allows it to answer by itself
    examples: {match: [{text: "Всё понравилось, спасибо большое!", kind: review, rating: 5}], no_match: ["Спасибо"]}
  - name: praise-needs-no-operator
    when: {category: [praise]}
    then: {deliver: none}
    examples: {match: ["Огромное спасибо за помощь"], no_match: ["Не работает банкомат"]}
"""
_AFTER = """\
rules:
  - name: chat-stays-with-the-bot
    when: {queue: [chat]}
    then: {deliver: none}
    examples:
      match: [{text: "Как закрыть вклад?", platform: t.me}]
      no_match: [{text: "Как закрыть вклад?", platform: banki.ru}]
"""
_ONE_MORE = """\
rules:
  - name: two-stars-are-urgent
    when: {kind: [review], rating: {at_most: 2}}
    then: {at_least: 80, tags: [sharp]}
    examples:
      match: [{text: "Долго ждали", kind: review, rating: 2}]
      no_match: [{text: "Долго ждали", kind: review, rating: 4}]
"""
_TEMPLATES = """\
greetings:
  ru: ["Здравствуйте, {name}!", "{name}, добрый день!", "Здравствуйте!"]
  en: ["Hello {name},", "Hello,"]
templates:
  praise:
    ru:
      - "{greeting} Спасибо за отзыв о «{place}»! Передадим ваши слова команде, ей будет приятно."
      - "{greeting} Рады, что вам понравилось в «{place}». Приходите ещё!"
      - "{greeting} Благодарим за тёплые слова и за пять звёзд!"
      - "{greeting} Спасибо, что нашли время написать. Будем стараться дальше."
    en:
      - "{greeting} thank you for your kind words about {place}!"
      - "{greeting} thank you, we are glad that you liked it."
"""


def _not_ours(folder: Path, config: Path) -> Path | None:
    """Return a file that the demo would write over and that none has written, if there is one."""
    if config.exists():
        ours = config.read_text(encoding="utf-8", errors="replace").startswith(MARK)
        return None if ours else config
    return next((path for name in (*_STORE, ".env") if (path := folder / name).exists()), None)


def prepare(folder: Path, registry: Registry, sandbox: Running, lang: str) -> Path:
    """Write settings for the vendors of *sandbox* into *folder*; return the file's path. Rules that are there stay.

    Args:
        lang: what the commands speak there, and what is written at vendors that take it.

    Raises:
        ConfigError: somebody else's settings, store or variables are there, or the folder cannot be written.
    """
    config = folder / "hub.toml"
    if (strange := _not_ours(folder, config)) is not None:
        raise ConfigError(
            f"{strange} was not written by a demo and was left as it is; name another folder: hub demo DIR"
        )
    for name in _STORE:
        (folder / name).unlink(missing_ok=True)
    variables: list[str] = []
    tables = [MARK, *_head(sandbox, lang), *(_table(name, registry, sandbox, variables, lang) for name in sandbox.urls)]
    files = {"hub.toml": "\n".join([*tables, ""]), ".env": "\n".join([*variables, ""])}
    files |= {"replies/demo.yaml": _TEMPLATES, **dict(_rules(TOMORROW)), f"{TOMORROW}/91-one-more.yaml": _ONE_MORE}
    write(folder, files if (folder / "rules").exists() else {**files, **dict(_rules("rules"))})
    return config


def _head(sandbox: Running, lang: str) -> Iterator[str]:
    yield from ('store = "sqlite:///hub.db"', 'rules = "rules"', 'timezone = "Europe/Moscow"', 'listen = "off"')
    yield from (f"lang = {literal(lang)}", "")
    if HELPDESK in sandbox.urls:
        yield f'[deliver]\nto = ["{HELPDESK}"]\n'
    yield '[replies]\ntemplates = "replies"\nauto = ["praise-is-thanked"]\n'


def _rules(folder: str) -> Iterator[tuple[str, str]]:
    yield f"{folder}/65-demo.yaml", _BEFORE
    yield f"{folder}/90-demo.yaml", _AFTER
    yield from ((f"{folder}/{path.name}", path.read_text(encoding="utf-8")) for path in sorted(PACK.glob("*.yaml")))


def _table(name: str, registry: Registry, sandbox: Running, variables: list[str], lang: str) -> str:
    """Return the table of an instance; the *variables* that hold its secrets are added to the others."""
    settings, url = sandbox.settings[name], sandbox.urls[name]
    fields = registry.connector(settings["connector"]).Config.model_fields
    known = {*settings, "base_url"}
    secrets = {key: "{key}" for key, field in fields.items() if field.is_required() and key not in known}
    secrets |= {key: value for key, value in settings.items() if "{key}" in value}
    lines = [f"[instances.{name}]", f"base_url = {literal(url)}", f"rate = {literal(RATE)}"]
    lines += [f"lang = {literal(lang)}"] if "lang" in fields and "lang" not in settings else []
    lines += [
        f"{key} = {literal(value.replace('{url}', url))}" for key, value in settings.items() if key not in secrets
    ]
    for key, form in secrets.items():
        # A name of its own: a real key in the environment must not be sent to a sandbox.
        lines.append(f'{key} = {{ env = "DEMO_{variable(name, key)}" }}')
        variables.append(f"DEMO_{variable(name, key)}={form.format(url=url, key=sandbox.keys[name])}")
    return "\n".join([*lines, _PARTS.get(name, ""), ""])
