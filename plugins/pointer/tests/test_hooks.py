"""Webhooks are hints whatever they say: only the address is looked at."""

import pytest

from hub.sdk import AuthError, Webhook
from hub_pointer.connector import Pointer, PointerConfig

SECRET = "long-random-part"


def connector(secret: str | None = SECRET) -> Pointer:
    return Pointer(PointerConfig.model_validate({"connector": "pointer", "token": "t", "webhook_secret": secret}))


@pytest.mark.parametrize("body", [b"", b"junk", b'{"event": "reviews"}', b'{"event": "reviews.digest", "data": null}'])
@pytest.mark.parametrize("path", [SECRET, f"{SECRET}/", f"p/{SECRET}"])
def test_whatever_comes_to_the_secret_address_is_a_hint(body: bytes, path: str) -> None:
    assert connector().receive(Webhook({}, body, path)) == ()


@pytest.mark.parametrize(("secret", "path"), [(SECRET, ""), (SECRET, "guess"), (None, SECRET), (None, ""), ("", "")])
def test_any_other_address_is_refused(secret: str | None, path: str) -> None:
    with pytest.raises(AuthError, match="`webhook_secret`") as refused:
        connector(secret).receive(Webhook({}, b"{}", path))
    assert SECRET not in str(refused.value)
