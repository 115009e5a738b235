"""Bitrix24, cloud and on-premises: tasks, leads and deals.

Source: vendor sheet, sections 2 to 10. Everything is a POST with JSON below ``/rest/``. Lists have 50 rows a page; they
are walked by id (``order ID asc``, ``>ID``, ``start: -1``), filtered by the time of change, and a walk ends with a page
that is not full. The next walk asks for what changed since shortly before this one began. Task ids are text, ids of
leads and deals are numbers; an empty map may be ``[]``. A comment does not move its task's ``CHANGED_DATE``, so a sweep
reads the comments of open tasks; what was deleted is missing from a list of ids. Two requests a second with a burst of
50 for a portal and an address; beside that, each method has a budget of run time.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from hub.sdk import (
    Auth,
    BodyField,
    Checks,
    ConfigError,
    Counted,
    Counting,
    Cursor,
    Delivery,
    Draft,
    HubError,
    Inquiry,
    Limit,
    Listed,
    Lookup,
    OAuth2,
    Page,
    Read,
    Record,
    RecordError,
    Request,
    Response,
    Secret,
    Stream,
    Sweep,
    Webhook,
    Writes,
)
from hub_crm import assumed
from hub_crm.customer import Card, Customer, Step
from hub_crm.product import Own, Product, plain
from hub_crm.products.bitrix24 import calls, comments, hooks, rights
from hub_crm.products.bitrix24.about import About
from hub_crm.products.bitrix24.cards import Cards
from hub_crm.products.bitrix24.lists import KINDS, Kind, Walk
from hub_crm.products.bitrix24.records import Records
from hub_crm.products.bitrix24.writing import TASK, Writer
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text, text_id

COMMENTS, DELETED = "comments", "deleted"
_WEBHOOK = "/rest/"
_CONCURRENCY = 4


class Settings(Own):
    """Settings of a portal: a webhook, or an app."""

    webhook_url: Secret | None = Field(
        default=None, description="address of an inbound webhook, https://PORTAL/rest/USER/CODE/"
    )
    client_id: str | None = Field(default=None, description="of an app, in the place of a webhook")
    client_secret: Secret | None = Field(default=None, description="of the app")
    refresh_token: Secret | None = Field(default=None, description="the app's first refresh token; later ones are kept")
    token_url: str | None = Field(default=None, description="where the app gets its tokens, if not from the vendor")
    marker_field: str | None = Field(
        default=None,
        pattern=r"^UF_[A-Z0-9_]+$",
        description="own field of tasks that holds the hub's marker, such as UF_HUB_ID; XML_ID unless given",
    )
    escalate_as: Literal["task", "lead", "deal"] | None = Field(
        default=None, description="what an escalation opens; a task unless given"
    )
    nickname_field: str | None = Field(
        default=None,
        description="own text field of cards for nicknames, such as ufCrm_NICK; by it they are found again",
    )
    do_not_call_field: str | None = Field(default=None, description="own yes/no field of cards: do not call")
    social_field: str | None = Field(default=None, description="own yes/no field of cards: came from social media")
    webhook_secret: Secret | None = Field(
        default=None, description="application token of the outgoing webhook; without it no call is taken"
    )


class Bitrix24(Product):
    """One portal."""

    title = "Bitrix24"
    Settings = Settings
    kinds = tuple(KINDS)

    def __init__(self, config: CrmConfig) -> None:
        super().__init__(config)
        self._own = Settings.model_validate(config.own())
        self._site = (config.base_url or "").rstrip("/")
        self._records = Records(self._site, self._own.marker_field, config)

    @classmethod
    def defaults(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        site, found, _ = plain(given.get("webhook_url")).partition(_WEBHOOK)
        return {"base_url": site} if found else {}

    def receive(self, webhook: Webhook) -> Sequence[str]:
        secret = self._own.webhook_secret
        return hooks.accept(webhook, secret.get_secret_value() if secret else None)

    # --- what the source is -------------------------------------------------------------------------------------

    def auth(self) -> Auth:
        own = self._own
        if own.webhook_url:
            path = self._webhook_path()
            if path.count("/") != 1:
                raise ConfigError("webhook_url is no inbound webhook; it looks like https://PORTAL/rest/USER/CODE/")
            return calls.WebhookPath(SecretStr(path))
        if own.client_id and own.client_secret and own.refresh_token:
            url = own.token_url or assumed.BITRIX24_TOKEN_URL
            return OAuth2(url, own.client_id, own.client_secret, own.refresh_token, place=_in_body)
        raise ConfigError(
            "bitrix24 needs webhook_url, or base_url with client_id, client_secret and refresh_token of an app"
        )

    def namespace(self) -> str:
        parts = urlsplit(self._site)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}".lower()

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        deleted = Sweep(DELETED, timedelta(days=1), inventory="threads")
        spoken = Sweep(COMMENTS, assumed.BITRIX24_COMMENTS_EVERY)
        found = [Stream(kind.stream, kind.title, (spoken, deleted)) for kind in self._kinds(self.config.read)]
        # Our own cases are followed wherever `read` looks.
        own = [kind for kind in self._kinds(("tasks", self._opens)) if kind.stream not in self.config.read]
        return [*found, *(Stream(kind.stream, kind.title, (spoken,)) for kind in own)]

    @staticmethod
    def _kinds(names: Sequence[str]) -> list[Kind]:
        return [KINDS[name] for name in dict.fromkeys(names)]

    @property
    def _opens(self) -> str:
        """Name of the stream whose records an escalation opens."""
        return f"{self._own.escalate_as or TASK}s"

    def limits(self, request: Request) -> Sequence[Limit]:
        # 50 in 25 s is what a bucket of 50 that loses two a second lets through in any case. A method has a limit of
        # its own, so that it alone is held when its run time is used up.
        names = ("requests", *calls.methods(request))
        return [Limit(name, calls=50, per_s=25, concurrency=_CONCURRENCY) for name in names]

    def classify(self, response: Response, usual: HubError | None) -> HubError | None:
        if response.request.context.get("what") == "about" and response.status < 400:
            return self._about.missing(response)
        return calls.classify(response, self._about.reading) or usual

    @property
    def _about(self) -> About:
        return About((*self.config.read, self._opens) if self._opens != "tasks" else self.config.read)

    def check(self) -> Checks:
        return rights.check(self.config, self._about, self._own.marker_field)

    # --- reading ------------------------------------------------------------------------------------------------

    def reference(self, read: Read) -> Request | None:
        match read.name:
            case "about":
                return self._about.request()
            case "people":
                return calls.call("user.get", {"sort": "ID", "order": "ASC", "start": 0}, what="people")
            case _:
                kinds = self._kinds((*self.config.read, self._opens))
                return calls.call("crm.status.list", {}, what="stages") if any(kind.entity for kind in kinds) else None

    def request(self, read: Read) -> Request | None:
        return self._walk(read).first()

    def parse(self, response: Response, read: Read) -> Page:
        match response.request.context.get("what"):
            case "about":
                return self._about.parse(response)
            case "people":
                return _people(response)
            case "stages":
                return _stages(response)
            case "chats" | "classic" | "timeline":
                return comments.read(response)
            case _:
                return self._walk(read).parse(response)

    def count(self, read: Read) -> Counting:
        request = self._walk(read).total()
        if request is None:
            return None
        answer = yield request
        total = mapping(answer.json()).get("total") if answer.status == 200 else None
        if type(total) is not int or total < 0:
            return None
        return Counted(total, requests=total // calls.PAGE_SIZE + 1, of="tickets")

    def position(self, record: Record) -> Cursor:
        raise RecordError("a walk's cursor comes with its pages")

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        kind = KINDS[read.stream]
        if not isinstance(record, Mapping):
            raise RecordError(f"expected a {kind.name} as an object, got {type(record).__name__}")
        if "case" in record:
            return self._records.comment(record, kind.name, read.reference)
        if read.name == DELETED:
            source_id = text_id(record.get("id"))
            if not source_id:
                raise RecordError(f"the {kind.name} has no usable id: {record.get('id')!r}")
            return Listed(thread=f"{kind.name}/{source_id}")
        if kind.entity:
            return self._records.item(record, kind.name, read.reference)
        return self._records.task(record, read.reference)

    def _walk(self, read: Read) -> Walk:
        in_chats = self._about.in_chats(read.reference)
        listed = read.stream in self.config.read
        return Walk(KINDS[read.stream], read, self._own.marker_field, in_chats=in_chats, listed=listed)

    # --- writing ------------------------------------------------------------------------------------------------

    def escalate(self, delivery: Delivery) -> Writes:
        user = self._webhook_path().partition("/")[0]
        number = user if user.isdigit() else ""
        own = self._own
        writer = Writer(self.config, self._site, number, own.marker_field, self._cards, own.escalate_as or TASK)
        return writer.escalate(delivery)

    def find_customer(self, customer: Customer) -> Step[tuple[Card, ...]]:
        return self._cards.find(customer)

    def identifies_by(self) -> frozenset[str]:
        return frozenset(("phone", "email", *(("handle",) if self._own.nickname_field else ())))

    def identify(self, inquiry: Inquiry) -> Lookup:
        return self._cards.identify(inquiry)

    def note_customer(self, card: Card, customer: Customer) -> Step[None]:
        return self._cards.note(card, customer)

    @property
    def _cards(self) -> Cards:
        own, config = self._own, self.config
        return Cards(
            self._site,
            config.lang,
            config.customer,
            note=config.note_customers,
            nickname=own.nickname_field,
            do_not_call=own.do_not_call_field,
            social=own.social_field,
        )

    def _webhook_path(self) -> str:
        """Return user and code of the webhook, ``1/code``; empty without one."""
        return plain(self._own.webhook_url).partition(_WEBHOOK)[2].strip("/")


def _in_body(token: SecretStr) -> Auth:
    return BodyField("auth", token)


def _people(response: Response) -> Page:
    """Return id, name and departments of every user, and the next 50."""
    found = [mapping(row) for row in assumed.rows(calls.result(response))]
    records = [
        {
            "id": text_id(row.get("ID")),
            "name": " ".join(filter(None, (text(row.get("NAME")).strip(), text(row.get("LAST_NAME")).strip()))),
            "active": row.get("ACTIVE") is True,
        }
        for row in found
        if text_id(row.get("ID"))
    ]
    request = response.request
    start = mapping(response.json()).get("next")
    following = calls.call("user.get", {**request.json, "start": start}, what="people") if type(start) is int else None
    return Page(records=records, next_request=following)


def _stages(response: Response) -> Page:
    """Return name and meaning of every stage; its id here is ``lead/NEW``, ``deal/C1:WON``."""
    records = []
    for row in map(mapping, assumed.rows(calls.result(response))):
        entity, status = text(row.get("ENTITY_ID")), text(row.get("STATUS_ID"))
        kind = "lead" if entity == "STATUS" else "deal" if entity.startswith("DEAL_STAGE") else ""
        if kind and status:
            records.append({"id": f"{kind}/{status}", "name": text(row.get("NAME")), "semantics": row.get("SEMANTICS")})
    return Page(records=records)


PRODUCT = Bitrix24
