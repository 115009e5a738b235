"""The contract lets a good connector pass and finds each mistake, by the test that is named for it."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.sdk import (
    Action,
    Bearer,
    Cursor,
    Delivery,
    HubError,
    Limit,
    Page,
    Read,
    Record,
    Request,
    Response,
    Steps,
    Stream,
    Sweep,
    TicketDraft,
    TransientError,
)
from hub.sdk import Writes as Writing
from hub.testing import ConnectorContract
from tests.unit.testing.toys import SECRET, Toy, ToyConfig, toy, write_pages


def contract(kind: type[Toy], folder: Path) -> ConnectorContract:
    class Contract(ConnectorContract):
        pages = folder

        def connector(self) -> Toy:
            return toy(kind)

    return Contract()


class TestGoodToy(ConnectorContract):
    @pytest.fixture(autouse=True)
    def _recorded(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(type(self), "pages", write_pages(tmp_path), raising=False)
        monkeypatch.setenv("HUB_GOLDEN", "write")

    def connector(self) -> Toy:
        return toy()

    def test_its_name_is_its_entry_point(self) -> None:
        """Exempt: a connector inside a test is not installed."""


class Endless(Toy):
    def parse(self, response: Response, read: Read) -> Page:
        page = super().parse(response, read)
        return page if read.mode == "reference" else Page(page.records, next_request=response.request)


class Sweeping(Toy):
    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return [Stream("a", sweeps=(Sweep("edits", timedelta(hours=1)),))]


class Backwards(Toy):
    def position(self, record: Record) -> Cursor:
        return {"n": -record["n"]}


class NoCursor(Toy):
    def position(self, record: Record) -> Cursor:
        raise KeyError("n")


class NotJson(Toy):
    def position(self, record: Record) -> Cursor:
        return {"n": (record["n"],)}


class SameIds(Toy):
    def normalize(self, record: Record, read: Read) -> TicketDraft:
        return super().normalize({**record, "id": "same"}, read)


class Counting(Toy):
    seen = 0

    def normalize(self, record: Record, read: Read) -> TicketDraft:
        Counting.seen += 1
        return super().normalize({**record, "text": str(Counting.seen)}, read)


class Writes(Toy):
    def normalize(self, record: Record, read: Read) -> TicketDraft:
        record["text"] += "!"
        return super().normalize(record, read)


class Tolerant(Toy):
    def normalize(self, record: Record, read: Read) -> TicketDraft | None:  # type: ignore[override]  # the mistake
        return super().normalize(record, read) if isinstance(record, dict) and "id" in record else None


class Curious(Toy):
    def normalize(self, record: Record, read: Read) -> TicketDraft:
        return super().normalize({**record, "text": str(sorted(record))}, read)


class Fragile(Toy):
    def parse(self, response: Response, read: Read) -> Page:
        for item in response.json()["items"]:
            item["n"] if read.mode == "poll" else None
        return super().parse(response, read)


class Drops(Toy):
    def parse(self, response: Response, read: Read) -> Page:
        page = super().parse(response, read)
        return Page([]) if None in page.records else page


class Leaks(Toy):
    def __repr__(self) -> str:
        return f"Toy({self.config.token.get_secret_value()})"


class KeyInAnError(Toy):
    def classify(self, response: Response) -> HubError | None:
        fault = super().classify(response)
        return TransientError(f"{fault} with {SECRET}") if fault and response.status >= 500 else fault


class NoCredentials(Bearer):
    def apply(self, outgoing: Any, base_url: str) -> Any:
        return outgoing


class Forgetful(Toy):
    def auth(self) -> NoCredentials:
        return NoCredentials(self.config.token)


class Impatient(Toy):
    def classify(self, response: Response) -> HubError | None:
        return None if response.status == 429 else super().classify(response)


class ReadsErrors(Toy):
    def classify(self, response: Response) -> HubError | None:
        return HubError(response.json()["message"]) if response.status == 400 else super().classify(response)


class Standstill(Toy):
    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit("requests", calls=0),)


class SilentConfig(ToyConfig):
    colour: str = "red"


class Silent(Toy):
    Config = SilentConfig


class ActsOnNothing(Toy):
    def act(self, actions: Sequence[Action]) -> Steps:
        yield Request("POST", "/act")
        return ()


class CreatesAgain(Toy):
    """Looks nothing up."""

    def escalate(self, delivery: Delivery) -> Writing:
        if delivery.link is None:
            yield Request("POST", "/cases")


class CreatesOnceMore(Toy):
    """Does not care whether the case is made."""

    def escalate(self, delivery: Delivery) -> Writing:
        if delivery.unsure_since is not None:
            yield Request("GET", "/cases")
        yield Request("POST", "/cases")


class Escalates(Toy):
    """Does it right."""

    def escalate(self, delivery: Delivery) -> Writing:
        if delivery.link is None:
            yield Request("POST", "/cases", safe=True)


class SaysNothing(Toy):
    def normalize(self, record: Record, read: Read) -> TicketDraft:
        raise KeyError("every record is refused")


MISTAKES: list[tuple[type[Toy], Callable[[ConnectorContract], None], str]] = [
    (Endless, ConnectorContract.test_pages_end_and_no_request_comes_twice, "was asked for before"),
    (Backwards, ConnectorContract.test_cursors_are_json_and_move_forward, "goes back"),
    (NoCursor, ConnectorContract.test_cursors_are_json_and_move_forward, "no page leaves a cursor"),
    (NotJson, ConnectorContract.test_cursors_are_json_and_move_forward, "not plain JSON"),
    (SameIds, ConnectorContract.test_source_ids_are_unique_within_a_stream, "is the source_id of two messages"),
    (
        Counting,
        ConnectorContract.test_normalising_is_deterministic_and_leaves_the_record_alone,
        "gives different drafts",
    ),
    (
        Writes,
        ConnectorContract.test_normalising_is_deterministic_and_leaves_the_record_alone,
        "normalize changes the record",
    ),
    (Tolerant, ConnectorContract.test_a_malformed_record_is_refused_alone, "DID NOT RAISE"),
    (Curious, ConnectorContract.test_unknown_fields_change_nothing, "poll of stream"),
    (Fragile, ConnectorContract.test_malformed_records_among_good_ones_do_not_spoil_a_page, "NoneType"),
    (Drops, ConnectorContract.test_malformed_records_among_good_ones_do_not_spoil_a_page, "takes good records away"),
    (Leaks, ConnectorContract.test_no_secret_in_any_repr, "a secret stands in Leaks"),
    (KeyInAnError, ConnectorContract.test_no_secret_in_any_request_or_error, "a secret stands in the error of 500"),
    (Forgetful, ConnectorContract.test_credentials_are_added_to_what_is_sent, "adds nothing to a request"),
    (
        Sweeping,
        ConnectorContract.test_every_sweep_is_a_key_of_the_setting_for_sweeps,
        "sweeps that no setting can name",
    ),
    (Impatient, ConnectorContract.test_any_error_of_the_source_is_told_apart, "429 is taken for a good answer"),
    (ReadsErrors, ConnectorContract.test_any_error_of_the_source_is_told_apart, "expected JSON"),
    (Standstill, ConnectorContract.test_limits_are_sane, "lets nothing through"),
    (Silent, ConnectorContract.test_every_setting_of_its_own_says_what_it_is_for, "without a description: colour"),
    (ActsOnNothing, ConnectorContract.test_every_declared_ability_is_there_and_works, "declares no actions"),
    (CreatesAgain, ConnectorContract.test_every_declared_ability_is_there_and_works, "look it up by the marker first"),
    (CreatesOnceMore, ConnectorContract.test_every_declared_ability_is_there_and_works, "though the case is made"),
    (SaysNothing, ConnectorContract.test_every_declared_ability_is_there_and_works, "no recorded page holds a record"),
    (Toy, ConnectorContract.test_its_name_is_its_entry_point, 'no installed entry point "toy"'),
]


@pytest.mark.parametrize(("kind", "test", "said"), MISTAKES)
def test_each_mistake_is_found_and_named(
    kind: type[Toy], test: Callable[[ConnectorContract], None], said: str, pages: Path
) -> None:
    # pytest's own failures are no Exceptions.
    with pytest.raises(BaseException, match=said):
        test(contract(kind, pages))


def test_a_destination_that_looks_up_or_repeats_safely_is_a_good_one(pages: Path) -> None:
    contract(Escalates, pages).test_every_declared_ability_is_there_and_works()


def test_a_cursor_that_loses_records_on_resuming_is_found(pages: Path) -> None:
    class Skips(Toy):
        def parse(self, response: Response, read: Read) -> Page:
            page = super().parse(response, read)
            after = response.request.params.get("after") if read.mode == "poll" else None
            return Page(page.records, page.next_request, cursor={"n": 3} if after is None and page.records else None)

        def request(self, read: Read) -> Request | None:
            first = super().request(read)
            return first.with_params(after=5) if first and read.cursor and read.cursor["n"] == 3 else first

    with pytest.raises(AssertionError, match="2 records are missing"):
        contract(Skips, pages).test_resuming_from_any_cursor_gives_the_records_of_one_run()


def test_the_rest_of_the_public_tools_need_no_pytest() -> None:
    code = "import sys; sys.modules['pytest'] = None; import hub.testing; hub.testing.Replay"
    subprocess.run([sys.executable, "-c", code], check=True)
