"""``hub check`` on secrets too short to be kept out of logs, or not without spoiling other words."""

from collections.abc import Iterator, Sequence

from hub.runtime.check import Finding
from hub.runtime.config import InstanceSettings, Settings, secrets_in
from hub.runtime.logs import SHORTEST
from hub.sdk.findings import key_of

ENOUGH = 8
"""Characters of a secret that no word of a text is by chance."""


def short_secrets(settings: Settings, names: Sequence[str] = ()) -> list[Finding]:
    """Return a finding for every secret of the instances *names* (all: empty) that is that short."""
    return [finding for instance in settings.pick(names) for finding in _findings(instance)]


def _findings(instance: InstanceSettings) -> Iterator[Finding]:
    for name, field in instance.connector_class.Config.model_fields.items():
        for secret in secrets_in(getattr(instance.config, name)):
            if 0 < len(secret) < ENOUGH:
                so = "without spoiling other words" if len(secret) >= SHORTEST else "at all"
                said = f"`{key_of(name, field)}` has only {len(secret)} characters: it cannot be kept out of logs {so}"
                yield Finding(instance.name, ok=True, message=said, todo="use a longer secret", warns=True)
