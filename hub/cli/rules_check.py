"""``hub rules check`` and ``hub rules test``."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hub.cli.errors import FAILED
from hub.cli.lint_story import example_why, message, problem_lines, words_found
from hub.cli.output import print_json, printable, say
from hub.cli.ruleset import AtHand, at_hand, rules_options
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.routing.examples import Tested
    from hub.routing.lint import Known, Problem
    from hub.routing.rules import RuleSet
    from hub.runtime.config import Outline


@click.command
@rules_options
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings too.")
@click.option("--notes", is_flag=True, help="Show notes as well.")
@json_option
@shared_options
@pass_state
def check(state: State, folder: Path | None, lang: str | None, strict: bool, notes: bool, as_json: bool) -> None:
    """Find what is wrong with the rules, and say what to do.

    Contradictions are shown by a text on which they happen; rules that never have an effect, duplicates, examples that
    do not hold, letters of another alphabet, names that the settings do not have: each with file and line. Exit code 1
    if there are errors.
    """
    from hub.routing.rules import RulesError

    hand = at_hand(state, folder, lang)
    rules: RuleSet | None = None
    try:
        rules = hand.read()
        problems = _problems(hand, rules)
    except RulesError as error:
        problems = _unreadable(hand, error)
    counts: Counter[str] = Counter(problem.severity for problem in problems)
    if as_json:
        print_json(_as_json(hand, rules, problems, counts))
    else:
        _print(hand, rules, [one for one in problems if notes or one.severity != "note"], counts, notes)
    if counts["error"] or (strict and counts["warning"]):
        raise click.exceptions.Exit(FAILED)


def _problems(hand: AtHand, rules: "RuleSet") -> "Sequence[Problem]":
    from hub.routing.lint import in_order, lint_rules
    from hub.routing.lint_files import lint_files
    from hub.routing.lint_pairs import lint_pairs
    from hub.routing.rule_files import Findings
    from hub.routing.rules import source_files

    known = _known(hand.outline) if hand.outline else None
    files = source_files(hand.folder, Findings())
    found = [*lint_rules(rules, known), *lint_pairs(rules), *lint_files(files), *_answer_problems(hand, rules)]
    return in_order(found, builtin=hand.folder is None)


def _known(outline: "Outline") -> "Known":
    """Return the names that the settings give, and what their connectors can; one that cannot be imported is left out.
    Settings without an instance know none: they are for trying rules."""
    from contextlib import suppress

    from hub.routing.lint import Known
    from hub.runtime.plugins import discover
    from hub.sdk import ConfigError

    registry = discover()
    abilities = {}
    for name, connector in outline.connectors.items():
        with suppress(ConfigError):
            abilities[name] = registry.connector(connector).abilities()
    return Known(frozenset(outline.connectors) or None, outline.notify, abilities)


def _answer_problems(hand: AtHand, rules: "RuleSet") -> "Sequence[Problem]":
    """Return what is wrong with the answers and acts of rules, where there are settings that say what can be done."""
    from hub.routing.lint import Known, Problem
    from hub.routing.lint_answers import lint_answers
    from hub.routing.rule_files import RulesError
    from hub.routing.templates import load_templates

    outline = hand.outline
    if outline is None or not outline.connectors:
        return ()
    known = Known(actions=_actions(outline.connectors), connectors=outline.connectors)
    folder, auto = Path(outline.replies.templates), frozenset(outline.replies.auto)
    try:
        templates = load_templates(folder).by_name if folder.exists() else None
    except RulesError as error:
        return [Problem(one.file, one.line, "unreadable", one.path, {"message": one.message}) for one in error.findings]
    return list(lint_answers(rules, known, templates, auto, str(outline.path)))


def _actions(connectors: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Return what each instance can do at its source; those whose connector cannot be used are left out."""
    from hub.runtime.plugins import discover
    from hub.sdk import ConfigError

    registry, found = discover(), {}
    for instance, connector in connectors.items():
        with suppress(ConfigError):
            found[instance] = frozenset(map(str, registry.connector(connector).actions))
    return found


def _unreadable(hand: AtHand, error: Any) -> "Sequence[Problem]":
    """Return what keeps the rules from being read, and what is wrong with the words of what could be read."""
    from hub.routing.lint import Problem, in_order
    from hub.routing.lint_files import lint_files
    from hub.routing.rule_files import Findings
    from hub.routing.rules import source_files

    found = [Problem(one.file, one.line, "unreadable", one.path, {"message": one.message}) for one in error.findings]
    words = [one for one in lint_files(source_files(hand.folder, Findings())) if not one.kind.startswith("unused")]
    return in_order([*found, *words], builtin=hand.folder is None)


