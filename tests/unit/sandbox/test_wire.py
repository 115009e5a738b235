"""Every fault as a client sees it, on a real connection."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime

import httpx
import pytest

from hub.sandbox import Running, SandboxOptions, running

EARLY: dict[str, str | int] = {"from": "1990-01-01", "size": 5}


@pytest.fixture(scope="module")
def sandbox(options: SandboxOptions) -> Iterator[Running]:
    with running(["youscan", "pointer"], replace(options, odd=0)) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Running) -> Iterator[httpx.Client]:
    sandbox.faults()
    headers = {"X-API-KEY": sandbox.keys["youscan"]}
    with httpx.Client(base_url=sandbox.urls["youscan"], headers=headers, timeout=5) as client:
        yield client


def mentions(client: httpx.Client) -> httpx.Response:
    return client.get("/topics/101/mentions", params=EARLY)


@pytest.mark.parametrize(("kind", "status"), [("500", 500), ("502", 502), ("503", 503), ("revoked", 401)])
def test_errors_have_their_status(sandbox: Running, client: httpx.Client, kind: str, status: int) -> None:
    sandbox.next_faults([kind], "youscan")
    assert mentions(client).status_code == status
    assert mentions(client).status_code == 200


def test_503_says_when_in_seconds_or_as_a_date(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["503"] * 12)
    said = {mentions(client).headers["retry-after"] for _ in range(12)}
    dates = said - {"1"}
    assert "1" in said
    assert dates
    assert all(parsedate_to_datetime(date).tzinfo for date in dates)


def test_reset_breaks_the_connection_without_an_answer(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["reset"])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        mentions(client)
    assert mentions(client).status_code == 200


def test_lost_does_the_work_and_breaks_the_connection(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["lost"])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post("/topics/101/tags", json={"name": "потерян"})
    assert client.post("/topics/101/tags", json={"name": "потерян"}).status_code == 409


def test_reset_does_not_do_the_work(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["reset"])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        client.post("/topics/101/tags", json={"name": "не дошёл"})
    assert client.post("/topics/101/tags", json={"name": "не дошёл"}).status_code == 201


def test_truncated_ends_before_its_length(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["truncated"])
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        mentions(client)


def test_slow_drips_and_is_whole(sandbox: Running, client: httpx.Client, options: SandboxOptions) -> None:
    whole = mentions(client).content
    sandbox.next_faults(["slow"])
    began = time.monotonic()
    assert mentions(client).content == whole
    assert time.monotonic() - began >= options.slow_s


def test_stall_gives_no_answer_and_ends(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["stall"])
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        mentions(client)


def test_stall_ends_when_the_client_goes_away(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["stall"])
    with pytest.raises(httpx.ReadTimeout):
        client.get("/topics", timeout=httpx.Timeout(5, read=0.01))
    assert client.get("/topics").status_code == 200


def test_html_comes_with_200(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["html"])
    response = mentions(client)
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_malformed_adds_a_junk_record_and_loses_none(sandbox: Running, client: httpx.Client) -> None:
    whole = mentions(client).json()["mentions"]
    sandbox.next_faults(["malformed"])
    spoiled = mentions(client).json()["mentions"]
    assert len(spoiled) == len(whole) + 1
    assert [record for record in spoiled if isinstance(record, dict) and "seq" in record] == whole


def test_surrogate_is_an_escape_that_the_ledger_knows(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["surrogate"])
    response = mentions(client)
    assert b"\\ud83d" in response.content
    spoiled = [record for record in json.loads(response.content)["mentions"] if "\ud83d" in (record["fullText"] or "")]
    items = {item["source_id"]: item for item in sandbox.ledger("youscan")["items"]}
    item = items[spoiled[0]["id"]]
    assert item["also"] == [f"{item['text']}\ufffd"]


def test_faults_of_one_vendor_leave_the_other_alone(sandbox: Running, client: httpx.Client) -> None:
    sandbox.next_faults(["500"], "youscan")
    token = {"Authorization": f"Bearer {sandbox.keys['pointer']}"}
    assert httpx.get(f"{sandbox.urls['pointer']}/reviews", headers=token).status_code == 200
    assert mentions(client).status_code == 500


def test_faults_never_hit_the_control_api(sandbox: Running) -> None:
    sandbox.faults("revoked")
    assert sandbox.ledger("youscan")["items"]
    sandbox.faults()


def test_a_flaky_vendor_can_be_read_with_retries(sandbox: Running, client: httpx.Client) -> None:
    sandbox.faults("harsh", seed=3)
    for _ in range(30):
        assert any(good(client) for _ in range(4))
    log = sandbox.ledger("youscan")["client"]["log"]
    assert len({entry["fault"] for entry in log}) > 4


def good(client: httpx.Client) -> bool:
    try:
        response = mentions(client)
        return response.status_code == 200 and "json" in response.headers["content-type"]
    except httpx.TransportError:
        return False
