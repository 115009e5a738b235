"""Problems of rules in words."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hub.cli.loader_russian import in_russian
from hub.cli.output import one_line
from hub.cli.ruleset import as_row
from hub.cli.speech import Speech

if TYPE_CHECKING:
    from hub.routing.lint import Problem
    from hub.routing.near import Miss
    from hub.routing.seen import Letter
    from hub.routing.telling import Told

_OPPOSITE = {"any": "none", "none": "any", "all": "not_all"}
_OPERATORS = {">= ": "≥ ", "<= ": "≤ "}
_QUOTED = ("text", "pattern", "word")
_QUOTING = ("letters", "same_phrase")  # kinds whose value is a text, not a name
_MISSES = 3  # of one example that are told


def problem_lines(problem: "Problem", speech: Speech) -> Iterator[str]:
    """Yield *problem* as a person reads it: place, what is wrong, what to do; then a ticket that shows it."""
    subject = f"{problem.subject}: " if problem.subject else ""
    yield f"{problem.file}:{problem.line}: {speech(problem.severity)}: {subject}{message(problem, speech)}"
    witness = problem.about.get("witness")
    if witness:
        yield "    " + one_line(speech("witness", row=as_row(witness)))


def message(problem: "Problem", speech: Speech) -> str:
    """Return what is wrong and what to do about it, in one line."""
    if problem.kind == "unreadable":
        told = str(problem.about["message"])
        return one_line(in_russian(told) if speech.lang == "ru" else told)
    values = dict(_values(problem, speech))
    said = speech(f"{_kind(problem)}.said", **values)
    return one_line(f"{said}; {speech(f'{problem.kind}.todo', **values)}")


def _kind(problem: "Problem") -> str:
    if problem.kind == "example":
        return f"example_{problem.about['wanted']}"
    return f"letters_{problem.about['where']}" if problem.kind == "letters" else problem.kind


def _values(problem: "Problem", speech: Speech) -> Iterator[tuple[str, str]]:
    yield "subject", problem.subject
    yield "why", ""
    for key, value in problem.about.items():
        if key == "letters":
            yield key, letters_told(value, speech)
        elif key == "other" and isinstance(value, Mapping):
            yield key, _rule(value)
        elif key == "others":
            yield key, ", ".join(map(_rule, value))
        elif key == "nearest":
            yield key, speech("nearest", nearest=value) if value else ""
        elif key in _QUOTED or (key == "value" and problem.kind in _QUOTING):
            yield key, f"«{_plain(value)}»"
        else:
            yield key, _plain(value)
    if problem.kind == "example":
        yield "why", _why(problem, speech)


def _why(problem: "Problem", speech: Speech) -> str:
    said = problem.about
    if said["wanted"] == "match":
        return example_why(said["outcome"], said["by"], said["near"], said["missing"], speech)
    return words_found(said["words"], speech)


def _rule(value: Mapping[str, Any]) -> str:
    return f"{value['name']} ({value['file']}:{value['line']})"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return " ".join(str(value).split())


def example_why(outcome: str, by: str | None, near: "Sequence[Miss]", missing: "Sequence[Told]", speech: Speech) -> str:
    """Return why a rule did not match its own example, to stand at the end of a sentence; empty where nobody knows."""
    if outcome != "failed":
        return speech(f"why.{outcome}", by=by)
    told = [miss_told(one, speech) for one in near[:_MISSES]]
    told += [fact_told(one, speech) for one in missing if not (near and one.mode)][:_MISSES]
    return speech("why.failed", why="; ".join(told)) if told else ""


def words_found(words: "Sequence[str]", speech: Speech) -> str:
    """Return what was found in a text, to stand at the end of a sentence; empty where nothing was."""
    return speech("why.found", words=", ".join(f"«{one_line(word)}»" for word in words[:_MISSES])) if words else ""


def fact_told(told: "Told", speech: Speech) -> str:
    """Return what a condition wants, and what the ticket has."""
    wanted = ", ".join(one_line(_signs(one)) for one in told.wanted) + (f", … (+{told.more})" if told.more else "")
    key = speech.word("fact", told.key)
    if told.mode:
        return speech(f"patterns.{_OPPOSITE[told.mode] if told.negated else told.mode}", key=key, wanted=wanted)
    seen = ", ".join(map(one_line, told.seen)) or speech("unknown")
    return speech("fact_not" if told.negated else "fact_is", key=key, seen=seen, wanted=wanted)


def _signs(text: str) -> str:
    for plain, shown in _OPERATORS.items():
        text = text.replace(plain, shown)
    return text


def miss_told(miss: "Miss", speech: Speech) -> str:
    """Return what a pattern lacked."""
    letters = letters_told(miss.letters, speech)
    told = speech(f"near.{miss.kind}", word=miss.word, seen=miss.seen, letters=letters)
    return f"{told} ({letters})" if letters and miss.kind == "one_letter_off" else told


def letters_told(letters: "Iterable[Letter]", speech: Speech) -> str:
    """Return which letters are of which script."""
    told = (speech("letter", char=one.char, script=speech(f"script.{one.script}")) for one in letters)
    return ", ".join(dict.fromkeys(told))
