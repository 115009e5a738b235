"""The rules in force, and rules and classifiers together."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.route import decided, router
from hub.routing.facts import Customer, Facts
from hub.routing.rules import RulesError, RuleSet, load_rules
from hub.runtime.plugins import classifier, hub_manager
from hub.runtime.rules import InForce, read_texts, rules_in_force, rules_problem
from hub.sdk import Classified, Undecided, hookimpl
from hub.store import Escalation, Store, open_store
from tests.unit.routing.folder import rules_of

GOOD = """\
builtin: false
rules:
  - name: {name}
    when: {{text: [украсть деньги]}}
    then: {{category: complaint, at_least: 80, queue: claims}}
  - name: praise-queue
    when: {{category: [praise]}}
    then: {{queue: thanks}}
"""


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}") as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yaml").write_text(GOOD.format(name="first"), encoding="utf-8")
    return rules


def version_of(found: InForce) -> str:
    assert found.load is not None
    return found.load().version


def test_without_a_folder_nothing_decides(store: Store) -> None:
    assert rules_in_force(None, store).load is None
    assert store.latest_rules() is None


def test_the_rules_of_the_folder_are_in_force_and_kept(store: Store, folder: Path) -> None:
    found = rules_in_force(folder, store)
    kept = store.latest_rules()
    assert kept is not None
    assert (found.problem, kept.version, dict(kept.files)) == (None, version_of(found), read_texts(folder))


def test_files_that_have_not_changed_are_read_only_when_something_is_to_be_decided(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = version_of(rules_in_force(folder, store))
    loaded: list[Path | None] = []

    def load(path: Path | None) -> RuleSet:
        loaded.append(path)
        return load_rules(path)

    monkeypatch.setattr("hub.routing.rules.load_rules", load)
    found = rules_in_force(folder, store)
    decides = router(found.load)
    assert (loaded, decides is None) == ([], False)
    assert decides is not None
    for _ in range(2):
        assert decides.decide(Facts(kind="mention", texts=("украли деньги",))).category == "complaint"
    assert loaded == [folder]
    assert version_of(found) == first


def test_a_broken_file_keeps_the_rules_before_it_in_force_and_says_so(store: Store, folder: Path) -> None:
    good = version_of(rules_in_force(folder, store))
    (folder / "b.yaml").write_text("rulez: []", encoding="utf-8")
    found = rules_in_force(folder, store)
    assert version_of(found) == good
    assert found.problem is not None
    assert 'b.yaml:1: rulez: unknown key; did you mean "rules"?' in found.problem
    assert f"(version {good}) stay in force" in found.problem
    (folder / "b.yaml").unlink()
    assert rules_in_force(folder, store).problem is None


@pytest.mark.parametrize(
    "make", [lambda path: path.symlink_to("gone.yaml"), lambda path: path.mkdir()], ids=["dangling", "folder"]
)
def test_a_file_that_is_none_is_told_and_changes_nothing(
    store: Store, folder: Path, make: Callable[[Path], object]
) -> None:
    before = version_of(rules_in_force(folder, store))
    make(folder / "z.yaml")
    found = rules_in_force(folder, store)
    assert found.problem is not None
    assert "z.yaml:1: cannot be read" in found.problem
    assert version_of(found) == before
    assert "cannot be read" in (rules_problem(folder, store) or "")


def test_broken_rules_without_earlier_ones_are_refused(store: Store, folder: Path) -> None:
    (folder / "a.yaml").write_text("rules: 5", encoding="utf-8")
    with pytest.raises(RulesError, match=r"a\.yaml:1: rules"):
        rules_in_force(folder, store)


@pytest.mark.parametrize("name", ["days.yaml", "days.txt", "more/days.yaml", "../days.yaml", "{folder}/../days.yaml"])
def test_the_days_that_a_calendar_takes_from_a_file_are_kept_with_the_rules(
    store: Store, folder: Path, name: str
) -> None:
    name = name.format(folder=folder)
    days = folder / name
    days.parent.mkdir(exist_ok=True)
    days.write_text('2026-11-07: ["09:00-16:00"]\n', encoding="utf-8")
    office = f'calendars: {{office: {{timezone: UTC, hours: {{mon-fri: "09:00-18:00"}}, overrides: {name}}}}}'
    (folder / "b.yaml").write_text(office, encoding="utf-8")
    good = version_of(rules_in_force(folder, store))
    (folder / "a.yaml").write_text("rulez: []", encoding="utf-8")
    days.write_text("2026-11-07: []\n", encoding="utf-8")
    found = rules_in_force(folder, store)
    assert found.load is not None
    rules = found.load()
    assert rules.version == good
    saturday = datetime(2026, 11, 7, tzinfo=UTC)
    assert rules.calendars["office"].elapsed(saturday, saturday + timedelta(days=1)) == 7 * 3600


@pytest.mark.parametrize("name", ["days.txt", "../days.yaml"])
def test_other_days_alone_are_other_rules(store: Store, folder: Path, name: str) -> None:
    (folder / name).write_text("2026-11-07: []\n", encoding="utf-8")
    office = f'calendars: {{office: {{timezone: UTC, hours: {{mon-fri: "09:00-18:00"}}, overrides: {name}}}}}'
    (folder / "b.yaml").write_text(office, encoding="utf-8")
    first = version_of(rules_in_force(folder, store))
    assert rules_problem(folder, store) is None
    (folder / name).write_text("2026-11-08: []\n", encoding="utf-8")
    assert version_of(rules_in_force(folder, store)) != first
    kept = store.latest_rules()
    assert kept is not None
    assert (kept.version == first, kept.files[name]) == (False, "2026-11-08: []\n")
    (folder / name).write_text("2026-11-08: x\n", encoding="utf-8")
    assert "overrides" in (rules_problem(folder, store) or "")


# --- classifiers ----------------------------------------------------------------------------------------------------


class Says:
    """A classifier."""

    def __init__(self, name: str, answer: Classified | Exception | None) -> None:
        self.name = name
        self.asked: list[Undecided] = []
        self._answer = answer

    @hookimpl
    def classify_ticket(self, ticket: Undecided) -> Classified | None:
        self.asked.append(ticket)
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


PRAISE = Classified("praise", by="tone", tags=("sure",))


def test_a_classifier_is_asked_for_what_no_rule_gave_a_category_and_the_rules_go_on_with_it() -> None:
    says = Says("tone", PRAISE)
    rules = rules_of(GOOD.format(name="stolen"))
    ask = classifier(hub_manager([says]))
    found = decided(rules, Facts(kind="mention", platform="vk.com", texts=("отличный банк",), rating=5.0), ask)
    assert (found.category, found.queue, found.tags) == ("praise", "thanks", ("sure",))
    assert found.rules == ("praise-queue", "tone")
    assert says.asked == [Undecided(None, ("отличный банк",), "vk.com", "mention", rating=5.0)]
    assert decided(rules, Facts(kind="mention", texts=("украли деньги",)), ask).category == "complaint"
    assert len(says.asked) == 1


def test_a_classifier_that_fails_or_says_nothing_leaves_it_to_the_next(caplog: pytest.LogCaptureFixture) -> None:
    plugins = [Says("last", PRAISE), Says("silent", None), Says("broken", RuntimeError("boom"))]
    found = decided(rules_of(GOOD.format(name="x")), Facts(kind="mention"), classifier(hub_manager(plugins)))
    assert found.category == "praise"
    [record] = caplog.records
    assert (record.getMessage(), record.__dict__["plugin"]) == ("plugin failed", "broken")


def test_what_a_rule_wants_of_the_known_is_proposed_for_somebody_unknown_and_else_asked_for() -> None:
    text = "builtin: false\nrules: [{name: a, then: {escalate: {to: crm, department: claims, when: customer_known}}}]"
    claims = (Escalation("crm", "claims"),)
    unknown = decided(rules_of(text), Facts(kind="mention"))
    known = decided(rules_of(text), Facts(kind="mention", customer=Customer(known=True)))
    assert (unknown.escalations, unknown.proposals) == ((), claims)
    assert (known.escalations, known.proposals) == (claims, ())


def test_without_classifiers_nobody_is_asked() -> None:
    assert classifier(hub_manager([])) is None
