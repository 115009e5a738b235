"""Webhooks are hints: the token in Bitrix24's form and the secret in amoCRM's address are checked, ids are not used."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from hub.sdk import AuthError, Webhook
from hub_crm.connector import Crm

SECRET = "kept-secret-token"
_OWN: dict[str, dict[str, Any]] = {
    "bitrix24": {"webhook_url": "https://portal.example/rest/1/code/"},
    "amocrm": {"base_url": "https://acme.amocrm.ru", "token": "t"},
}


def crm(product: str, secret: str | None = SECRET) -> Crm:
    given = {"connector": "crm", "product": product, "webhook_secret": secret, **_OWN[product]}
    return Crm(Crm.Config.model_validate(given))


def event(name: str, token: str = SECRET, **more: str) -> bytes:
    fields = {"event": name, "data[FIELDS_AFTER][ID]": "123", "ts": "1772608272", "auth[domain]": "acme.bitrix24.ru"}
    return urlencode({**fields, "auth[application_token]": token, **more}).encode()


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("ONTASKUPDATE", ("tasks",)),
        ("ONTASKCOMMENTADD", ("tasks",)),
        ("ONCRMLEADADD", ("leads",)),
        ("oncrmdealupdate", ("deals",)),
        ("ONIMBOTMESSAGEADD", ()),
        ("", ()),
    ],
)
def test_an_event_with_the_token_says_which_stream_has_news(name: str, streams: tuple[str, ...]) -> None:
    assert crm("bitrix24").receive(Webhook({}, event(name))) == streams


def test_brackets_may_come_as_they_are() -> None:
    body = f"event=ONTASKADD&auth[application_token]={quote(SECRET)}".encode()
    assert crm("bitrix24").receive(Webhook({}, body)) == ("tasks",)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"junk",
        b'{"auth": {"application_token": "kept-secret-token"}}',
        event("ONTASKADD", ""),
        event("ONTASKADD", "kept-secret-toke"),
        b"auth=kept-secret-token",
        b"&".join(b"x=1" for _ in range(20_000)) + b"&auth[application_token]=kept-secret-token",
        "auth[application_token]=ж".encode(),
    ],
)
def test_a_form_without_the_token_is_refused(body: bytes) -> None:
    with pytest.raises(AuthError, match="compare `webhook_secret`") as refused:
        crm("bitrix24").receive(Webhook({}, body, SECRET))
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    ("body", "streams"),
    [
        (b"task[update][0][id]=4747929&task[update][0][text]=x&account[id]=1", ("tasks",)),
        (b"leads[status][0][id]=1&account[subdomain]=acme", ()),
        (b"task[add][0][id]=1&leads[note][0][note][id]=2", ()),
        (b"", ()),
        (b"\xff\x00", ()),
    ],
)
def test_a_call_to_the_secret_address_of_an_account_is_a_hint(body: bytes, streams: tuple[str, ...]) -> None:
    assert crm("amocrm").receive(Webhook({}, body, SECRET)) == streams


@pytest.mark.parametrize("path", ["", "guess", f"{SECRET}/more"])
def test_any_other_address_is_refused(path: str) -> None:
    with pytest.raises(AuthError, match="compare `webhook_secret`"):
        crm("amocrm").receive(Webhook({}, event("ONTASKADD"), path))


@pytest.mark.parametrize("product", sorted(_OWN))
@pytest.mark.parametrize("secret", [None, ""])
def test_without_a_secret_no_call_is_taken(product: str, secret: str | None) -> None:
    with pytest.raises(AuthError, match="set `webhook_secret`"):
        crm(product, secret).receive(Webhook({}, event("ONTASKADD", ""), ""))
