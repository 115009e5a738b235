"""Who calls: API tokens, personal access tokens, OAuth 2.0 with rotating refresh tokens (sheet, section 2)."""

from __future__ import annotations

import base64
import binascii
import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from starlette.requests import Request

from .model import CLOUD, User
from .people import HUB, KEY, READER, READER_KEY
from .world import JiraWorld

CLOUD_ID = "0b0d6c1e-0000-4000-8000-00000000c10d"
CLIENT_ID, CLIENT_SECRET = "sandbox-jira-client", "sandbox-jira-client-secret"
FIRST_REFRESH = "sandbox-jira-refresh-0"
GATEWAY = f"/ex/jira/{CLOUD_ID}"
TOKEN_PATH, SITES_PATH = "/oauth/token", "/oauth/token/accessible-resources"
SCOPES = ("read:jira-work", "write:jira-work", "read:jira-user", "offline_access")
ACCESS_S = 3600.0
USERS_OF = {KEY: HUB, READER_KEY: READER}


@dataclass
class Grants:
    """What the token endpoint gave: each refresh token works once, each access token for an hour."""

    scopes: tuple[str, ...] = SCOPES
    refresh: str = FIRST_REFRESH
    access: dict[str, datetime] = field(default_factory=dict)
    refreshed: int = 0
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def rotate(self, token: str, now: datetime) -> tuple[str, str] | None:
        """Return a new access and a new refresh token; None where *token* is not the newest one."""
        if token != self.refresh:
            return None
        number = next(self._numbers)
        access, self.refresh = f"sandbox-jira-access-{number}", f"sandbox-jira-refresh-{number}"
        self.access[access] = now + timedelta(seconds=ACCESS_S)
        self.refreshed += 1
        return access, self.refresh


class Access:
    """Tells callers apart. A token works at the address that is made for its kind."""

    def __init__(self, world: JiraWorld, base_path: str) -> None:
        self.world, self.base_path = world, base_path
        self.grants = Grants()

    def caller(self, request: Request) -> User | None:
        """The account that a request speaks for; None for credentials that do not do."""
        path = request.scope["path"].removeprefix(self.base_path)
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if self.world.edition != CLOUD:
            return self._known(value.strip()) if scheme.lower() == "bearer" else None
        if path.startswith("/ex/jira/"):
            return self._bearer(value.strip()) if scheme.lower() == "bearer" else None
        return self._basic(value) if scheme.lower() == "basic" else None

    def account(self, request: Request) -> str | None:
        """Whose limiter a request counts against: the site, whoever calls."""
        path = request.scope["path"].removeprefix(self.base_path)
        if path.startswith(TOKEN_PATH):
            return "tokens"
        return "site" if not self.world.captcha and self.caller(request) else None

    def _known(self, token: str) -> User | None:
        return None if token in self.world.revoked else USERS_OF.get(token)

    def _basic(self, encoded: str) -> User | None:
        try:
            email, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        user = self._known(token)
        return user if user and user.email == email else None

    def _bearer(self, token: str) -> User | None:
        until = self.grants.access.get(token)
        return HUB if until and self.world.now() < until and token not in self.world.revoked else None
