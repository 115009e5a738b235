"""What the docs tell a reader to type works: command lines, settings, make targets, imports."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import hub.sdk
import hub.testing
from hub.cli.app import hub as command_line
from hub.runtime.config import load_settings
from hub.runtime.plugins import discover

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("plugins/*/README.md")])
FRAGMENTS = sorted((ROOT / "changelog.d").iterdir())
ENV = {
    "YOUSCAN_API_KEY": "kept-secret",
    "POINTER_TOKEN": "kept-secret",
    "JIRA_TOKEN": "kept-secret",
    "BITRIX24_WEBHOOK": "https://acme.bitrix24.ru/rest/1/kept-secret/",
    "AMOCRM_TOKEN": "kept-secret",
    "DESK_SECRET": "kept-secret",
    "LEAD_NOTIFY_URL": "json://127.0.0.1/kept-secret",
    "USEDESK_TOKEN": "kept-secret",
    "RT_TOKEN": "kept-secret",
}

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`((?:hub|make) [^`]+)`")


def blocks(page: Path, *languages: str) -> Iterator[str]:
    """Yield the fenced blocks of *page* in one of *languages*."""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language in languages:
            yield text


def typed(page: Path) -> Iterator[str]:
    """Yield every command of *page* that begins with ``hub`` or ``make``, variables before it left out."""
    for text in blocks(page, "console"):
        yield from re.findall(r"^\$ (?:\w+=\S+ )?((?:hub|make) .*)$", text, re.MULTILINE)
    for text in blocks(page, "sh"):
        yield from re.findall(r"^((?:hub|make) .*)$", text, re.MULTILINE)
    yield from (line for line in _INLINE.findall(page.read_text(encoding="utf-8")) if "…" not in line)


def words_of(line: str) -> list[str]:
    """Return the words of *line* up to a pipe, a redirection or a comment."""
    words = shlex.split(line, comments=True)
    end = next((n for n, word in enumerate(words) if word in ("|", ">")), len(words))
    return words[1:end]


def check(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Follow *words* down to a command and let it read its options.

    Raises:
        click.UsageError: there is no such command or option.
    """
    ctx = click.Context(command, parent=parent, info_name=command.name)
    _, left, _ = command.make_parser(ctx).parse_args(list(words))
    if isinstance(command, click.Group) and left:
        found = command.get_command(ctx, left[0])
        if found is None:
            raise click.UsageError(f"there is no command {left[0]!r}")
        check(found, left[1:], ctx)


LINES = sorted({line for page in PAGES for line in typed(page)})


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("hub ")])
def test_the_commands_in_the_docs_exist_with_their_options(line: str) -> None:
    check(command_line, words_of(line))


def test_a_command_that_does_not_exist_would_be_found() -> None:
    for line in ("hub tickts list", "hub sync --sweep", "hub dead lst"):
        with pytest.raises(click.UsageError):
            check(command_line, words_of(line))


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("make ")])
def test_the_make_targets_in_the_docs_exist(line: str) -> None:
    targets = re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert words_of(line)[0] in targets


LABELLED = "".join(
    f'{{"text": "text {n}", "category": "{label}"}}\n' for n in range(20) for label in ("praise", "complaint")
)
"""What a file that settings name may hold."""

SETTINGS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(blocks(page, "toml"))
    # The tutorial's connector is not installed here; tests/e2e/test_tutorial.py loads its settings.
    if ("[instances." in text or "[plugins." in text) and page.parent.name != "tutorial"
]


@pytest.mark.parametrize("text", SETTINGS)
def test_the_settings_in_the_docs_load(text: str, tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(text, encoding="utf-8")
    for name in re.findall(r'file = "([^/"]+)"', text):
        (tmp_path / name).write_text(LABELLED, encoding="utf-8")
    settings = load_settings(path, discover(), ENV)
    assert settings.instances or settings.plugins


def test_the_readme_has_settings_for_every_plugin() -> None:
    text = "\n".join(blocks(ROOT / "README.md", "toml"))
    registry = discover()
    for name in registry.names():
        assert f'connector = "{name}"' in text
    for name in registry.names("plugin"):
        assert f"[plugins.{name}]" in text


def test_python_in_the_docs_is_python_and_imports_what_is_public() -> None:
    for page in PAGES:
        for text in blocks(page, "python"):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.ImportFrom) and node.module in ("hub.sdk", "hub.testing"):
                    public = getattr(hub, node.module.removeprefix("hub.")).__all__
                    assert {alias.name for alias in node.names} <= set(public), page.name


@pytest.mark.parametrize("fragment", FRAGMENTS, ids=lambda file: file.name)
def test_changelog_fragments_are_named_and_said_for_users(fragment: Path) -> None:
    assert re.fullmatch(r"[a-z0-9-]+\.(added|changed|fixed|removed)\.md", fragment.name)
    text = fragment.read_text(encoding="utf-8")
    assert text.strip()
    assert text.endswith("\n")
    assert not text.startswith(("#", "-")), "a fragment is a sentence; the list is made when the release is gathered"
