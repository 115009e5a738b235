"""The language of a text, by letters that only it has and by its most frequent words; None rather than a guess."""

import re

_FREQUENT = {
    "ru": "и в не на что я с как это по к но из у за от так же для было мне меня вы мы он уже если только или был бы"
    " есть нет когда то до о а все при мой моя вас вам ваш очень спасибо здравствуйте привет добрый день почему где ещё"
    " еще можно чтобы который",
    "uk": "і в не на що я з як це та до але із у за від так же для було мені мене ви ми він вже якщо тільки або був є"
    " немає коли про й дуже дякую щоб вас вам мій моя добрий день чому де",
    "be": "і ў не на што я з як гэта але за ад так для было мне вы мы ён ужо калі толькі або быў ёсць няма вельмі"
    " дзякуй каб",
    "kk": "және мен бұл үшін бар жоқ емес деп бір сіз біз ол осы қалай керек болды рахмет маған менің сәлем жақсы неге"
    " өте сәлеметсіз",
    "en": "the and to of a in is it you that i for my on with have this not be are was but can do how what your from at"
    " me why when where which who does did will would could should there get need want just if or so an any has up am"
    " please thank thanks hello hi card money",
    "de": "der die das und ist nicht ich ein eine zu mit auf für sie es den von wie habe mein meine bitte auch im was"
    " wurde danke hallo",
    "es": "de la que el en y los se del las un por con no una su para es mi como pero más me lo gracias hola qué",
    "fr": "le la les et des est que je pas un une pour dans vous ce qui sur avec mon ma il au plus merci sont bonjour",
    "tr": "ve bir bu için çok ama ne var yok ben değil da de ile nasıl olarak daha teşekkürler benim mi merhaba neden",
    "uz": "va bu bilan uchun emas bor men siz kerak qanday juda ham nima rahmat edi mening salom yoq",
}
# A letter counts as so many frequent words; in two alphabets it counts for both.
_LETTERS = {
    "ru": ("ыэъё", 0.5),
    "uk": ("їєґ", 2.0),
    "be": ("ў", 2.0),
    "kk": ("әғқңөұүһ", 2.0),
    "de": ("äß", 1.0),
    "es": ("ñ¿¡", 1.0),
    "tr": ("ışğ", 1.0),
}
_SHARED_LETTER = ("і", ("uk", "be", "kk"))
_CYRILLIC_LANGUAGES = ("ru", "uk", "be", "kk")
_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = re.compile(r"[Ѐ-ԯ]")
_LATIN = re.compile(r"[A-Za-zÀ-ɏ]")
_NOT_TEXT = re.compile(r"(?:https?://|www\.)\S+|[@#][\w.]+|\[id\d+\|\w+\]")
_MAX_CHARS = 2_000  # that are looked at
_ENOUGH = 2.0  # frequent words
_FEW_WORDS = 10  # of a text in which one frequent word is enough
_LEAST_LETTERS = 3
_MUST_LEAD = 1.3  # times the votes of the next language
_RUSSIAN_LETTERS = 6  # Cyrillic letters without any other sign are taken as Russian from here on

_LANGUAGES_OF: dict[str, list[str]] = {}
for _language, _words in _FREQUENT.items():
    for _word in _words.split():
        _LANGUAGES_OF.setdefault(_word, []).append(_language)


def language_of(text: str) -> str | None:
    """Return the ISO 639-1 code of the language that most of *text* is in, None if unsure."""
    lowered = _NOT_TEXT.sub(" ", text[:_MAX_CHARS]).lower()
    cyrillic, latin = len(_CYRILLIC.findall(lowered)), len(_LATIN.findall(lowered))
    if cyrillic + latin < _LEAST_LETTERS:
        return None
    words = _WORD.findall(lowered)
    votes = _votes(lowered, words, [name for name in _FREQUENT if (name in _CYRILLIC_LANGUAGES) == (cyrillic >= latin)])
    (best, most), (_, next_) = sorted(votes.items(), key=lambda vote: -vote[1])[:2]
    if cyrillic >= max(latin, _RUSSIAN_LETTERS) and votes["ru"] == most:
        return "ru"  # most of what the others have in common with it
    enough = most >= _ENOUGH or (most >= 1 and len(words) <= _FEW_WORDS) or (most > 0 and cyrillic >= latin)
    return best if enough and most >= next_ * _MUST_LEAD else None


def _votes(lowered: str, words: list[str], languages: list[str]) -> dict[str, float]:
    votes = dict.fromkeys(languages, 0.0)
    for word in words:
        for language in _LANGUAGES_OF.get(word, ()):
            if language in votes:
                votes[language] += 1
    for language, (letters, weight) in _LETTERS.items():
        if language in votes:
            votes[language] += weight * sum(map(lowered.count, letters))
    letter, sharing = _SHARED_LETTER
    for language in sharing:
        if language in votes:
            votes[language] += lowered.count(letter)
    return votes
