"""A folder of ``replies/*.yaml`` -> templates of answers, and the choice of a text for one ticket.

A template has variants by language, so that answers under one place do not read alike. ``{name}`` and the like stand
for what is known of the ticket; a variant is passed over where a value of it is not known.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError, model_validator

from hub.routing.language import language_of
from hub.routing.listable import as_list
from hub.routing.rule_files import Findings, RuleFinding, RulesError, message_of, read_tree, rule_paths
from hub.routing.rule_models import RuleModel
from hub.routing.yaml_tree import Table, line_of
from hub.sdk.findings import Keys, by_place, dotted
from hub.sdk.nearest import did_you_mean, listed

LANGUAGES = ("ru", "en")
GREETING = "greeting"
KNOWN = ("name", "place", "city", "platform", "brand", GREETING)
"""What a text may hold in braces, beside the file's own ``values``."""

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_BRACES = re.compile(r"[{}]")
_GIVEN_NAME = re.compile(r"[A-ZА-ЯЁ][a-zа-яё]{1,19}(?:-[A-ZА-ЯЁ][a-zа-яё]{1,19})?")
_NO_NAME = re.compile(
    r"(?:пользователь|гость|клиент|покупатель|аноним\w*|инкогнито|user|guest|client|customer|anonymous|google|yandex"
    r"|яндекс|bank|банк|ооо|ип|the|admin|админ)",
    re.IGNORECASE,
)
_AS_RUSSIAN = frozenset(("ru", "uk", "be", "kk"))


Texts = Annotated[tuple[str, ...], BeforeValidator(as_list)]


class TemplateSpec(RuleModel):
    """Texts by language, any of which may be said."""

    ru: Texts = Field(default=(), description="variants in Russian")
    en: Texts = Field(default=(), description="variants in English")
    note: str | None = Field(default=None, description="for people; never said")

    @model_validator(mode="after")
    def _says_something(self) -> "TemplateSpec":
        if not any(text.strip() for text in (*self.ru, *self.en)):
            raise ValueError("says nothing; write at least one text under ru or en")
        return self


class Greetings(RuleModel):
    """What ``{greeting}`` stands for."""

    ru: Texts = Field(default=(), description="greetings in Russian")
    en: Texts = Field(default=(), description="greetings in English")


class TemplatesFile(RuleModel):
    """What a file of templates may say."""

    templates: dict[str, TemplateSpec] = Field(default_factory=dict, description="texts by name of the template")
    greetings: Greetings = Field(default=Greetings(), description="what `{greeting}` stands for")
    values: dict[str, str] = Field(default_factory=dict, description="what placeholders of your own stand for")


@dataclass(frozen=True, slots=True)
class Template:
    """One template: its texts by language, and where it stands."""

    name: str
    texts: Mapping[str, Sequence[str]]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Templates:
    """All templates of a folder."""

    by_name: Mapping[str, Template] = field(default_factory=dict)
    greetings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Addressee:
    """What a text may use of a ticket.

    Attributes:
        key: what the choice among variants starts from; the ticket's id.
        language: the source's word; None: as seen in *texts*.
        values: what placeholders stand for; what is not known is left out.
        used: variants that were said last at this place, newest first.
    """

    key: str
    language: str | None = None
    texts: tuple[str, ...] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    used: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A text for a ticket; *own_language*: it is in the customer's language, not in the next best."""

    text: str
    variant: str
    language: Literal["ru", "en"]
    own_language: bool


def load_templates(folder: Path) -> Templates:
    """Read every YAML file of *folder*, in name order; none where there is no such folder.

    Raises:
        RulesError: a file is wrong; every finding with file and line.
    """
    findings = Findings()
    try:
        paths = rule_paths(folder)
    except FileNotFoundError:
        return Templates()
    except OSError as error:
        raise RulesError((RuleFinding(str(folder), 1, "", f"cannot be read ({error.strerror})"),)) from error
    found: dict[str, Template] = {}
    greetings: dict[str, tuple[str, ...]] = {}
    values: dict[str, str] = {}
    read = [(path, *got) for path in paths if (got := _read(path, findings)) is not None]
    for _, said, _ in read:
        greetings |= {lang: texts for lang in LANGUAGES if (texts := getattr(said.greetings, lang))}
        values |= said.values
    for path, said, tree in read:
        _Checker(path, tree, findings).check(said, found, greetings, values)
    findings.check()
    return Templates(found, greetings, values)


def _read(path: Path, findings: Findings) -> tuple[TemplatesFile, Table] | None:
    name = str(path)
    tree = read_tree(path, name, findings)
    if tree is None:
        return None
    if not isinstance(tree, Table):
        findings.found[RuleFinding(name, 1, "", "has no keys at its top; begin with templates:")] = None
        return None
    try:
        return TemplatesFile.model_validate(tree), tree
    except ValidationError as error:
        for keys, details in by_place(error, tree):
            told = message_of(keys, details, TemplatesFile)
            findings.found[RuleFinding(name, line_of(tree, keys), dotted(keys), told)] = None
    return None


