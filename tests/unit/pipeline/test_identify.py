"""Asking a CRM about customers: answers, failures of one inquiry, and of the CRM as a whole."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest

from hub.pipeline.identify import MAX_TRIES, Identified, IdentifyRun
from hub.pipeline.source import Source
from hub.sdk import (
    AuthError,
    Connector,
    ConnectorConfig,
    ConnectorSpec,
    Created,
    CustomerCard,
    Inquiry,
    Lookup,
    Request,
    Response,
    TransientError,
)
from hub.store import Store
from tests.unit.pipeline.script import QUICK
from tests.unit.store.pages import NOW, mention, new_store, put

WAYS = {"desk": frozenset(("phone", "email"))}
Answer = Callable[[Request], Response]


class Cards(Connector[ConnectorConfig]):
    """A CRM that knows everybody whose phone ends with 1."""

    name = "cards"
    Config = ConnectorConfig
    ways = frozenset(("phone", "email"))

    def identifies_by(self) -> frozenset[str]:
        return self.ways

    def identify(self, inquiry: Inquiry) -> Lookup:
        answer = yield Request("GET", "/find", params={"phones": ",".join(inquiry.phones), "handle": inquiry.handle})
        assert answer
        return tuple(CustomerCard(key=one) for one in answer.json())


class Making(Cards):
    """A CRM whose connector writes where it should only look."""

    def identify(self, inquiry: Inquiry) -> Lookup:
        yield Created("7")  # type: ignore[misc]  # what the engine must refuse
        return ()


class Wordy(Cards):
    """A CRM whose connector returns something else."""

    def identify(self, inquiry: Inquiry) -> Lookup:
        yield Request("GET", "/find")
        return cast("tuple[CustomerCard, ...]", [CustomerCard(key="1")])


def known(request: Request) -> Response:
    body = b'["1"]' if request.params.get("phones", "").endswith("1") else b"[]"
    return Response(200, {}, body, request)


def filled(folder: Path, number: int = 3) -> Store:
    store = new_store(folder)
    put(store, *(mention(str(n), body=f"я +7912000000{n}", author=f"a{n}", minutes=n) for n in range(number)))
    while store.note_contacts(WAYS, timedelta(days=30)):
        pass
    return store


def run(store: Store, answer: Answer = known, cls: type[Cards] = Cards, *, forced: bool = False) -> Identified:
    async def send(request: Request) -> Response:
        return answer(request)

    made = cls(ConnectorConfig(connector="cards", timeout=timedelta(seconds=5)))
    source = Source("desk", made, cast(ConnectorSpec, made), send, policy=QUICK, now=lambda: NOW)
    return asyncio.run(IdentifyRun(source, store, None, forced=forced).finish())


def test_each_customer_is_asked_about_once_and_known_where_one_card_is_found(tmp_path: Path) -> None:
    asked: list[Request] = []

    def counting(request: Request) -> Response:
        asked.append(request)
        return known(request)

    with filled(tmp_path) as store:
        done = run(store, counting)
        assert (done.asked, done.found, done.failed, done.down) == (3, 1, 0, None)
        assert run(store, counting).asked == 0
        assert sorted(request.params["phones"] for request in asked) == [f"+7912000000{n}" for n in range(3)]
        assert {request.params["handle"] for request in asked} == {None}
        assert [store.find_customer(f"vk.com:a{n}").known for n in range(3)] == [False, True, False]


def test_a_crm_that_does_not_answer_is_left_alone_and_no_inquiry_is_blamed(tmp_path: Path) -> None:
    def down(request: Request) -> Response:
        raise TransientError("no connection")

    with filled(tmp_path, 9) as store:
        done = run(store, down)
        assert str(done.down) == "no connection"
        assert done.asked == 0
        assert {one.attempts for one in store.inquiries_due("desk", 99)} == {0}
        assert run(store).asked == 9


@pytest.mark.parametrize(
    ("cls", "said"), [(Making, "it must change nothing there"), (Wordy, "ended with list; it must return a tuple")]
)
def test_what_a_connector_does_wrong_fails_the_inquiry_and_is_set_aside_in_the_end(
    tmp_path: Path, cls: type[Cards], said: str
) -> None:
    with filled(tmp_path, 1) as store:
        done = run(store, cls=cls)
        assert (done.asked, done.failed) == (0, 1)
        assert said in done.problems[0]
        assert store.inquiry_counts("desk") == (1, 0)
        for _ in range(MAX_TRIES):
            run(store, cls=cls, forced=True)
        assert store.inquiry_counts("desk") == (0, 1)


def test_one_inquiry_that_fails_stops_no_other(tmp_path: Path) -> None:
    def picky(request: Request) -> Response:
        return Response(200, {}, b"{", request) if request.params["phones"].endswith("0") else known(request)

    with filled(tmp_path) as store:
        done = run(store, picky)
        assert (done.asked, done.found, done.failed) == (2, 1, 1)
        assert "a customer on vk.com" in done.problems[0]


def test_refused_credentials_wait_for_a_person(tmp_path: Path) -> None:
    def refused(request: Request) -> Response:
        return Response(401, {}, b"", request)

    with filled(tmp_path) as store:
        with pytest.raises(AuthError):
            run(store, refused)
        assert len(store.inquiries_due("desk", 9)) == 3
