"""What is wrong with the words of a file: letters of another alphabet, classes that know ASCII only, unused names."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from hub.routing.folding import scripts_mixed
from hub.routing.lint import Problem
from hub.routing.pattern import PatternError, parse_pattern
from hub.routing.rule_files import SourceFile
from hub.routing.seen import Letter, script
from hub.routing.words import split
from hub.sdk.findings import Keys, dotted

_LISTS = ("phrases", "platforms", "lists")
_PATTERNS = frozenset(("any", "all", "none"))
_PROSE = frozenset(("examples", "note", "version", "template", "obscene"))
_CLASS = re.compile(r"\[\^?(?:\\.|\[:\w+:\]|[^\]\\])+\]")
_ESCAPE = re.compile(r"\\[pPx]\{[^}]*\}|\\.")
_ASCII = re.compile(r"a-z|A-Z")
_ALL_LETTERS = re.compile(r"[Ѐ-ӿ]|\\p\{?L|\\w")
_WITHOUT_YO = re.compile(r"а-я(?!ё)", re.IGNORECASE)
_SHORT = 2  # letters of a word that is meant in Cyrillic; a longer one in Latin alone may be a name, such as MAX
_LATIN = frozenset(("latin", "greek"))


def lint_files(files: Sequence[SourceFile]) -> Iterator[Problem]:
    """Yield what is wrong with the texts in *files*; the built-in ones among them are read for what they use."""
    used, calendars = _used(files)
    for file in files:
        for keys, text in _texts(file.tree, ()):
            if keys[0] in _PROSE or not _PROSE.isdisjoint(keys):
                continue
            yield from _pattern(file, keys, text) if _is_pattern(keys) else _name(file, keys, text)
        for sort in _LISTS:
            for name in getattr(file.said, sort):
                if name not in used:
                    yield _problem(file, (sort, name), "unused_list", name)
        for name in file.said.calendars:
            if name not in calendars:
                yield _problem(file, ("calendars", name), "unused_calendar", name)
        yield from _twice(file)


def _problem(file: SourceFile, keys: Keys, kind: str, subject: str, **about: Any) -> Problem:
    return Problem(file.name, file.line(keys), kind, subject, about, file.builtin)


def _texts(value: Any, keys: Keys) -> Iterator[tuple[Keys, str]]:
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*keys, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _texts(inner, (*keys, number))


def _is_pattern(keys: Keys) -> bool:
    words = [key for key in keys if isinstance(key, str)]
    return words[0] == "phrases" or words[-1] in ("text", "title") or (
        len(words) > 1 and words[-1] in _PATTERNS and words[-2] in ("text", "title")
    )  # fmt: skip


def _used(files: Sequence[SourceFile]) -> tuple[set[str], set[str]]:
    """Return the lists and the calendars that something names."""
    lists = {text[1:] for file in files for _, text in _texts(file.tree, ()) if text.startswith("$")}
    calendars = {policy.calendar for file in files for _, policy in file.policies() if policy.calendar}
    return lists, calendars


def _subject(file: SourceFile, keys: Keys) -> str:
    """Return the rule, policy or list that the value at *keys* belongs to."""
    if keys[0] in ("rules", "sla") and len(keys) > 1:
        item: Any = file.tree[str(keys[0])][keys[1]]
        return str(item.get("name", keys[1])) if isinstance(item, dict) else str(keys[1])
    return dotted(keys[:2])


# --- letters --------------------------------------------------------------------------------------------------------


def _name(file: SourceFile, keys: Keys, text: str) -> Iterator[Problem]:
    for word in split(text):
        if scripts_mixed(word):
            yield _letters(file, keys, text, word, "name")


def _pattern(file: SourceFile, keys: Keys, text: str) -> Iterator[Problem]:
    if text.startswith("$"):
        return
    if text.startswith("re:"):
        yield from _expression(file, keys, text)
        return
    for word in split(text):
        if scripts_mixed(word):
            yield _letters(file, keys, text, word, "phrase")
    try:
        steps = parse_pattern(text).steps
    except PatternError:  # told when it is read
        return
    for step in steps:
        if step.word.also and len(step.word.text) <= _SHORT:
            yield _letters(file, keys, text, step.word.text, "phrase")


def _expression(file: SourceFile, keys: Keys, text: str) -> Iterator[Problem]:
    for found in _CLASS.finditer(text):
        inside = found.group()
        if _ASCII.search(inside) and not _ALL_LETTERS.search(inside):
            yield _problem(file, keys, "ascii_class", _subject(file, keys), pattern=text, found=inside)
        elif _WITHOUT_YO.search(inside) and "ё" not in inside.lower():
            yield _problem(file, keys, "yo_class", _subject(file, keys), pattern=text, found=inside)
    for word in split(_ESCAPE.sub(" ", _CLASS.sub(" ", text[3:]))):
        if scripts_mixed(word):
            yield _letters(file, keys, text, word, "expression")


def _letters(file: SourceFile, keys: Keys, text: str, word: str, where: str) -> Problem:
    return _problem(file, keys, "letters", _subject(file, keys), value=text, word=word, letters=_odd(word), where=where)


def _odd(word: str) -> list[Letter]:
    """Return the letters of the script that *word* has fewer of; all of them where it has one script alone."""
    found = [Letter(char, kind, at) for at, char in enumerate(word) if (kind := script(char)) is not None]
    foreign = [one for one in found if one.script in _LATIN]
    own = [one for one in found if one.script == "cyrillic"]
    return foreign if not own or len(foreign) <= len(own) else own


# --- the same twice -------------------------------------------------------------------------------------------------


def _twice(file: SourceFile) -> Iterator[Problem]:
    for name, items in file.said.phrases.items():
        first: dict[Any, str] = {}
        for number, source in enumerate(items):
            try:
                parsed = parse_pattern(source) if not source.startswith("$") else None
            except PatternError:  # told when it is read
                continue
            key = (parsed.steps, parsed.regex) if parsed else source
            other = first.setdefault(key, source)
            if other is not source or (number and source in items[:number]):
                yield _problem(file, ("phrases", name, number), "same_phrase", name, value=source, other=other)
