"""The folder that the demo works in: settings for sandboxes, and a store of its own."""

from pathlib import Path

from hub.cli.init import write
from hub.cli.starter import literal, variable
from hub.runtime.plugins import Registry
from hub.sandbox import Running
from hub.sdk import ConfigError

MARK = '# Written by "hub demo", which begins this folder anew each time.'
RATE = "100/1s"
"""What the demo's vendors allow, so that nobody waits; the real ones allow less."""

_RULES = """\
# Rules of your own go here; behind them the built-in ones decide. Try one, then: hub rules check, hub rules backtest.
rules: []
"""
_STORE = ("hub.db", "hub.db-wal", "hub.db-shm")


def _not_ours(folder: Path, config: Path) -> Path | None:
    """Return a file that the demo would write over and that none has written, if there is one."""
    if config.exists():
        ours = config.read_text(encoding="utf-8", errors="replace").startswith(MARK)
        return None if ours else config
    return next((path for name in (*_STORE, ".env") if (path := folder / name).exists()), None)


def prepare(folder: Path, registry: Registry, sandbox: Running) -> Path:
    """Write settings for the vendors of *sandbox* into *folder*; return the file's path.

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
    tables = [MARK, 'store = "sqlite:///hub.db"', 'rules = "rules"', 'timezone = "Europe/Moscow"', ""]
    variables = []
    for name, url in sandbox.urls.items():
        settings = sandbox.settings[name]
        tables += [f"[instances.{name}]", f"base_url = {literal(url)}", f"rate = {literal(RATE)}"]
        fields = registry.connector(settings["connector"]).Config.model_fields
        secrets = {key: "{key}" for key, field in fields.items() if field.is_required() and key not in settings}
        secrets |= {key: value for key, value in settings.items() if "{key}" in value}
        tables += [
            f"{key} = {literal(value.replace('{url}', url))}" for key, value in settings.items() if key not in secrets
        ]
        for key, form in secrets.items():
            # A name of its own: a real key in the environment must not be sent to a sandbox.
            tables.append(f'{key} = {{ env = "DEMO_{variable(name, key)}" }}')
            variables.append(f"DEMO_{variable(name, key)}={form.format(url=url, key=sandbox.keys[name])}")
        tables.append("")
    files = {"hub.toml": "\n".join(tables), ".env": "\n".join([*variables, ""])}
    write(folder, files if (folder / "rules").exists() else {**files, "rules/own.yaml": _RULES})
    return config
