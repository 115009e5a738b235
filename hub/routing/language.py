"""The language of a text, by its letters and its most frequent words; None rather than a guess."""

import re

_FREQUENT = {
    "ru": "и в не на что я с как это по к но из у за от так же для было мне меня вы мы он уже если только или был бы"
    " есть нет когда то до о а все при спасибо здравствуйте очень",
    "uk": "і в не на що я з як це та до але із у за від так же для було мені мене ви ми він вже якщо тільки або був є"
    " немає коли про й дуже дякую щоб",
    "kk": "және мен бұл үшін бар жоқ емес деп бір сіз біз ол осы қалай керек болды рахмет маған менің сәлем жақсы неге",
    "en": "the and to of a in is it you that i for my on with have this not be are was but can do how what your from at"
    " me",
    "de": "der die das und ist nicht ich ein eine zu mit auf für sie es den von wie habe mein bitte auch im",
    "es": "de la que el en y los se del las un por con no una su para es mi como pero más me lo gracias",
    "fr": "le la les et des est que je pas un une pour dans vous ce qui sur avec mon il au plus merci sont",
    "tr": "ve bir bu için çok ama ne var yok ben değil da de ile nasıl olarak daha teşekkürler benim mi",
    "uz": "va bu bilan uchun emas bor yo'q men siz kerak qanday juda ham nima rahmat edi",
}
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_OWN_LETTERS = {"uk": "іїєґ", "kk": "әғқңөұүһ", "be": "ў"}
_ENOUGH = 2  # frequent words or letters of one's own that make a guess
_MAX_CHARS = 2_000

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _FREQUENT.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that most of *text* is in, None if unsure."""
    lowered = text[:_MAX_CHARS].lower()
    cyrillic, latin = len(_CYRILLIC.findall(lowered)), len(_LATIN.findall(lowered))
    if cyrillic + latin < 3:
        return None
    votes: dict[str, float] = {}
    for word in _WORD.findall(lowered):
        for language in _LANGUAGES_OF.get(word, ()):
            votes[language] = votes.get(language, 0) + 1
    own = {language: sum(map(lowered.count, letters)) for language, letters in _OWN_LETTERS.items()}
    if cyrillic >= latin:
        return _cyrillic(lowered, votes, own)
    best = sorted(
        ((count, language) for language, count in votes.items() if language not in ("ru", "uk", "kk")), reverse=True
    )
    if not best or best[0][0] < _ENOUGH or (len(best) > 1 and best[0][0] == best[1][0]):
        return None
    return best[0][1]


def _cyrillic(lowered: str, votes: dict[str, float], own: dict[str, int]) -> str | None:
    language, count = max(own.items(), key=lambda entry: entry[1])
    if count >= _ENOUGH or (count and not votes.get("ru")):
        return language
    known = votes.get("ru", 0)
    if known or any(letter in lowered for letter in "ыэъё") or count == 0:
        return "ru" if known or len(_CYRILLIC.findall(lowered)) >= 8 else None
    return None
