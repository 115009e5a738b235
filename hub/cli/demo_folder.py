"""The folder that the demo works in: settings for sandboxes, and a store of its own."""

from collections.abc import Mapping
from pathlib import Path

from hub.cli.init import write
from hub.cli.starter import variable
from hub.runtime.plugins import Registry
from hub.sdk import ConfigError

MARK = '# Written by "hub demo", which begins this folder anew each time.'
RATE = "100/1s"
"""What the demo's vendors allow, so that nobody waits; the real ones allow less."""

_STORE = ("hub.db", "hub.db-wal", "hub.db-shm")


def prepare(folder: Path, registry: Registry, urls: Mapping[str, str], keys: Mapping[str, str]) -> Path:
    """Write settings for the sandboxes at *urls* into *folder*; return the file's path.

    Raises:
        ConfigError: somebody else's settings are there, or the folder cannot be written.
    """
    config = folder / "hub.toml"
    if config.exists() and not config.read_text(encoding="utf-8", errors="replace").startswith(MARK):
        raise ConfigError(
            f"{config} was not written by a demo and was left as it is; name another folder: hub demo DIR"
        )
    for name in _STORE:
        (folder / name).unlink(missing_ok=True)
    tables = [MARK, 'store = "sqlite:///hub.db"', 'timezone = "Europe/Moscow"', ""]
    variables = []
    for name, url in urls.items():
        tables += [f"[instances.{name}]", f'connector = "{name}"', f'base_url = "{url}"', f'rate = "{RATE}"']
        for key, field in registry.connector(name).Config.model_fields.items():
            if field.is_required() and key != "connector":
                # A name of its own: a real key in the environment must not be sent to a sandbox.
                tables.append(f'{key} = {{ env = "DEMO_{variable(name, key)}" }}')
                variables.append(f"DEMO_{variable(name, key)}={keys[name]}")
        tables.append("")
    write(folder, {"hub.toml": "\n".join(tables), ".env": "\n".join([*variables, ""])})
    return config
