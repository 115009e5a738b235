"""What is wrong with how rules answer and act: templates that are not there, actions that no source can do."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet

from hub.routing.conditions import IsOneOf
from hub.routing.lint import Known, Problem, about, wanted_of
from hub.routing.rule import Reply, Rule
from hub.routing.rules import RuleSet
from hub.routing.templates import Template
from hub.sdk.nearest import nearest


def lint_answers(
    rules: RuleSet, known: Known, templates: Mapping[str, Template] | None, auto: AbstractSet[str], settings: str
) -> Iterator[Problem]:
    """Yield what is wrong with the answers and acts of *rules*.

    Args:
        templates: by name; None: there is no folder of templates.
        auto: the rules that a person lets answer by themselves; *settings* is the file that says so.
    """
    replies = {rule.name: reply for rule in rules.rules if (reply := _reply(rule)) is not None}
    for rule in rules.rules:
        if rule.name in replies:
            yield from _answer(rule, replies[rule.name], templates, auto)
        if known.actions is not None:
            yield from _acts(rule, known.actions, known.connectors)
    used = {reply.template for reply in replies.values()}
    for one in (templates or {}).values():
        if one.name not in used:
            yield Problem(one.file, one.line, "unused_template", one.name)
    for name in sorted(auto):
        if name not in replies:
            yield Problem(settings, 1, "unknown_auto", name, {"value": name, "nearest": nearest(name, replies)})


def _reply(rule: Rule) -> Reply | None:
    found = dict(rule.then.fields).get("reply")
    return found if isinstance(found, Reply) else None


def _answer(
    rule: Rule, reply: Reply, templates: Mapping[str, Template] | None, auto: AbstractSet[str]
) -> Iterator[Problem]:
    if templates is None:
        yield about(rule, "no_templates", value=reply.template)
    elif reply.template not in templates:
        close = nearest(reply.template, templates)
        yield about(rule, "unknown_template", value=reply.template, nearest=close, known=sorted(templates))
    if reply.mode == "auto" and rule.name not in auto:
        yield about(rule, "auto_not_allowed")
    if reply.mode == "auto" and rule.then.complains:
        yield about(rule, "auto_complaint")


def _acts(rule: Rule, actions: Mapping[str, AbstractSet[str]], connectors: Mapping[str, str]) -> Iterator[Problem]:
    wanted = [one.name for one in rule.then.act] + (["reply"] if _reply(rule) else [])
    named = _named(rule, connectors)
    for action in dict.fromkeys(wanted):
        if named is None:
            if not any(action in can for can in actions.values()):
                yield about(rule, "nobody_can", value=action, known=sorted(set().union(*actions.values())))
            continue
        for instance in sorted(named & actions.keys()):
            if action not in actions[instance]:
                yield about(rule, "cannot_act", value=action, instance=instance, known=sorted(actions[instance]))


def _named(rule: Rule, connectors: Mapping[str, str]) -> set[str] | None:
    """Return the instances that a rule is for; None where it names none."""
    found: set[str] | None = None
    for leaf in wanted_of(rule.when):
        if leaf.key in ("instance", "connector"):
            found = (found or set()) | set(_instances(leaf, connectors))
    return found


def _instances(leaf: IsOneOf, connectors: Mapping[str, str]) -> Iterable[str]:
    for instance, connector in connectors.items():
        if leaf.values.has(instance if leaf.key == "instance" else connector):
            yield instance
