"""amoCRM and Kommo, one wire format on two hosts: tasks, leads and their notes.

Source: vendor sheet, sections 11 to 15. ``/api/v4`` of the account's own host; lists of at most 250 rows with links,
filtered and ordered by time of change; 204 without a body for "nothing". Times are seconds since 1970, UTC; ids are
numbers. A task is done or not, has no subject and no priority; ``result`` is ``[]`` until it is done with a word.
Seven requests a second for an account; who goes on beyond that is answered 403 for a while. A refresh token works once.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from hub.sdk import (
    Auth,
    Bearer,
    Checks,
    ConfigError,
    Cursor,
    Delivery,
    Draft,
    FollowUp,
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
from hub_crm.product import Own, Product
from hub_crm.products.amocrm import calls, hooks, rights
from hub_crm.products.amocrm.cards import Cards
from hub_crm.products.amocrm.lists import KINDS, Walk, changed, within
from hub_crm.products.amocrm.records import Records
from hub_crm.products.amocrm.writing import Writer
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text, text_id, unix

DELETED, TASKS = "deleted", "tasks"
_CALLS_A_SECOND = 7
_TOKEN_PATH = "/oauth2/access_token"  # noqa: S105 - a path
_TITLES = {"tasks": "Tasks", "leads": "Leads", "notes": "Notes of leads"}


class Settings(Own):
    """Settings of an account: a long-lived token, or an integration."""

    token: Secret | None = Field(default=None, description="long-lived token of a private integration")
    client_id: str | None = Field(default=None, description="of an integration, in the place of a token")
    client_secret: Secret | None = Field(default=None, description="of the integration")
    refresh_token: Secret | None = Field(
        default=None, description="the integration's first refresh token; later ones are kept"
    )
    redirect_uri: str | None = Field(default=None, description="of the integration, to the letter")
    nickname_field_id: int | None = Field(
        default=None, description="id of the contacts' own text field for nicknames; by it they are found again"
    )
    do_not_call_field_id: int | None = Field(default=None, description="id of the contacts' own flag: do not call")
    social_field_id: int | None = Field(
        default=None, description="id of the contacts' own flag: came from social media"
    )
    webhook_secret: Secret | None = Field(
        default=None, description="the last part of the address that webhooks call; without it none is taken"
    )


class AmoCrm(Product):
    """One account."""

    title = "amoCRM, Kommo"
    Settings = Settings
    kinds = ("tasks", "leads")
    has_groups = False

    def __init__(self, config: CrmConfig) -> None:
        super().__init__(config)
        self._own = Settings.model_validate(config.own())
        self._site = (config.base_url or "").rstrip("/")
        self._records = Records(self._site, config)

    # --- what the source is -------------------------------------------------------------------------------------

    def auth(self) -> Auth:
        own = self._own
        if not self._site:
            raise ConfigError("amocrm needs base_url, the account's own address, such as https://acme.amocrm.ru")
        if own.token:
            return Bearer(own.token)
        if own.client_id and own.client_secret and own.refresh_token and own.redirect_uri:
            extra = {"redirect_uri": own.redirect_uri}
            return OAuth2(_TOKEN_PATH, own.client_id, own.client_secret, own.refresh_token, extra=extra, body="json")
        raise ConfigError(
            "amocrm needs token, or client_id, client_secret, refresh_token and redirect_uri of an integration"
        )

    def namespace(self) -> str:
        parts = urlsplit(self._site)
        return f"{parts.netloc.rpartition('@')[2]}{parts.path}".lower()

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        deleted = Sweep(DELETED, timedelta(days=1), inventory="threads")
        names = [name for kind in self.config.read for name in (kind, *(("notes",) if kind == "leads" else ()))]
        found = [Stream(name, _TITLES[name], () if name == "notes" else (deleted,)) for name in dict.fromkeys(names)]
        # An escalation is a task, and followed wherever `read` looks.
        return found if TASKS in names else [*found, Stream(TASKS, _TITLES[TASKS])]

    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit("requests", calls=_CALLS_A_SECOND, per_s=1.0, concurrency=_CALLS_A_SECOND),)

    def classify(self, response: Response, usual: HubError | None) -> HubError | None:
        return calls.classify(response, usual)

    def check(self) -> Checks:
        return rights.check(self.config)

    def receive(self, webhook: Webhook) -> Sequence[str]:
        secret = self._own.webhook_secret
        return hooks.accept(webhook, secret.get_secret_value() if secret else None)

    # --- reading ------------------------------------------------------------------------------------------------

    def reference(self, read: Read) -> Request | None:
        match read.name:
            case "about":
                return calls.get("account", {"with": "task_types"}, what="about")
            case "people":
                return calls.get("users", {"limit": calls.MAX_LIMIT, "page": 1, "with": "group"}, what="people")
            case _:
                return calls.get("leads/pipelines", {}, what="stages") if "leads" in self.config.read else None

    def request(self, read: Read) -> Request | None:
        return self._walk(read).first()

    def parse(self, response: Response, read: Read) -> Page:
        match response.request.context.get("what"):
            case "about":
                return _about(response)
            case "order":
                return _order(response)
            case "people":
                return _people(response)
            case "stages":
                return Page(records=_stages(response))
            case _:
                return self._walk(read).parse(response)

    def position(self, record: Record) -> Cursor:
        at = changed(record)
        if at is None:
            raise RecordError("no usable id or updated_at")
        return {"updated": at}

    def window(self, stream: str) -> timedelta | None:
        """Return None: lists are filtered by a time of change from which on, without an end (section 12), so that every
        window would read all that came after it."""
        return None

    def normalize(self, record: Record, read: Read) -> Draft | Sequence[Draft] | None:
        if not isinstance(record, Mapping):
            raise RecordError(f"expected one of {read.stream} as an object, got {type(record).__name__}")
        if "own" in record:
            return self._records.task(record["own"], read.reference)
        if "note" in record:
            return self._records.card_note(record["note"], record["task"], read.reference)
        created = unix(record.get("created_at"))
        if read.mode == "backfill" and created and not within(created, read):
            return None
        if read.name == DELETED:
            return self._listed(record, read)
        found = self._records
        if read.stream == TASKS:
            return found.task(record, read.reference)
        return found.lead(record, read.reference) if read.stream == "leads" else found.note(record, read.reference)

    def _listed(self, record: Mapping[str, Any], read: Read) -> Listed | FollowUp:
        source_id, kind = text_id(record.get("id")), KINDS[read.stream].name
        if not source_id:
            raise RecordError(f"the {kind} has no usable id: {record.get('id')!r}")
        return Listed(thread=f"{kind}/{source_id}")

    def _walk(self, read: Read) -> Walk:
        limit = min(self.config.page_size or calls.MAX_LIMIT, calls.MAX_LIMIT)
        by_change = read.stream != TASKS or _is_ordered(read.reference)
        listed = read.stream != TASKS or TASKS in self.config.read
        return Walk(KINDS[read.stream], read, limit, by_change=by_change, listed=listed)

    # --- writing ------------------------------------------------------------------------------------------------

    def escalate(self, delivery: Delivery) -> Writes:
        return Writer(self.config, self._site, self._cards).escalate(delivery)

    def find_customer(self, customer: Customer) -> Step[tuple[Card, ...]]:
        return self._cards.find(customer)

    def identifies_by(self) -> frozenset[str]:
        return frozenset(("phone", "email", *(("handle",) if self._own.nickname_field_id else ())))

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
            nickname=own.nickname_field_id,
            do_not_call=own.do_not_call_field_id,
            social=own.social_field_id,
        )


def _about(response: Response) -> Page:
    """Return the account with its types of tasks; then it is tried whether tasks can be ordered by change."""
    body = mapping(response.json())
    types = [mapping(row) for row in assumed.rows(mapping(body.get("_embedded")).get("task_types"))]
    named = [{"id": text_id(row.get("id")), "name": text(row.get("name"))} for row in types if text_id(row.get("id"))]
    return Page(records=[{"id": "account", "task_types": named}], next_request=_first_by("asc"))


def _first_by(direction: str) -> Request:
    return calls.get("tasks", {"limit": 1, "order[updated_at]": direction}, what="order", direction=direction)


def _order(response: Response) -> Page:
    """Return which task comes first; the same in both directions: the order is not obeyed, or there is only one."""
    direction = response.request.context["direction"]
    first = next((text_id(mapping(row).get("id")) for row in calls.embedded(response, "tasks")), "")
    following = _first_by("desc") if direction == "asc" else None
    return Page(records=[{"id": direction, "first": first}], next_request=following)


def _is_ordered(reference: Mapping[str, Sequence[Any]]) -> bool:
    firsts = {row["first"] for row in reference.get("about", ()) if "first" in row}
    return len(firsts) > 1


def _people(response: Response) -> Page:
    """Return id, name and group of every user; none where the token is no administrator's."""
    if response.status == 403:
        return Page()
    records = []
    for row in map(mapping, calls.embedded(response, "users")):
        groups = [text(mapping(one).get("name")) for one in assumed.rows(mapping(row.get("_embedded")).get("groups"))]
        if text_id(row.get("id")):
            name = text(row.get("name")).strip()
            records.append({"id": text_id(row.get("id")), "name": name, "group": next(iter(groups), "")})
    request = response.request
    following = request.with_params(page=request.params["page"] + 1) if calls.has_next(response) else None
    return Page(records=records, next_request=following)


def _stages(response: Response) -> list[dict[str, str]]:
    """Return id and name of every stage of every pipeline."""
    return [
        {"id": text_id(stage.get("id")), "name": text(stage.get("name"))}
        for pipeline in map(mapping, calls.embedded(response, "pipelines"))
        for stage in map(mapping, assumed.rows(mapping(pipeline.get("_embedded")).get("statuses")))
        if text_id(stage.get("id"))
    ]


PRODUCT = AmoCrm
