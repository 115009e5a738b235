"""The rules in force, and rules and classifiers together."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.pipeline.route import decided
from hub.routing.facts import Facts
from hub.routing.rules import RulesError
from hub.runtime.plugins import classifier, hub_manager
from hub.runtime.rules import read_texts, rules_in_force
from hub.sdk import Classified, Undecided, hookimpl
from hub.store import Store, open_store
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


def test_without_a_folder_nothing_decides(store: Store) -> None:
    assert rules_in_force(None, store).rules is None
    assert store.latest_rules() is None


def test_the_rules_of_the_folder_are_in_force_and_kept(store: Store, folder: Path) -> None:
    found = rules_in_force(folder, store)
    kept = store.latest_rules()
    assert found.rules is not None
    assert kept is not None
    assert (found.problem, kept.version, dict(kept.files)) == (None, found.rules.version, read_texts(folder))


def test_a_broken_file_keeps_the_rules_before_it_in_force_and_says_so(store: Store, folder: Path) -> None:
    good = rules_in_force(folder, store).rules
    (folder / "b.yaml").write_text("rulez: []", encoding="utf-8")
    found = rules_in_force(folder, store)
    assert good is not None
    assert found.rules is not None
    assert found.rules.version == good.version
    assert found.problem is not None
    assert 'b.yaml:1: rulez: unknown key; did you mean "rules"?' in found.problem
    assert f"(version {good.version}) stay in force" in found.problem
    (folder / "b.yaml").unlink()
    assert rules_in_force(folder, store).problem is None


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
    good = rules_in_force(folder, store).rules
    (folder / "a.yaml").write_text("rulez: []", encoding="utf-8")
    days.write_text("2026-11-07: []\n", encoding="utf-8")
    found = rules_in_force(folder, store)
    assert good is not None
    assert found.rules is not None
    assert found.rules.version == good.version
    saturday = datetime(2026, 11, 7, tzinfo=UTC)
    assert found.rules.calendars["office"].elapsed(saturday, saturday + timedelta(days=1)) == 7 * 3600


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


def test_without_classifiers_nobody_is_asked() -> None:
    assert classifier(hub_manager([])) is None