class _Checker:
    """Looks through one file's texts."""

    def __init__(self, path: Path, tree: Table, findings: Findings) -> None:
        self._name = str(path)
        self._tree = tree
        self._findings = findings

    def check(
        self,
        said: TemplatesFile,
        found: dict[str, Template],
        greetings: Mapping[str, Sequence[str]],
        values: Mapping[str, str],
    ) -> None:
        """Note what is wrong with the texts of *said*, and put its templates into *found*."""
        for language in LANGUAGES:
            self._texts(("greetings", language), getattr(said.greetings, language), [*KNOWN[:-1], *values])
        for name, spec in said.templates.items():
            at: Keys = ("templates", name)
            if name in found:
                first = found[name]
                self._add(at, f"stands already in {first.file}, line {first.line}; keep one of the two")
            for language in LANGUAGES:
                texts = getattr(spec, language)
                self._texts((*at, language), texts, [*KNOWN, *values])
                if not greetings.get(language) and any(f"{{{GREETING}}}" in text for text in texts):
                    self._add((*at, language), f"uses {{greeting}}, and there is no greeting in {language}")
            texts = {language: texts for language in LANGUAGES if (texts := getattr(spec, language))}
            found[name] = Template(name, texts, self._name, line_of(self._tree, at))

    def _texts(self, at: Keys, texts: Sequence[str], known: Sequence[str]) -> None:
        for number, text in enumerate(texts):
            where: Keys = (*at, number)
            for name in _PLACEHOLDER.findall(text):
                if name not in known:
                    hint = did_you_mean(name, known) or ";"
                    self._add(where, f"{{{name}}} stands for nothing{hint} known: {listed(sorted(known))}")
            if _BRACES.search(_PLACEHOLDER.sub("", text)):
                self._add(where, "a brace has no other half; placeholders are written {name}")

    def _add(self, keys: Keys, message: str) -> None:
        line = line_of(self._tree, keys)
        self._findings.found[RuleFinding(self._name, line, dotted(keys), message)] = None


# --- writing ----------------------------------------------------------------------------------------------------------


def write(templates: Templates, name: str, to: Addressee) -> Written | None:
    """Return the text of the template *name* for a ticket; None: there is no such template, or none of its variants
    can be said with what is known.

    The same ticket gets the same text, unless that was among the last ones used at its place.
    """
    template = templates.by_name.get(name)
    if template is None:
        return None
    wanted = to.language or language_of("\n".join(to.texts))
    language = _language(template, wanted)
    values = {**templates.values, **to.values}
    texts = template.texts[language]
    able = [(f"{language}-{number + 1}", text) for number, text in enumerate(texts) if _fits(text, values)]
    for variant, text in _in_turn(able, to):
        said = _filled(text, values, templates.greetings.get(language, ()), to.key)
        if said is not None:
            return Written(said, variant, language, own_language=wanted == language)
    return None


def _language(template: Template, wanted: str | None) -> Any:
    """Return the language to write in: the customer's, else the one that is nearest to it."""
    nearest = "ru" if wanted in _AS_RUSSIAN else "en"
    order = (wanted, nearest, *LANGUAGES)
    return next(language for language in order if language in template.texts)


def _needs(text: str) -> Iterator[str]:
    return (name for name in _PLACEHOLDER.findall(text) if name != GREETING)


def _fits(text: str, values: Mapping[str, str]) -> bool:
    return all(values.get(name) for name in _needs(text))


def _in_turn(able: Sequence[tuple[str, str]], to: Addressee) -> list[tuple[str, str]]:
    """Return variants in the order to be tried: unused ones from the ticket's own place on, then the longest unused."""
    if not able:
        return []
    start = _number(to.key) % len(able)
    turned = [*able[start:], *able[:start]]
    since = {variant: age for age, variant in reversed(list(enumerate(to.used)))}
    return sorted(turned, key=lambda one: -since.get(one[0], len(to.used)))


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest(), "big")


def _filled(text: str, values: Mapping[str, str], greetings: Sequence[str], key: str) -> str | None:
    if f"{{{GREETING}}}" in text:
        able = [one for one in greetings if _fits(one, values)]
        named = [one for one in able if any(_needs(one))] or able  # who gave a name is called by it
        if not named:
            return None
        values = {**values, GREETING: _filled(named[_number(f"{key}/") % len(named)], values, (), key) or ""}
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text).strip()


def given_name(name: str | None) -> str | None:
    """Return by which name to call an author; None where theirs does not look like a person's."""
    first = (name or "").split()[:1]
    if not first or not _GIVEN_NAME.fullmatch(first[0]) or _NO_NAME.fullmatch(first[0]):
        return None
    return first[0]
