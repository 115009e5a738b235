"""From a configured instance to what the pipeline runs: connector, hooks, credentials, limits, transport."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, TypedDict
from urllib.parse import urlsplit

from hub.pipeline.case_news import news_of
from hub.pipeline.retry import RetryPolicy
from hub.pipeline.source import Source
from hub.pipeline.summary import summary_of
from hub.routing.destinations import Destinations
from hub.runtime.answers import Answers
from hub.runtime.config import InstanceSettings, Settings
from hub.runtime.language import language
from hub.runtime.limits import account_key, effective_limits
from hub.runtime.plugins import PluginManager, hooks, hub_manager, instance_manager, only_implementation
from hub.runtime.rules import router_of
from hub.runtime.tokens import Tokens
from hub.runtime.transport import Transport
from hub.sdk import Auth, ConfigError, Connector, HubError, Limit, NoAuth, OAuth2, Request, Response, Send
from hub.store import Router, Store

if TYPE_CHECKING:
    from hub.routing.rules import RuleSet

_SECRET = 6  # characters; anything shorter would take pieces out of what people wrote

Waiting = Callable[[str, int, float, HubError], None]
"""Told before each wait between two tries: instance, which try failed, seconds, why."""

Limited = Callable[[str, float], None]
"""Told after each wait for a vendor's limits: instance, seconds."""


@dataclass(frozen=True)
class Workshop:
    """What every instance of a process shares; it makes each instance's source once.

    Args:
        settings: the whole configuration.
        transport: the process's one.
        policy: how often and how long to try again.
        on_wait: told before each wait.
        on_limit: told how long each request waited for the vendor's limits.
        rules: loads the rules in force.
    """

    settings: Settings
    transport: Transport
    policy: RetryPolicy = field(default_factory=RetryPolicy)
    on_wait: Waiting | None = None
    on_limit: Limited | None = None
    rules: "Callable[[], RuleSet] | None" = None
    _made: dict[str, Source] = field(default_factory=dict, repr=False)

    @cached_property
    def facts(self) -> PluginManager:
        """The manager through which plugins are told facts."""
        return hub_manager(self.settings.plugins)

    @cached_property
    def router(self) -> Router | None:
        """What decides for tickets: the rules, then the classifiers among the plugins."""
        return router_of(self.settings, self.rules, self.facts, self.answering)

    @property
    def destinations(self) -> Destinations | None:
        """Where tickets are delivered that no rules decide for."""
        return self.settings.deliver if self.settings.deliver.to else None

    @cached_property
    def answering(self) -> Answers:
        """How customers are answered."""
        return Answers(self.settings)

    def source(self, instance: InstanceSettings) -> Source:
        """Return *instance* ready to run; its references are not read yet."""
        if instance.name not in self._made:
            self._made[instance.name] = self._make(instance)
        return self._made[instance.name]

    def _make(self, instance: InstanceSettings) -> Source:
        source = offline_source(self.settings, instance)
        on_wait, on_limit = self.on_wait, self.on_limit
        waited = None if on_limit is None else partial(on_limit, instance.name)
        return replace(
            source,
            **_far_side(instance.name, source.connector, self.transport, waited),
            policy=self.policy,
            on_wait=None if on_wait is None else lambda *told: on_wait(instance.name, *told),
        )


def offline_source(settings: Settings, instance: InstanceSettings) -> Source:
    """Return *instance* for work on what is stored; it sends nothing."""
    connector = instance.connector_class(instance.config)
    manager = instance_manager(connector, settings.plugins)
    return Source(
        name=instance.name,
        connector=connector,
        hooks=hooks(manager),
        send=_refuse,
        normalize=only_implementation(manager, "normalize"),
        summarize=partial(summary_of, lang=language(settings.lang), zone=settings.timezone),
        tell=partial(news_of, lang=language(settings.lang)),
    )


def knowing(source: Source, store: Store) -> Source:
    """Return *source* with its references as they are stored."""
    known = store.recall(source.name, source.now()).references
    return replace(source, reference={name: value for name, (_, value) in known.items()})


async def _refuse(request: Request) -> Response:
    raise ConfigError(f"{request.method} {request.path}: this source works on what is stored and sends nothing")


class _FarSide(TypedDict):
    send: Send
    hold: Callable[[Request, timedelta, str | None], Awaitable[None]]


def _far_side(
    name: str, connector: Connector[Any], transport: Transport, waited: Callable[[float], None] | None = None
) -> _FarSide:
    """Return the ways of an instance to its source: *connector* behind credentials, limits and *transport*."""
    config = connector.config
    # First the credentials: where they hold the address too, as a webhook does, only the connector says so.
    given = connector.auth()
    base_url = (config.base_url or connector.base_url).rstrip("/")
    if not base_url:
        raise ConfigError(f"instances.{name}: {connector.name} has no address of its own; set base_url")
    account = account_key(connector.name, base_url, given.secrets(), config.account or connector.account())

    def limits_of(request: Request) -> Sequence[Limit]:
        return effective_limits(connector.limits(request), config.rate, config.concurrency)

    async def once(request: Request, auth: Auth) -> Response:
        response = await transport.send(
            request,
            base_url=base_url,
            auth=auth,
            limits=limits_of(request),
            account=account,
            timeout=config.timeout,
            waited=waited,
        )
        return _without(auth.secrets(), response)

    async def ask_for_token(request: Request) -> Response:
        # Secrets are in the body alone, and it may be another host: nothing is added, nothing of it is kept.
        to = urlsplit(request.path)
        host = f"{to.scheme}://{to.netloc}" if to.netloc else base_url
        return await transport.send(
            request, base_url=host, auth=NoAuth(), limits=(), account=account, timeout=config.timeout
        )

    async def hold(request: Request, wait: timedelta, limit: str | None) -> None:
        asked = [one for one in limits_of(request) if limit in (None, one.name)]
        await transport.hold(account, asked, wait)

    if isinstance(given, OAuth2):
        return {"send": _renewing(given, Tokens(given, ask_for_token), once), "hold": hold}
    return {"send": lambda request: once(request, given), "hold": hold}


def _renewing(oauth: OAuth2, tokens: Tokens, once: Callable[[Request, Auth], Awaitable[Response]]) -> Send:
    """Return what sends with access tokens that are renewed when they end or are refused."""

    async def send(request: Request) -> Response:
        auth = await tokens.auth()
        response = await once(request, auth)
        # A token that is refused did nothing: even a write may be sent again.
        return await once(request, await tokens.auth(refused=auth)) if oauth.refused(response) else response

    return send


def _without(secrets: Sequence[str], response: Response) -> Response:
    """Return *response* with our secrets taken out of its body: some vendors repeat a refused key in their message,
    and from there it would go into errors, logs, dead letters and originals."""
    for secret in secrets:
        if len(secret) >= _SECRET and (known := secret.encode()) in response.content:
            response.content = response.content.replace(known, b"***")
    return response
