"""The portal's front door: addresses, credentials, budgets, batches, REST 3.0, tokens (sheet, sections 2, 3, 5, 7)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.sandbox import Traffic

from .answers import Refused3Error, RefusedError, answer, envelope, times
from .methods import Methods, Result
from .model import CODE, Webhook
from .php import body, parse, tree
from .world import Bitrix24World

CLIENT_ID, CLIENT_SECRET = "sandbox-bitrix24-app", "sandbox-bitrix24-secret"
MOST_COMMANDS = 50
KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")
KEPT = timedelta(hours=24)
TOKEN_LIFE = timedelta(hours=1)
REFERENCE = re.compile(r"\$result((?:\[[^\]]+\])+)")
COST_S = 0.1
PRIORITIES = {"low": 0, "average": 1, "high": 2}


class Api:
    """Handlers of one portal."""

    def __init__(self, world: Bitrix24World, traffic: Traffic) -> None:
        """Serve *world*."""
        self._world = world
        self._methods = Methods(world, traffic)

    def app(self) -> Starlette:
        """The portal as an application."""
        return Starlette(
            routes=[
                Route("/rest/api/{rest:path}", self.rest3, methods=["POST"]),
                Route("/rest/{rest:path}", self.rest2, methods=["GET", "POST"]),
                Route("/oauth/token", self.token, methods=["GET", "POST"]),
            ],
            exception_handlers={RefusedError: _refused, Refused3Error: _refused},
        )

    # --- REST 2 -----------------------------------------------------------------------------------

    async def rest2(self, request: Request) -> Response:
        """One call, or a batch of them."""
        content = body(await request.body(), request.headers.get("content-type", ""))
        if content is None:
            raise RefusedError(400, "INVALID_REQUEST", "The body is no JSON")
        params = {**tree(request.query_params.multi_items()), **content}
        webhook, method = self._caller(request, params)
        if method == "batch":
            return answer(self._batch(params, webhook))
        return answer(self._one(method, params, webhook))

    def _caller(self, request: Request, params: dict[str, Any]) -> tuple[Webhook, str]:
        self._world.now()
        if self._world.overloaded:
            raise RefusedError(503, "OVERLOAD_LIMIT", "REST API is blocked due to overload")
        *front, last = request.path_params["rest"].split("/")
        method = last.removesuffix(".json")
        if front:
            webhook = self._world.webhooks[front[-1]]
        else:
            self._check_token(str(params.pop("auth", "")))
            webhook = self._world.webhooks[CODE]
        if not self._world.rest:
            raise RefusedError(403, "ACCESS_DENIED", "REST API is available only on commercial plans")
        return webhook, method

    def _one(self, method: str, params: Mapping[str, Any], webhook: Webhook) -> dict[str, Any]:
        result = self._run(method, params, webhook)
        return envelope(result.value, result.paging, *self._spent(method, webhook))

    def _run(self, method: str, params: Mapping[str, Any], webhook: Webhook) -> Result:
        budget = self._world.budget
        if budget.is_spent(webhook.code, method):
            raise RefusedError(
                429, "OPERATION_TIME_LIMIT", "Method is blocked due to operation time limit",
                time=times(*self._spent(method, webhook)),
            )  # fmt: skip
        budget.spend(webhook.code, method, COST_S)
        return self._methods.call(method, params, webhook)

    def _spent(self, method: str, webhook: Webhook) -> tuple[datetime, float, datetime]:
        budget = self._world.budget
        return (
            self._world.clock.now(),
            budget.operating(webhook.code, method),
            budget.reset_at(webhook.code, method),
        )

    def _batch(self, params: Mapping[str, Any], webhook: Webhook) -> dict[str, Any]:
        commands = params.get("cmd") or {}
        named = commands if isinstance(commands, dict) else {str(n): one for n, one in enumerate(commands)}
        if len(named) > MOST_COMMANDS:
            raise RefusedError(400, "ERROR_BATCH_LENGTH_EXCEEDED", "Max batch length exceeded")
        done: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        totals: dict[str, int] = {}
        following: dict[str, int] = {}
        for key, command in named.items():
            method, _, query = str(command).partition("?")
            try:
                if method == "batch":
                    raise RefusedError(405, "ERROR_BATCH_METHOD_NOT_ALLOWED", "Method is not allowed for batch usage")
                result = self._run(method, _referred(parse(query), done), webhook)
            except RefusedError as refusal:
                errors[key] = {"error": refusal.code, "error_description": refusal.words}
                if str(params.get("halt", 0)) in ("1", "True", "true"):
                    break
                continue
            done[key] = result.value
            totals |= {key: result.paging["total"]} if "total" in result.paging else {}
            following |= {key: result.paging["next"]} if "next" in result.paging else {}
        whole = {
            "result": done,
            "result_error": errors,
            "result_total": totals,
            "result_next": following,
            "result_time": {},
        }
        return envelope(whole, {}, *self._spent("batch", webhook))

    # --- REST 3.0 ---------------------------------------------------------------------------------

    async def rest3(self, request: Request) -> Response:
        """A call of REST 3.0; there is none on older portals."""
        content = await request.body()
        try:
            params = json.loads(content)
        except ValueError:
            raise Refused3Error(400, "INVALIDJSONEXCEPTION", "The body is no JSON") from None
        webhook, method = self._caller(request, params)
        if not self._world.chats:
            raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")
        if "tasks" not in webhook.scopes:
            raise Refused3Error(403, "ACCESSDENIEDEXCEPTION", "The scope tasks is missing")
        return self._keyed(request.headers.get("idempotency-key"), method, params, content, webhook)

    def _keyed(
        self, key: str | None, method: str, params: dict[str, Any], content: bytes, webhook: Webhook
    ) -> Response:
        """Answer, or repeat a good answer of the last day to the same key and body."""
        now = self._world.clock.now()
        if key is None:
            return answer(self._run3(method, params, webhook))
        if not KEY.fullmatch(key):
            raise Refused3Error(400, "INVALIDIDEMPOTENCYKEYEXCEPTION", "Idempotency-Key has a wrong form")
        known = self._world.keys.get(key)
        if known and now - known[2] < KEPT:
            if known[0] != content:
                raise Refused3Error(
                    422, "IDEMPOTENCYKEYMISMATCHEXCEPTION", "Idempotency-Key was used with another body"
                )
            return answer(known[1], headers={"idempotent-replayed": "true"})
        made = self._run3(method, params, webhook)
        self._world.keys[key] = (content, made, now)
        return answer(made)

    def _run3(self, method: str, params: Mapping[str, Any], webhook: Webhook) -> dict[str, Any]:
        fields = params.get("fields") or {}
        if method == "tasks.task.add":
            return {"result": {"item": self._add3(fields)}, "time": times(*self._spent(method, webhook))}
        if method == "tasks.task.chat.message.send":
            task = self._world.task(fields.get("taskId"))
            self._methods.say(task, str(fields["text"]), webhook.user)
            return {"result": {"result": True}, "time": times(*self._spent(method, webhook))}
        raise RefusedError(404, "ERROR_METHOD_NOT_FOUND", "Method not found!")

    def _add3(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        missing = {name: "is required" for name in ("title", "creatorId", "responsibleId") if not fields.get(name)}
        if missing:
            raise Refused3Error(400, "VALIDATION_REQUESTVALIDATIONEXCEPTION", "Request validation failed", **missing)
        task = self._methods.new_task(
            title=fields["title"],
            responsible=fields["responsibleId"],
            creator=int(fields["creatorId"]),
            description=fields.get("description", ""),
            priority=PRIORITIES[fields.get("priority", "average")],
            group=int(fields.get("groupId") or 0),
            crm=list(fields.get("crmItemIds") or ()),
            xml_id=fields.get("xmlId"),
            own={},
        )
        return {"id": task.id, "title": task.title, "status": "pending", "chatId": task.chat}

    # --- tokens of an app -------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        """Spend a refresh token; each works once."""
        sent = body(await request.body(), request.headers.get("content-type", "")) or {}
        given = {**dict(request.query_params), **sent}
        world = self._world
        if (given.get("client_id"), given.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            raise RefusedError(400, "invalid_client", "Client credentials are invalid")
        if given.get("grant_type") != "refresh_token" or given.get("refresh_token") != world.refresh_token:
            raise RefusedError(400, "invalid_grant", "Invalid refresh token")
        number = int(world.refresh_token.rpartition("-")[2]) + 1
        world.refresh_token = f"sandbox-refresh-{number}"
        access = f"sandbox-access-{number}"
        world.tokens[access] = world.clock.now() + TOKEN_LIFE
        seconds = int(TOKEN_LIFE.total_seconds())
        return answer(
            {"access_token": access, "refresh_token": world.refresh_token, "expires_in": seconds, "scope": "app"}
        )

    def _check_token(self, token: str) -> None:
        until = self._world.tokens.get(token)
        if until is None:
            raise RefusedError(401, "invalid_token" if token else "NO_AUTH_FOUND", "Unable to get application by token")
        if until <= self._world.clock.now():
            raise RefusedError(401, "expired_token", "The access token provided has expired")


def _referred(value: Any, done: Mapping[str, Any]) -> Any:
    """Return parameters with `$result[key][field]` replaced by what earlier commands gave."""
    if isinstance(value, dict):
        return {key: _referred(item, done) for key, item in value.items()}
    if isinstance(value, list):
        return [_referred(item, done) for item in value]
    return REFERENCE.sub(lambda found: _looked_up(found[1], done), value) if isinstance(value, str) else value


def _looked_up(path: str, done: Mapping[str, Any]) -> str:
    value: Any = done
    for key in re.findall(r"\[([^\]]+)\]", path):
        value = value.get(key) if isinstance(value, dict) else None
    return "" if value is None else str(value)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError | Refused3Error)  # noqa: S101 (Starlette's handlers are not generic)
    return answer(error.as_json(), error.status)
