"""Home of pymorphy3 and snowballstemmer: what forms a Russian word has, whether it is known; English stems.

The dictionary is loaded with the first Russian word that is asked for, once per process (about 0.06 s, 15 MB).
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

_MIN_PREDICTED = 4  # letters; shorter unknown words are taken as written
_LIKELY = 0.4  # share of a reading among all of a word
_MASCULINE = frozenset(["", *"а у ом е ы ов ам ами ах".split()])  # of an unknown word that ends in a consonant
_HARD_CONSONANTS = tuple("бдзнпрсф")  # no ending of a noun or a verb is one of them
_MIN_LIGHT = 4  # letters that the light stemmer leaves
_LIGHT_ENDINGS = sorted(
    "ами ями ові еві ові ів їв ам ям ах ях ою ею ії ій ий ої ого ому ими их у ю а я і ї и е о ь ай ым ых ога аму"
    " лар лер дар дер тар тер ның нің дың дің тың тің ға ге қа ке да де та те нан нен дан ден тан тен ды ді".split(),
    key=len,
    reverse=True,
)
_SAYS_LITTLE = frozenset(("PREP", "CONJ", "PRCL", "NPRO", "INTJ", "NUMR", "PRED"))
_PERSONS = frozenset(("Name", "Surn", "Patr"))
_ENGLISH_LITTLE = frozenset(
    "a an and are as at be but by can did do does for from had has have he her his how i if in into is it its just me"
    " my no not of on or our she so than that the their them then there they this to too up us was we were what when"
    " which who why will with would you your".split()
)


@dataclass(frozen=True, slots=True)
class Lexeme:
    """All forms of one word: `stem` with each of `endings`; folded (lower case, `е` for `ё`)."""

    stem: str
    endings: frozenset[str]

    def forms(self) -> list[str]:
        """Return the forms, spelt out."""
        return [self.stem + ending for ending in self.endings]


@cache
def _analyzer() -> Any:
    import pymorphy3  # late: most commands read no rule

    return pymorphy3.MorphAnalyzer(lang="ru")


@cache
def _stemmer() -> Any:
    import snowballstemmer  # late: most commands read no rule

    return snowballstemmer.stemmer("english")


def normal_form(word: str) -> str | None:
    """Return the folded *word* as a dictionary has it; None for words that say little alone, such as prepositions."""
    if word.isascii():
        return None if word in _ENGLISH_LITTLE else word
    parse = _analyzer().parse(word)[0]
    if parse.tag.POS in _SAYS_LITTLE or "Apro" in parse.tag:
        return None
    return str(parse.normal_form).replace("ё", "е")


@cache
def may_name_a_person(word: str) -> bool:
    """Tell whether the folded *word* may be a first name, a patronymic or a surname of a person, in any form."""
    if word.isascii():
        return False
    return any(not _PERSONS.isdisjoint(parse.tag.grammemes) for parse in _analyzer().parse(word))


def is_known(word: str) -> bool:
    """Tell whether the Russian dictionary has *word*, in any form; `е` stands for `ё` too."""
    analyzer = _analyzer()
    known = analyzer.dictionary.word_is_known
    return bool(known(word) or ("е" in word and known(word, analyzer.char_substitutes)))


def stem(word: str) -> str:
    """Return what the regular forms of the folded *word* of another language than Russian share.

    Latin letters are taken as English; other Cyrillic loses the endings that Ukrainian, Belarusian and Kazakh share.
    """
    if word.isascii():
        return str(_stemmer().stemWord(_irregular_forms().get(word, (word,))[0]))
    for ending in _LIGHT_ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _MIN_LIGHT:
            return word[: len(word) - len(ending)]
    return word


def irregular(word: str) -> tuple[str, ...]:
    """Return the other forms of an irregular English word, itself in any form; none for others."""
    return tuple(form for form in _irregular_forms().get(word, ()) if form != word)


@cache
def _irregular_forms() -> dict[str, tuple[str, ...]]:
    text = (resources.files("hub.routing") / "data" / "english_forms.txt").read_text(encoding="utf-8")
    lines = [tuple(line.split()) for line in text.splitlines() if not line.startswith("#")]
    return {form: line for line in lines for form in line}


@cache
def _endings(paradigm_id: int) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return (prefix, endings) of a paradigm: `по-` and `наи-` of comparatives are prefixes of their own."""
    dictionary = _analyzer().dictionary
    paradigm = dictionary.paradigms[paradigm_id]
    count = len(paradigm) // 3
    found: dict[str, set[str]] = {}
    for index in range(count):
        prefix = dictionary.paradigm_prefixes[paradigm[count * 2 + index]]
        found.setdefault(prefix, set()).add(dictionary.suffixes[paradigm[index]].replace("ё", "е"))
    return tuple((prefix, frozenset(endings)) for prefix, endings in found.items())


def lexemes(word: str) -> tuple[Lexeme, ...]:
    """Return the lexemes that the folded Russian *word* is a form of; none if it has no forms to speak of.

    A word that is itself a dictionary form is taken as that (`лучше` is not `хороший`), unless it is rather a form of
    another noun (`банка` is of `банк` more often than a jar): then it is taken as both.
    """
    analyzer = _analyzer()
    known = _known(analyzer, word)
    if not known and word.endswith(_HARD_CONSONANTS) and len(word) >= _MIN_PREDICTED:
        return (Lexeme(word, _MASCULINE),)
    found = known or _predicted(analyzer, word)
    own = [entry for entry in found if entry[0] == word] or found
    if len(own) < len(found):
        normals = {own[0][0], *_likelier_nouns(analyzer, word)}
        own = [entry for entry in found if entry[0] in normals]
    return tuple(
        dict.fromkeys(
            Lexeme(prefix + stem.replace("ё", "е"), endings)
            for _, stem, paradigm in own
            for prefix, endings in _endings(paradigm)
        )
    )


def _likelier_nouns(analyzer: Any, word: str) -> set[str]:
    nouns = [parse for parse in analyzer.parse(word) if parse.tag.POS == "NOUN"]
    if not any(parse.normal_form.replace("ё", "е") == word for parse in nouns):
        return set()
    return {parse.normal_form.replace("ё", "е") for parse in nouns if parse.score >= _LIKELY}


def _known(analyzer: Any, word: str) -> list[tuple[str, str, int]]:
    """Return (dictionary form, stem, paradigm) for every reading of *word* that the dictionary has."""
    dictionary = analyzer.dictionary
    found = []
    for fixed, places in dictionary.words.similar_items(word, analyzer.char_substitutes):
        for paradigm_id, index in places:
            stem = dictionary.build_stem(dictionary.paradigms[paradigm_id], index, fixed)
            normal = dictionary.build_normal_form(paradigm_id, index, fixed)
            found.append((str(normal).replace("ё", "е"), stem, paradigm_id))
    return found


def _predicted(analyzer: Any, word: str) -> list[tuple[str, str, int]]:
    """Return how an unknown word would be declined: as the known words with the same ending."""
    if len(word) < _MIN_PREDICTED:
        return []
    found = []
    for parse in analyzer.parse(word):
        _, *rest = parse.methods_stack[0]
        if len(rest) != 3:
            continue
        part, paradigm_id, index = rest
        if not word.endswith(part):
            continue
        dictionary = analyzer.dictionary
        stem = dictionary.build_stem(dictionary.paradigms[paradigm_id], index, part)
        normal = parse.normal_form.replace("ё", "е")
        found.append((normal, word[: len(word) - len(part)] + stem, paradigm_id))
    return [entry for entry in found if entry[0] == word] or found[:1]
