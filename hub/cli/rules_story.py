"""An explanation of a decision, told for a person."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from hub.cli.lint_story import fact_told, letters_told, miss_told
from hub.cli.output import console, local, one_line, printable, width
from hub.cli.ruleset import AtHand
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.routing.explain import Explanation, Lost, Matched, Score
    from hub.routing.facts import Facts
    from hub.routing.near import Near
    from hub.routing.seen import Found, SeenWord
    from hub.sdk import Ticket

_WIDTH = 100
_PLACES = 4  # where the words of one rule were found
_TOLD_CODES = ("yo", "stress", "zero_width", "stretched", "spaced", "mask", "typo", "prefix", "form")

Line = tuple[str, str]
"""A line and its style."""


def print_explanation(told: "Explanation", facts: "Facts", hand: AtHand, stored: "Ticket | None" = None) -> None:
    """Print why it was decided so; times in the zone of the settings."""
    story = _Story(told, facts, hand.speech, hand.zone)
    lines = list(story.lines(stored))
    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(printable(text) for text, _ in lines) + "\n")
        return
    out = console()
    for text, style in lines:
        out.print(printable(text), style=style or None, soft_wrap=True)


def decision_line(decision: Mapping[str, Any], speech: Speech) -> str:
    """Return what was decided, in one line."""
    score = decision["score"]
    parts = [decision["category"] or speech("no_category"), f"{decision['priority']} ({score})"]
    set_ = (name for name in ("queue", "state", "assignee") if decision[name])
    parts += [f"{speech.word('field', name)} {decision[name]}" for name in set_]
    if decision["deliver"] is not None:
        parts.append(speech("delivered", to=", ".join(decision["deliver"]) or speech("nowhere")))
    if decision["tags"]:
        parts.append(f"{speech.word('field', 'tags')} {', '.join(decision['tags'])}")
    return one_line(", ".join(parts))


class _Story:
    def __init__(self, told: "Explanation", facts: "Facts", speech: Speech, zone: tzinfo) -> None:
        self._told = told
        self._facts = facts
        self._say = speech
        self._zone = zone

    def lines(self, stored: "Ticket | None") -> Iterator[Line]:
        say, told = self._say, self._told
        yield decision_line(told.decision, say), "bold"
        yield from self._actions()
        yield from self._text()
        yield from self._stored(stored)
        yield from self._head("score")
        yield from ((f"  {line}", "") for line in self._score(told.score))
        yield from self._head("matched")
        for matched in told.matched:
            yield from self._matched(matched)
        if not told.matched:
            yield f"  {say('none_matched')}", ""
        yield from self._lost()
        yield from self._near()
        yield from self._policies()
        yield "", ""
        title = f"{told.title}, " if told.title else ""
        yield say("version", title=title, version=told.decision["ruleset"]), "dim"

    def _head(self, key: str) -> Iterator[Line]:
        yield "", ""
        yield self._say(f"head.{key}"), "bold"

    def _actions(self) -> Iterator[Line]:
        decision, say = self._told.decision, self._say
        for one in decision["escalate"]:
            key = "proposed" if one["proposed"] else "escalated"
            yield "  " + say(key, to=one["to"], department=f" ({one['department']})" if one["department"] else ""), ""
        if decision["reply"]:
            yield "  " + say(f"reply.{decision['reply']['mode']}", template=decision["reply"]["template"]), ""
        for one in decision["act"]:
            yield "  " + say("act", name=" ".join((one["name"], *one["values"]))), ""
        if decision["notify"]:
            yield "  " + say("notify", names=", ".join(decision["notify"])), ""

    def _text(self) -> Iterator[Line]:
        facts = self._facts
        for paragraph in filter(None, (facts.title, *facts.texts)):
            for line in wrap(one_line(paragraph), min(width(), _WIDTH) - 4):
                yield f"  │ {line}", "dim"

    def _stored(self, stored: "Ticket | None") -> Iterator[Line]:
        if stored is None:
            return
        if stored.set_by_hand:
            yield self._say("by_hand", fields=", ".join(stored.set_by_hand)), ""
        if stored.decision is None:
            yield self._say("no_version"), "yellow"
        elif stored.decision.ruleset != self._told.decision["ruleset"]:
            yield self._say("other_version", version=stored.decision.ruleset), "yellow"

    # --- the score ---

    def _score(self, score: "Score") -> Iterator[str]:
        say = self._say
        yield f"{score.base:>5}  {say('base')}"
        for one in score.points:
            yield f"{one.points:>+5}  {one.rule}"
        if score.aging:
            yield f"{score.aging:>+5}  {say('aging', share=f'{score.share:.0%}')}"
        for key, bound, sign in (("floor", score.floor, "≥"), ("ceiling", score.ceiling, "≤")):
            if bound:
                yield f"{sign}{bound.points:>4}  {say(key, rule=bound.rule)}"
        by_hand = f", {say('set_by_hand')}" if score.by_hand else ""
        yield f"{score.total:>5}  {say('total')}: {self._told.decision['priority']}{by_hand}"

    # --- rules ---

    def _matched(self, rule: "Matched") -> Iterator[Line]:
        yield f"  {rule.name}  ({rule.file}:{rule.line})", "green"
        effects = list(self._effects(rule))
        if effects:
            yield f"    {one_line('; '.join(effects))}", ""
        for setting in rule.sets:
            if setting.lost:
                by = self._say("lost_to", rule=setting.by) if setting.by else self._say("lost_to_person")
                yield f"    {self._setting(setting.field, setting.value)}: {by}", "yellow"
        yield from self._words(rule.words)
        for fact in rule.facts:
            yield f"    {fact_told(fact, self._say)}", ""

    def _effects(self, rule: "Matched") -> Iterator[str]:
        for setting in rule.sets:
            if not setting.lost:
                before = self._say("set_before", rule=setting.by) if setting.by else ""
                yield self._setting(setting.field, setting.value) + before
        for key, value in (("points", rule.points), ("at_least", rule.at_least), ("at_most", rule.at_most)):
            if value:
                yield f"{self._say.word('field', key)} {value:+d}" if key == "points" else self._say(key, value=value)
        if rule.tags:
            yield f"{self._say.word('field', 'tags')} {', '.join(rule.tags)}"
        if rule.stop:
            yield self._say("stop")

    def _setting(self, field: str, value: Any) -> str:
        shown = ", ".join(value) or self._say("nowhere") if isinstance(value, list | tuple) else value
        if isinstance(value, Mapping):
            shown = value.get("template", value)
        return f"{self._say.word('field', field)} {shown}"

    def _words(self, places: "Sequence[Found]") -> Iterator[Line]:
        for found in places[:_PLACES]:
            where = self._say("in_title") if found.part == 0 else self._say("in_message", number=found.part)
            pattern = self._say("pattern", pattern=found.pattern)
            yield f"    «{one_line(found.text)}» {where}, {found.start + 1}–{found.end}: {pattern}", "cyan"
            for word in found.words:
                seen = self._seen(word)
                if seen:
                    yield f"      «{one_line(word.text)}» — {seen}", ""
        if len(places) > _PLACES:
            yield f"    {self._say('more_places', number=len(places) - _PLACES)}", "dim"

    def _seen(self, word: "SeenWord") -> str:
        told = [letters_told(word.letters, self._say)] if word.letters else []
        same = word.text.lower().replace("ё", "е") == word.taken_for
        codes = (code for code in _TOLD_CODES if code in word.seen_through and not (code == "form" and same))
        told += [self._say(f"seen.{code}", word=word.taken_for) for code in codes]
        return "; ".join(told)

    def _lost(self) -> Iterator[Line]:
        if self._told.lost:
            yield from self._head("lost")
        for rule in self._told.lost:
            yield f"  {rule.name}  ({rule.file}:{rule.line}): {self._why(rule)}", ""

    def _why(self, rule: "Lost") -> str:
        if rule.outcome == "barred" and rule.by is None:
            return self._say("barred_by_person")
        return self._say(f"lost.{rule.outcome}", by=rule.by)

    def _near(self) -> Iterator[Line]:
        if self._told.near:
            yield from self._head("near")
        for rule in self._told.near:
            yield f"  {rule.name}  ({rule.file}:{rule.line})", ""
            yield from ((f"    {line}", "") for line in self._missing(rule))

    def _missing(self, rule: "Near") -> Iterator[str]:
        by_pattern: dict[str, list[str]] = {}
        for miss in rule.misses:
            by_pattern.setdefault(miss.pattern, []).append(miss_told(miss, self._say))
        for pattern, told in by_pattern.items():
            yield f"{self._say('pattern', pattern=pattern)}: {', '.join(told)}"
        yield from (self._say("missing", fact=fact_told(fact, self._say)) for fact in rule.facts)

    # --- deadlines ---

    def _policies(self) -> Iterator[Line]:
        say, told = self._say, self._told
        yield from self._head("deadlines")
        taken = next((policy for policy in told.policies if policy.taken), None)
        if taken is None:
            yield f"  {say('no_policy')}", ""
            return
        yield f"  {say('policy', name=taken.name)}  ({taken.file}:{taken.line})", ""
        if not told.due:
            yield f"    {say('no_deadline')}", ""
        for due in told.due:
            at = local(due.due, self._zone) if due.due else say("stands_still")
            status = f", {say.word('status', due.status)}" if due.status else ""
            warnings = ", ".join(f"{local(warn.at, self._zone)} ({warn.share:.0%})" for warn in due.warnings)
            warned = f"; {say('warning_at', at=warnings)}" if warnings else ""
            yield f"    {say.word('promise', due.promise)}: {at}{status}{warned}", ""
