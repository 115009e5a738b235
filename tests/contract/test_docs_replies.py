"""docs/reference/replies.md has every key of [replies] and of templates, and its example can be loaded."""

import re
from pathlib import Path

from hub.cli.docs import filled
from hub.routing.templates import KNOWN, load_templates
from hub.runtime.reply_settings import RepliesSettings
from hub.store.replies import STATES

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "replies.md"
TEXT = PAGE.read_text(encoding="utf-8")


def test_the_tables_are_as_the_code_has_them() -> None:
    assert filled(TEXT) == TEXT, 'run "make docs" and commit docs/reference'
    assert {f"`{name}`" for name in RepliesSettings.model_fields} <= set(re.findall(r"`\w+`", TEXT))


def test_every_placeholder_and_state_stands_on_the_page() -> None:
    assert re.findall(r"^\| `\{(\w+)\}` \|", TEXT, re.MULTILINE) == list(KNOWN)
    states = TEXT.partition("## States of an answer")[2]
    assert re.findall(r"^\| `(\w+)` \|", states, re.MULTILINE) == list(STATES)


def test_the_example_is_right(tmp_path: Path) -> None:
    example = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)[0]
    (tmp_path / "a.yaml").write_text(example, encoding="utf-8")
    assert list(load_templates(tmp_path).by_name) == ["praise"]
