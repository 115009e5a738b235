"""What every connector owes the engine, as tests to inherit.

A plugin's ``tests/test_contract.py`` is all of this::

    class TestAcme(ConnectorContract):
        pages = Path(__file__).parent / "pages"

        def connector(self) -> Acme:
            return Acme(AcmeConfig(connector="acme", token="kept-secret"))

Its folder ``pages/`` holds recorded pages (:mod:`hub.testing.replay`) of the references, of a poll of every stream, and
of those sweeps that are to be tried, recorded as if the present were ``now``. An exemption is a test overridden with
its reason.
"""

# ruff: noqa: S101 - these are tests; they only live in the package so that plugins can inherit them

import copy
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import SecretStr

from hub.sdk import (
    ABILITIES,
    Action,
    AuthError,
    Connector,
    ConnectorConfig,
    Delivery,
    HubError,
    Inquiry,
    Link,
    OAuth2,
    Outgoing,
    Read,
    Record,
    Request,
    Response,
    TransientError,
    Webhook,
)
from hub.testing import probes
from hub.testing.clock import NOW
from hub.testing.golden import check_golden, drafts_of
from hub.testing.replay import Answer, Replay, Step, read_references, walk
from hub.testing.tickets import check_tickets


class ConnectorContract:
    """Tests of one connector.

    Attributes:
        pages: folder of recorded pages.
        now: the present that the pages were recorded in; aware.
        actions: an action that the source takes, by its name, for connectors that act; a usual one unless given.
    """

    pages: ClassVar[Path]
    now: ClassVar[datetime] = NOW
    actions: ClassVar[Mapping[str, Action]] = {}

    def connector(self) -> Connector[Any]:
        """Return a new connector with secrets of six characters or more in its settings."""
        raise NotImplementedError("override connector()")

    def answer(self) -> Answer:
        """Return what answers requests: the recorded pages, from the start."""
        return Replay(self.connector(), self.pages)

    def reads(self) -> Sequence[Read]:
        """Return what is tried: a poll of every stream, and every sweep whose first page is recorded."""
        connector = self.connector()
        if "pull" not in connector.abilities(connector.config):
            return []
        reference = read_references(connector, self.now, self.answer())
        known = Replay(connector, self.pages)
        reads = []
        for stream in connector.streams(reference):
            reads.append(Read(stream.name, "poll", self.now, reference=reference))
            for sweep in stream.sweeps:
                since = self.now - sweep.window if sweep.window else None
                read = Read(stream.name, "sweep", self.now, name=sweep.name, since=since, reference=reference)
                first = connector.request(read)
                reads += [read] if first and known.knows(first) else []
        return reads

    def polls(self) -> list[Read]:
        """Return those of ``reads()`` that move a cursor."""
        return [read for read in self.reads() if read.mode in ("poll", "backfill")]

    def walk(self, read: Read) -> list[Step]:
        """Return the pages of *read*, read by a new connector."""
        return walk(self.connector(), read, self.answer())

    def records(self) -> list[tuple[Record, Read]]:
        """Return every recorded record with its read."""
        return [(record, read) for read in self.reads() for step in self.walk(read) for record in step.records]

    def good_records(self) -> list[tuple[Record, Read]]:
        """Return the records that become drafts."""
        connector = self.connector()
        return [(record, read) for record, read in self.records() if probes.drafts_or_none(connector, record, read)]

    # --- what it is ---------------------------------------------------------------------------------------------

    def test_its_name_is_its_entry_point(self) -> None:
        connector = self.connector()
        package = type(connector).__module__.split(".")[0]
        mine = {entry.name: entry for entry in entry_points(group="hub") if entry.module.split(".")[0] == package}
        assert connector.name in mine, (
            f'no installed entry point "{connector.name}" of group "hub" leads to {package}; it has {sorted(mine)}:'
            f' write [project.entry-points.hub] {connector.name} = "{package}" and install the plugin'
        )
        assert mine[connector.name].load().register_connector() is type(connector)

    def test_every_setting_of_its_own_says_what_it_is_for(self) -> None:
        inherited = ConnectorConfig.model_fields
        own = {name: f for name, f in self.connector().Config.model_fields.items() if f is not inherited.get(name)}
        silent = [name for name, setting in own.items() if not setting.description]
        assert not silent, f"settings without a description: {', '.join(silent)}; write Field(description=...)"

    def test_every_sweep_is_a_key_of_the_setting_for_sweeps(self) -> None:
        connector = self.connector()
        pulls = "pull" in connector.abilities(connector.config)
        streams = connector.streams(read_references(connector, self.now, self.answer())) if pulls else ()
        unknown = {sweep.name for stream in streams for sweep in stream.sweeps} - connector.sweep_names
        assert not unknown, f"sweeps that no setting can name: {sorted(unknown)}; add them to sweep_names"

    def test_every_declared_ability_is_there_and_works(self) -> None:
        connector = self.connector()
        abilities = connector.abilities(connector.config)
        assert abilities, "it has no ability; override normalize, deliver, escalate, act, receive or identify"
        assert abilities <= ABILITIES.keys(), f"unknown abilities {sorted(abilities - ABILITIES.keys())}"
        for ability in sorted(abilities):
            self._try(ability)

    def _try(self, ability: str) -> None:
        connector = self.connector()
        match ability:
            case "pull":
                assert self.good_records(), "no recorded page holds a record that becomes a draft"
            case "act":
                self._try_actions(connector)
            case "receive":
                self._try_receive(connector)
            case "identify":
                self._try_identify(connector)
            case _:
                self._try_writing(connector, ability)

    def _try_writing(self, connector: Connector[Any], ability: str) -> None:
        sure = Delivery(probes.ticket(), probes.MARKER, self.now)
        made = Link(role="escalated", instance=connector.name, external_id="1")
        first = next(getattr(connector, ABILITIES[ability])(replace(sure, link=made)), None)
        assert first is None or (isinstance(first, Request) and first.repeatable), (
            f"{ability} begins with {first} though the case is made;"
            " do only what is left to do where delivery.link is given"
        )
        for delivery in (sure, replace(sure, unsure_since=self.now)):
            steps = getattr(connector, ABILITIES[ability])(delivery)
            first = next(steps)
            assert isinstance(first, Request), f"{ability} does not begin with a request"
            assert delivery.unsure_since is None or first.repeatable, (
                f"{ability} begins with {first.method} {first.path} though an earlier try may have left something;"
                " look it up by the marker first, or say safe=True where the vendor takes an idempotency key"
            )
            steps.close()

    def _try_identify(self, connector: Connector[Any]) -> None:
        ways = connector.identifies_by()
        assert ways and ways <= {"phone", "email", "handle"}, (
            f"identifies_by gives {sorted(ways)}; some of phone, email, handle"
        )
        reference = read_references(connector, self.now, self.answer()) if connector.references else {}
        unknown = Inquiry("vk.com", "1", self.now, reference=reference)
        phones, emails = ("+79990000000",), ("nobody@example.org",)
        steps = connector.identify(replace(unknown, handle="nobody", phones=phones, emails=emails))
        first = next(steps, None)
        assert first is None or (isinstance(first, Request) and first.repeatable), (
            f"identify begins with {first}; it only looks up, so every request may be sent again: say safe=True"
        )
        steps.close()
        try:
            next(connector.identify(unknown))
        except StopIteration as end:
            assert end.value == (), "identify finds somebody of whom nothing is known to look up by"
        else:
            raise AssertionError("identify asks for somebody of whom nothing is known to look up by")

    def _try_actions(self, connector: Connector[Any]) -> None:
        assert connector.actions, "it can act, but declares no actions"
        with pytest.raises(StopIteration) as ended:
            next(connector.act(()))
        assert ended.value.value == (), "without actions there is nothing to ask and nothing to answer"
        for name in sorted(connector.actions):
            steps = connector.act((self.actions.get(name) or self._action(name),))
            first = next(steps)
            assert isinstance(first, Request), f"{name} does not begin with a request but with {first!r}"
            steps.close()

    def _action(self, name: Any) -> Action:
        """Return *name* done to the first recorded message."""
        record, read = self.good_records()[0]
        draft = drafts_of(self.connector(), record, read)[0]
        message = next(probes.flat((draft,)))
        values = ("negative",) if name == "set_sentiment" else ("spam",) if name == "report" else ("tag",)
        context = message.model_dump() | draft.model_dump(include={"place", "platform", "url", "extra"})
        return Action(name, read.stream, message.source_id, text="text", values=values, context=context)

    @staticmethod
    def _try_receive(connector: Connector[Any]) -> None:
        for body in (b"", b"{}", b"junk"):
            try:
                streams = connector.receive(Webhook({}, body))
            except HubError:
                continue  # a refusal is an answer
            assert all(isinstance(name, str) for name in streams)

    # --- reading ------------------------------------------------------------------------------------------------

    def test_pages_end_and_no_request_comes_twice(self) -> None:
        # The walk raises EndlessError on a request that comes twice.
        for read in self.reads():
            assert self.walk(read), f"{probes.named(read)}: request() gave nothing to read"

    def test_cursors_are_json_and_move_forward(self) -> None:
        for read in self.polls():
            cursors = [step.cursor for step in self.walk(read) if step.cursor is not None]
            assert cursors, f"{probes.named(read)}: no page leaves a cursor, so every poll would begin anew"
            for cursor in cursors:
                assert json.loads(json.dumps(cursor)) == cursor, (
                    f"{probes.named(read)}: cursor {cursor} is not plain JSON"
                )
            for before, after in pairwise(cursors):
                assert not probes.goes_back(before, after), (
                    f"{probes.named(read)}: the cursor goes back from {before} to {after}"
                )

    def test_resuming_from_any_cursor_gives_the_records_of_one_run(self) -> None:
        for read in self.polls():
            steps = self.walk(read)
            whole = probes.canonical(record for step in steps for record in step.records)
            for n, step in enumerate(steps[:-1], start=1):
                if step.cursor is None or step.cursor == steps[-1].cursor:
                    continue
                stored = [*steps[:n], *itertools.takewhile(lambda s: s.is_detail, steps[n:])]  # one checkpoint
                resumed = self.walk(replace(read, cursor=json.loads(json.dumps(step.cursor))))
                both = probes.canonical(record for part in (stored, resumed) for s in part for record in s.records)
                assert both == whole, f"{probes.named(read)}: resumed from {step.cursor}, {probes.lost(whole, both)}"

    def test_a_backfills_windows_have_days_and_a_count_takes_any_refusal(self) -> None:
        connector = self.connector()
        if "pull" not in connector.abilities(connector.config):
            return
        reference = read_references(connector, self.now, self.answer())
        since, until = self.now - timedelta(days=7), self.now - timedelta(days=6)
        for stream in connector.streams(reference):
            window = connector.window(stream.name)
            assert window is None or window >= timedelta(days=1), f"{stream.name}: windows are of whole days"
            read = Read(stream.name, "backfill", self.now, since=since, until=until, reference=reference)
            steps = connector.count(read)
            asked = next(steps, None)
            if asked is None:
                continue
            assert asked.repeatable, f"{stream.name}: a count begins with {asked.method} {asked.path}; say safe=True"
            with pytest.raises(StopIteration) as ended:
                steps.send(Response(404, {}, b"", asked))
            assert ended.value.value is None, f"{stream.name}: a refusal counts nothing, so return None"

    def test_source_ids_are_unique_within_a_stream(self) -> None:
        connector = self.connector()
        for read in self.reads():
            seen: set[str] = set()
            for step in self.walk(read):
                for source_id in probes.source_ids(connector, step.records, read):
                    assert source_id not in seen, (
                        f"{probes.named(read)}: {source_id!r} is the source_id of two messages"
                    )
                    seen.add(source_id)

    def test_limits_are_sane(self) -> None:
        connector = self.connector()
        for request in self._requests():
            limits = list(connector.limits(request))
            names = [limit.name for limit in limits]
            assert len(names) == len(set(names)), f"{request.path}: two limits have the same name: {names}"
            for limit in limits:
                assert limit.name, f"{request.path}: a limit without a name"
                assert limit.calls is None or limit.calls >= 1, f"{request.path}: {limit} lets nothing through"
                assert limit.per_s > 0, f"{request.path}: {limit} has no window"
                assert limit.concurrency is None or limit.concurrency >= 1, f"{request.path}: {limit} lets nothing by"

    def test_any_error_of_the_source_is_told_apart(self) -> None:
        connector = self.connector()
        request = next(self._requests(), Request("GET", "/"))
        for status in probes.STATUSES:
            for body in probes.BODIES:
                fault = connector.classify(Response(status, {"content-type": "text/html"}, body, request))
                assert fault is None or isinstance(fault, HubError), f"{status} {body!r}: {fault!r}"
                if status == 401:
                    assert isinstance(fault, AuthError), "401 must pause the instance: return AuthError"
                if status == 429 or status >= 500:
                    assert isinstance(fault, HubError), f"{status} is taken for a good answer"
                if status == 429:
                    assert isinstance(fault, TransientError), "429 must be waited for: return TransientError"

    # --- normalising --------------------------------------------------------------------------------------------

    def test_normalising_is_deterministic_and_leaves_the_record_alone(self) -> None:
        for record, read in self.good_records():
            first_copy, second_copy = copy.deepcopy(record), copy.deepcopy(record)
            first = drafts_of(self.connector(), first_copy, read)
            assert first_copy == record, f"{probes.named(read)}: normalize changes the record"
            second = drafts_of(self.connector(), second_copy, read)
            assert first == second, f"{probes.named(read)}: the same record gives different drafts"

    def test_drafts_are_those_that_validation_gives(self) -> None:
        connector = self.connector()
        for record, read in self.good_records():
            for draft in drafts_of(connector, record, read):
                validated = type(draft).model_validate(draft.model_dump())
                assert draft == validated, f"{probes.named(read)}: a value of another type than its field: {draft!r}"

    def test_times_are_aware_and_utc(self) -> None:
        for record, read in self.good_records():
            for draft in drafts_of(self.connector(), record, read):
                for moment in probes.moments(dict(draft)):
                    assert moment.tzinfo is UTC, f"{probes.named(read)}: {moment!r} is not UTC"

    def test_unknown_fields_change_nothing(self) -> None:
        connector = self.connector()
        for record, read in self.good_records():
            if isinstance(record, dict):
                wider = {probes.UNKNOWN_FIELD: {"a": [1, None]}, **record, probes.UNKNOWN_FIELD + "_2": "new"}
                assert drafts_of(connector, wider, read) == drafts_of(connector, record, read), probes.named(read)

    def test_a_malformed_record_is_refused_alone(self) -> None:
        connector = self.connector()
        for read in {(read.stream, read.mode, read.name): read for _, read in self.good_records()}.values():
            for junk in probes.JUNK:
                with pytest.raises(Exception):  # noqa: B017 - any will do, it becomes a dead letter
                    connector.normalize(junk, read)
        for record, read in self.good_records():
            if not isinstance(record, dict):
                continue
            ids = {draft.source_id for draft in probes.flat(drafts_of(connector, record, read))}
            nameless = {key: value for key, value in record.items() if not probes.is_one_of(value, ids)}
            if nameless != record:
                with pytest.raises(Exception):  # noqa: B017 - as above
                    connector.normalize(nameless, read)

    def test_malformed_records_among_good_ones_do_not_spoil_a_page(self) -> None:
        connector = self.connector()
        for read in self.reads():
            for step in self.walk(read):
                body = probes.with_junk(step)
                if body is None:
                    continue
                spoiled = probes.with_body(step.response, body)
                page = self.connector().parse(spoiled, step.read)
                kept = probes.canonical(page.records)
                assert probes.canonical(step.page.records) <= kept, (
                    f"{probes.named(read)}: junk takes good records away"
                )
                if type(connector).position is not Connector.position and step.cursor is not None:
                    assert not probes.goes_back(step.cursor, page.cursor or step.cursor)

    def test_golden_drafts(self) -> None:
        reads = self.reads()
        if reads:
            check_golden(self.connector(), self.pages, reads)

    def test_golden_tickets(self) -> None:
        reads = self.reads()
        if reads:
            check_tickets(self.connector(), self.pages, reads, self.now)

    # --- secrets ------------------------------------------------------------------------------------------------

    def test_no_secret_in_any_repr(self) -> None:
        connector = self.connector()
        for thing in (connector, connector.config, connector.auth()):
            self._assert_clean(repr(thing) + str(thing), type(thing).__name__)

    def test_no_secret_in_any_request_or_error(self) -> None:
        connector = self.connector()
        for request in self._requests():
            self._assert_clean(repr(request), f"{request.method} {request.path}")
            for status in probes.STATUSES:
                fault = connector.classify(Response(status, {}, b"", request))
                self._assert_clean(f"{fault!r} {fault}", f"the error of {status}")

    def test_credentials_are_added_to_what_is_sent(self) -> None:
        connector = self.connector()
        auth = connector.auth()
        used = auth.place(SecretStr("an access token")) if isinstance(auth, OAuth2) else auth
        bare = Outgoing("GET", "https://source.example/api/x", {}, json={})
        sent = used.apply(bare, "https://source.example/api")
        assert sent != bare or not used.secrets(), "auth() has secrets but adds nothing to a request"

    def secrets(self) -> set[str]:
        """Return every secret of the connector's settings and credentials."""
        connector = self.connector()
        values = dict(connector.config).values()
        settings = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        found = {*settings, *connector.auth().secrets()}
        assert all(len(secret) >= 6 for secret in found), "use secrets of six characters or more in connector()"
        return found

    def _assert_clean(self, text: str, where: str) -> None:
        for secret in self.secrets():
            assert secret not in text, f"a secret stands in {where}"

    def _requests(self) -> Iterator[Request]:
        connector = self.connector()
        for read in self.reads():
            for step in walk(connector, read, self.answer()):
                yield step.request
