"""docs/reference/rules.md names every key that a file of rules takes, and its example is right."""

import re
import shutil
from pathlib import Path

import pytest

from hub.cli.docs import RULE_MODELS, filled
from hub.routing.facts import FACT_KEYS, facts_from
from hub.routing.rules import PACK, RuleSet, load_rules
from hub.sdk.findings import keys_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "write-rules.md"
TEXT = PAGE.read_text(encoding="utf-8")


def example(page: Path) -> str:
    """The first rules that stand on *page*."""
    _, _, rest = page.read_text(encoding="utf-8").partition("```yaml\n")
    return rest.partition("```")[0]


def test_the_tables_are_as_the_code_has_them() -> None:
    assert filled(TEXT) == TEXT, 'run "python -m hub.cli.docs" and commit docs/reference'


@pytest.mark.parametrize("model", RULE_MODELS, ids=lambda model: model.__name__)
def test_every_key_has_a_row_that_says_what_it_means(model: type) -> None:
    block = re.findall(rf"<!-- begin: rules-{model.__name__} -->\n(.*?)<!-- end -->", TEXT, re.DOTALL)
    assert len(block) == 1
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| [^|]* \| ([^|]*) \|$", block[0], re.MULTILINE)
    assert [key for key, _ in rows] == keys_of(model)
    assert all(meaning for _, meaning in rows)


def test_every_fact_stands_on_the_page() -> None:
    assert all(f"`{key}`" in TEXT for key in FACT_KEYS)


def failing(rules: RuleSet) -> list[str]:
    """The rules with an example that does not hold."""
    return [
        rule.name
        for rule in rules.rules
        for one in rule.examples
        if (rule.name in rules.decide(one.facts).rules) is not one.matches
    ]


@pytest.mark.parametrize("page", [PAGE, HOW_TO], ids=lambda page: page.stem)
def test_the_example_keeps_its_promises_before_the_built_in_rules_and_they_keep_theirs(
    page: Path, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(example(page), encoding="utf-8")
    rules = load_rules(tmp_path)
    built_in = {rule.name for rule in load_rules(None).rules}
    own = {rule.name for rule in load_rules(tmp_path, builtin=False).rules}
    assert not built_in & own, "a name of the built-in rules would take their place"
    assert any(rule.name in own and rule.examples for rule in rules.rules)
    assert failing(rules) == []


def test_the_example_of_the_how_to_goes_into_copies_of_the_built_in_rules(tmp_path: Path) -> None:
    shutil.copytree(PACK, tmp_path, dirs_exist_ok=True)
    (tmp_path / "00-own.yaml").write_text(f"builtin: false\n{example(HOW_TO)}", encoding="utf-8")
    rules = load_rules(tmp_path)
    assert failing(rules) == []
    found = rules.decide(facts_from({"text": "Касса с утра висит", "platform": "example.com", "kind": "mention"}))
    assert (found.queue, found.policy, found.notify, found.deliver) == ("helpdesk", "critical", ("lead",), None)