def _print(
    hand: AtHand, rules: "RuleSet | None", problems: "Sequence[Problem]", counts: Counter[str], notes: bool
) -> None:
    for problem in problems:
        for line in problem_lines(problem, hand.speech):
            _line(line, problem.severity)
    if rules is None:
        say(hand.speech("check.broken", errors=counts["error"]))
        return
    say(
        hand.speech(
            "check.ok",
            rules=len(rules.rules),
            policies=len(rules.policies),
            version=rules.version,
            errors=counts["error"],
            warnings=counts["warning"],
            notes=counts["note"],
        )
    )
    if counts["note"] and not notes:
        say(hand.speech("check.notes"))


_STYLES = {"error": "red", "warning": "yellow", "note": "dim"}


def _line(text: str, severity: str) -> None:
    from hub.cli.output import console

    if sys.stdout.isatty() and not text.startswith(" "):
        console().print(printable(text), style=_STYLES[severity], soft_wrap=True)
    else:
        click.echo(printable(text))


def _as_json(
    hand: AtHand, rules: "RuleSet | None", problems: "Sequence[Problem]", counts: Counter[str]
) -> dict[str, Any]:
    return {
        "ok": not counts["error"],
        "ruleset": rules.version if rules else None,
        "rules": len(rules.rules) if rules else 0,
        "errors": counts["error"],
        "warnings": counts["warning"],
        "notes": counts["note"],
        "problems": [
            {
                "file": one.file,
                "line": one.line,
                "severity": one.severity,
                "kind": one.kind,
                "subject": one.subject,
                "message": message(one, hand.speech),
                "about": dict(one.about),
            }
            for one in problems
        ],
    }


# --- test -----------------------------------------------------------------------------------------------------------


@click.command
@rules_options
@json_option
@shared_options
@pass_state
def test(state: State, folder: Path | None, lang: str | None, as_json: bool) -> None:
    """Try the examples that stand in the rules.

    Of each that does not hold: rule, file, line, what was decided instead, and why. Exit code 1 if there is one.
    """
    from hub.routing.examples import run_examples

    hand = at_hand(state, folder, lang)
    rules = hand.load()
    tested = list(run_examples(rules))
    failed = [one for one in tested if not one.held]
    without = sum(1 for rule in rules.rules if not rule.examples)
    if as_json:
        print_json(_tested_json(rules, tested, failed, without))
    else:
        for one in failed:
            for line in _failed_lines(one, hand):
                _line(line, "error")
        held = len(tested) - len(failed)
        say(hand.speech("test.ok", held=held, examples=len(tested), rules=len(rules.rules), without=without))
    if failed:
        raise click.exceptions.Exit(FAILED)


def _failed_lines(one: "Tested", hand: AtHand) -> Iterator[str]:
    from hub.cli.rules_story import decision_line
    from hub.routing.explain import decided

    kind = "match" if one.example.matches else "no_match"
    if one.example.matches:
        why = example_why(one.outcome, one.by, one.near.misses if one.near else (), one.missing, hand.speech)
    else:
        why = words_found([found.text for found in one.words], hand.speech)
    told = hand.speech(f"example_{kind}.said", text=_quoted(one.text), why=why)
    yield f"{one.rule.file}:{one.example.line}: {one.rule.name}: {told}"
    yield "    " + hand.speech("test.failed", decided=decision_line(decided(one.decision), hand.speech))


def _quoted(text: str) -> str:
    return "«" + " ".join(text.split()) + "»"


def _tested_json(
    rules: "RuleSet", tested: "Sequence[Tested]", failed: "Sequence[Tested]", without: int
) -> dict[str, Any]:
    from hub.routing.explain import decided

    return {
        "ok": not failed,
        "ruleset": rules.version,
        "examples": len(tested),
        "held": len(tested) - len(failed),
        "rules": len(rules.rules),
        "rules_without_examples": without,
        "failed": [
            {
                "rule": one.rule.name,
                "file": one.rule.file,
                "line": one.example.line,
                "wanted": "match" if one.example.matches else "no_match",
                "text": one.text,
                "outcome": one.outcome,
                "by": one.by,
                "near": one.near,
                "missing": one.missing,
                "words": one.words,
                "decided": decided(one.decision),
            }
            for one in failed
        ],
    }
