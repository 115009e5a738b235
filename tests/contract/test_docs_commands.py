"""docs/reference/commands.md says what the commands themselves say."""

import re
from pathlib import Path

from hub.cli.docs import commands, filled

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


def test_the_page_has_the_help_of_every_command_as_it_is_now() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == filled(text), 'run "python -m hub.cli.docs" and commit docs/reference'


def test_every_command_is_a_heading_and_no_other() -> None:
    headings = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == [name for name, _, _ in commands()]


def test_every_command_and_option_says_what_it_does() -> None:
    for name, command, ctx in commands():
        assert command.help, name
        for param in command.get_params(ctx):
            record = param.get_help_record(ctx)
            assert param.param_type_name == "argument" or (record and record[1]), f"{name} {param.name}"
