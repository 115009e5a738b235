"""docs/reference/rules.md names every key that a file of rules takes, and its example is right."""

import re
from pathlib import Path

import pytest

from hub.cli.docs import RULE_MODELS, filled
from hub.routing.facts import FACT_KEYS
from hub.routing.rules import load_rules
from hub.sdk.findings import keys_of

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "rules.md"
TEXT = PAGE.read_text(encoding="utf-8")


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


def test_the_example_is_right_and_its_own_examples_hold(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0], encoding="utf-8")
    rules = load_rules(tmp_path, builtin=False)
    held = [
        (rule.name in rules.decide(one.facts).rules) == one.matches for rule in rules.rules for one in rule.examples
    ]
    assert held == [True] * 3
