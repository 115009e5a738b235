"""Settings of one receiver."""

from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from hub.sdk import ConnectorConfig, DestinationMap, Secret
from hub_webhook.signing import key_of

_PORTS = {"http": 80, "https": 443}


class WebhookConfig(ConnectorConfig):
    """Where events go, and what they are signed with."""

    base_url: str = Field(pattern=r"^https?://", description="the address that takes the events, as it is")
    secret: Secret = Field(description="what events are signed with; after `whsec_` it is base64, else taken as it is")
    old_secret: Secret | None = Field(
        default=None, description="the secret before: events are signed with both until the receiver has the new one"
    )
    token: Secret | None = Field(
        default=None, description="also sent as `Authorization: Bearer`, for a gateway in front of the receiver"
    )
    changes_url: str | None = Field(
        default=None,
        pattern=r"^https?://",
        description="where changes of cases are read from, on the host of `base_url`; nothing is read unless given",
    )
    map: DestinationMap[str] = Field(
        default_factory=DestinationMap[str], description="the receiver's own group by queue or department"
    )

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        for name, secret in (("secret", self.secret), ("old_secret", self.old_secret)):
            if secret is not None:
                try:
                    key_of(secret)
                except ValueError as error:
                    raise ValueError(f"{name}: {error}") from None
        return self

    @model_validator(mode="after")
    def _is_one_host(self) -> Self:
        if self.changes_url and _origin(self.changes_url) != _origin(self.base_url):
            raise ValueError(
                "changes_url is on another host than base_url, and credentials go to one host alone; give the receiver"
                " one address for both"
            )
        return self


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
