"""OAuth 2 with refresh tokens, as a value: how to ask for an access token and how to read the answer. No I/O.

The runtime asks for a new access token before the old one ends and when it is refused, keeps the newest refresh token
in a locked file (vendors rotate it: each one works once), and takes every token out of what it lets through.
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import SecretStr

from hub.sdk.auth import Auth, Bearer, Outgoing
from hub.sdk.errors import AuthError, SourceError
from hub.sdk.messages import Request, Response


@dataclass(frozen=True, slots=True)
class Grant:
    """Tokens that a vendor gave.

    Args:
        access_token: proves who we are until it ends.
        refresh_token: gives the next one; None: the one that was spent works again.
        expires_in_s: how long the access token lasts, seconds; None: not said.
    """

    access_token: SecretStr
    refresh_token: SecretStr | None = None
    expires_in_s: float | None = None


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Access tokens that are had for a refresh token (RFC 6749, section 6). Override a method for other habits.

    Args:
        token_url: where to ask; a path is below the instance's base URL.
        client_id: the app's.
        client_secret: the app's.
        refresh_token: the one to begin with; what came after it is kept by the runtime. Setting another one begins
            anew.
        extra: what else the vendor wants in the body, such as ``redirect_uri`` or ``scope``.
        body: the body's kind.
        client: where the app's id and secret go.
        place: how an access token is put into a request; ``Bearer`` unless given.
    """

    token_url: str
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    extra: Mapping[str, str] = field(default_factory=dict)
    body: Literal["form", "json"] = "form"
    client: Literal["body", "basic"] = "body"
    place: Callable[[SecretStr], Auth] = Bearer

    def apply(self, outgoing: Outgoing, base_url: str) -> Outgoing:
        """Return *outgoing* as it is: the runtime applies ``place(access_token)``, which this value does not have."""
        return outgoing

    def secrets(self) -> tuple[str, ...]:
        return (self.client_secret.get_secret_value(), self.refresh_token.get_secret_value())

    def refresh(self, refresh_token: SecretStr) -> Request:
        """Return the request that spends *refresh_token*. It carries secrets: nothing but the runtime may see it."""
        fields = {"grant_type": "refresh_token", "refresh_token": refresh_token.get_secret_value(), **self.extra}
        headers = {}
        secret = self.client_secret.get_secret_value()
        if self.client == "basic":
            headers["authorization"] = f"Basic {base64.b64encode(f'{self.client_id}:{secret}'.encode()).decode()}"
        else:
            fields |= {"client_id": self.client_id, "client_secret": secret}
        if self.body == "json":
            return Request("POST", self.token_url, json=fields, headers=headers)
        return Request("POST", self.token_url, form=fields, headers=headers)

    def refused(self, response: Response) -> bool:
        """Whether *response* says that the access token is no longer good: another one is had, and the request is sent
        once more."""
        return response.status == 401

    def read(self, response: Response) -> Grant:
        """Return the tokens in *response*, whose status is below 500 and none of those that ask to wait.

        Raises:
            AuthError: the vendor refuses; a person has to authorise the app anew.
            SourceError: there is no access token in a good answer.
        """
        if response.status >= 400:
            raise AuthError(f"{response.status} from {self.token_url}: the refresh token is refused{_why(response)}")
        body = response.json()
        if not isinstance(body, dict) or not isinstance(body.get("access_token"), str):
            raise SourceError(f"{self.token_url}: no access_token in the answer", retry=True)
        refresh, expires = body.get("refresh_token"), body.get("expires_in")
        return Grant(
            SecretStr(body["access_token"]),
            SecretStr(refresh) if isinstance(refresh, str) and refresh else None,
            float(expires) if isinstance(expires, int | float) else None,
        )


def _why(response: Response) -> str:
    """Return the vendor's own word for a refusal, where it is one word: a longer text may repeat the token."""
    try:
        body: Any = response.json()
    except SourceError:
        return ""
    word = body.get("error") if isinstance(body, dict) else None
    return f" ({word})" if isinstance(word, str) and word.replace("_", "").isalnum() and len(word) <= 40 else ""
