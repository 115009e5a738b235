"""Settings: one table for all products, each with its own keys; and a third product as one module."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from hub.sdk import Bearer, ConfigError, FollowUp, NoAuth, OAuth2, Outgoing, Read, Request, Response
from hub.testing import drafts_of, walk
from hub_crm import product, products
from hub_crm.connector import Crm
from hub_crm.settings import CrmConfig, with_products


def crm(**settings: Any) -> Crm:
    return Crm(Crm.Config.model_validate({"connector": "crm", **settings}))


WEBHOOK = "https://Portal.example/rest/1/kept-secret-code/"


def test_a_webhook_gives_address_and_namespace_and_its_code_only_goes_into_the_path() -> None:
    one = crm(webhook_url=WEBHOOK)
    assert one.config.base_url == "https://Portal.example"
    assert one.namespace() == one.account() == "portal.example"
    base = one.config.base_url or ""
    for path, sent in (
        ("/rest/tasks.task.list", "/rest/1/kept-secret-code/tasks.task.list"),
        ("/rest/api/tasks.task.add", "/rest/api/1/kept-secret-code/tasks.task.add"),
    ):
        assert one.auth().apply(Outgoing("POST", base + path, {}), base).url == base + sent
    assert "kept-secret" not in repr(one.config) + repr(one.auth())
    assert one.auth().secrets() == ("1/kept-secret-code", "kept-secret-code")


def test_another_address_stands_in_the_place_of_the_webhooks_own() -> None:
    assert crm(webhook_url=WEBHOOK, base_url="https://proxy.example/b24").namespace() == "proxy.example/b24"


def test_a_renewed_webhook_is_still_the_same_portal() -> None:
    other = crm(webhook_url="https://portal.example/rest/7/another-secret-code")
    assert other.namespace() == crm(webhook_url=WEBHOOK).namespace()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "bitrix24 needs webhook_url"),
        ({"webhook_url": "https://portal.example/crm/"}, "no inbound webhook"),
        ({"base_url": "https://portal.example", "client_id": "x"}, "client_secret and refresh_token"),
        ({"product": "amocrm", "token": "kept-secret"}, "amocrm needs base_url"),
        ({"product": "amocrm", "base_url": "https://a.example", "client_id": "x"}, "redirect_uri"),
    ],
)
def test_missing_credentials_say_which_there_could_be(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        crm(**settings).auth()


def test_apps_rotate_their_tokens() -> None:
    app = {"client_id": "x", "client_secret": "kept-secret", "refresh_token": "kept-refresh"}
    bitrix = crm(base_url="https://portal.example", **app).auth()
    assert isinstance(bitrix, OAuth2)
    placed = bitrix.place(SecretStr("access")).apply(
        Outgoing("POST", "https://portal.example/rest/x", {}, json={"a": 1}), ""
    )
    assert placed.json == {"a": 1, "auth": "access"}
    account = {"product": "amocrm", "base_url": "https://acme.amocrm.ru", "redirect_uri": "https://hub.example"}
    amo = crm(**account, **app).auth()
    assert isinstance(amo, OAuth2)
    spent = amo.refresh(SecretStr("kept-refresh"))
    assert (spent.path, spent.json["redirect_uri"], spent.json["grant_type"]) == (
        "/oauth2/access_token", "https://hub.example", "refresh_token",
    )  # fmt: skip
    assert isinstance(crm(**account, token="kept-token").auth(), Bearer)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"product": "salesforce"}, "'amocrm', 'bitrix24'|amocrm"),
        ({"webhook_url": WEBHOOK, "redirect_uri": "x"}, "redirect_uri is no setting of bitrix24; it takes webhook_url"),
        ({"product": "amocrm", "webhook_url": WEBHOOK}, "webhook_url is no setting of amocrm"),
        ({"product": "amocrm", "read": ["deals"]}, "amocrm has no 'deals'; choose among tasks, leads"),
        ({"read": ["emails"]}, "bitrix24 has no 'emails'"),
        ({"product": "amocrm", "map": {"queue": {"q": {"group": 5}}}}, "no groups of tasks; name a responsible"),
        ({"map": {"queue": {"q": {"pipeline": 5}}}}, "pipeline"),
        ({"marker_field": "HUB_ID"}, "marker_field"),
        ({"read": []}, "read"),
    ],
)
def test_wrong_settings_are_refused_with_the_right_ones(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        crm(**settings)


def test_a_department_is_known_by_its_group_before_its_people() -> None:
    department = {"law": {"group": 32, "responsible": 12}, "claims": {"group": 31, "responsible": 12}}
    config = crm(map={"department": department}).config
    assert config.department_of(group="31", responsible="12") == "claims"
    assert config.department_of(group="", responsible="12") == "law"
    assert config.department_of(group="9", responsible="9") is None


# --- a third product --------------------------------------------------------------------------------------------

TOY = '''
"""A CRM with one list."""

from typing import Any

from pydantic import Field

from hub.sdk import FollowUp, Limit, MessageDraft, NoAuth, Page, Request, Stream, TicketDraft
from hub_crm.product import Own, Product


class Settings(Own):
    shelf: str = Field(description="which shelf")


class Toy(Product):
    title = "Toy"
    Settings = Settings

    def auth(self) -> Any:
        return NoAuth()

    def namespace(self) -> str:
        return "toy/" + self.config.own()["shelf"]

    def streams(self, reference: Any) -> Any:
        return (Stream("tasks"),)

    def limits(self, request: Any) -> Any:
        return (Limit(calls=1),)

    def classify(self, response: Any, usual: Any) -> Any:
        return usual

    def check(self) -> Any:
        yield from ()
        return ()

    def reference(self, read: Any) -> Any:
        return None

    def request(self, read: Any) -> Any:
        return Request("GET", "/shelf/" + self.config.own()["shelf"])

    def parse(self, response: Any, read: Any) -> Any:
        return Page(records=response.json(), cursor={"n": len(response.json())})

    def normalize(self, record: Any, read: Any) -> Any:
        message = MessageDraft(source_id=record["id"], body=record["body"], created_at=record["at"])
        thread = "task/" + record["id"]
        ticket = TicketDraft(thread=thread, kind="task", platform="toy", messages=(message,))
        return FollowUp(external_id=thread, otherwise=ticket)

    def escalate(self, delivery: Any) -> Any:
        yield Request("POST", "/tasks", json={"marker": delivery.marker})

    def find_customer(self, customer: Any) -> Any:
        yield from ()
        return ()

    def identifies_by(self) -> frozenset[str]:
        return frozenset(("phone",))

    def identify(self, inquiry: Any) -> Any:
        yield from ()
        return ()

    def note_customer(self, card: Any, customer: Any) -> Any:
        yield from ()


PRODUCT = Toy
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A third product: one module in the folder of the products, and nothing else."""
    (tmp_path / "toy.py").write_text(TOY, encoding="utf-8")
    monkeypatch.setattr(products, "__path__", [*products.__path__, str(tmp_path)])
    monkeypatch.setattr(Crm, "Config", with_products(CrmConfig))
    yield
    product.load.cache_clear()
    sys.modules.pop("hub_crm.products.toy", None)


def test_a_third_product_is_one_module_and_nothing_else(toy: None) -> None:
    assert product.names() == ("amocrm", "bitrix24", "toy")
    one = crm(product="toy", shelf="red")
    assert (one.namespace(), one.auth()) == ("toy/red", NoAuth())

    def answer(request: Request) -> Response:
        assert request.path == "/shelf/red"
        return Response(200, {}, b'[{"id": "7", "body": "x", "at": "2026-03-04T10:00:00Z"}]', request)

    read = Read("tasks", "poll", _now())
    (step,) = walk(one, read, answer)
    (draft,) = drafts_of(one, step.records[0], read)
    assert isinstance(draft, FollowUp)
    with pytest.raises(ValidationError, match="shelf is no setting of bitrix24"):
        crm(shelf="red", webhook_url=WEBHOOK)


def _now() -> Any:
    from hub.testing import NOW

    return NOW
