"""What is measured on which set of the corpora, and what the aims are."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub.routing.decide import Decision
from tests.quality.disguises import DISGUISES, one_typo
from tests.quality.measures import Confusion, Figure
from tests.quality.reading import Half, Read, decide, read, rows, ruleset

_SAMPLE = 600  # texts of a set that are disguised
_MIXED_AT_LEAST = 0.1  # share of words that mix alphabets, from which a text counts as written so

_ALARMS = {
    ("swallowed card", 0.75): ("card_swallowed",),
    ("compromised card", 0.7): ("compromised_card",),
    ("lost or stolen card", 0.7): ("lost_or_stolen_card",),
    ("payment of somebody else", 0.5): (
        "card_payment_not_recognised",
        "cash_withdrawal_not_recognised",
        "direct_debit_payment_not_recognised",
    ),
}  # group and the share to be seen -> intents of the set


@dataclass(frozen=True, slots=True)
class Report:
    """What one measurement found; *errors* have the worst first, in the order of the corpus."""

    title: str
    figures: Sequence[Figure]
    confusion: Confusion | None = None
    errors: Sequence[Read] = field(default=())


def _per_class(confusion: Confusion, label: str, **aims: float) -> Iterator[Figure]:
    for name, value in (
        ("precision", confusion.precision(label)),
        ("recall", confusion.recall(label)),
        ("F1", confusion.f1(label)),
    ):
        yield Figure(f"{label}: {name}", value, at_least=aims.get(name))


def _lost(confusion: Confusion) -> Figure:
    value = confusion.taken_for("complaint", "praise", "spam", "news")
    return Figure("complaints lost to praise, spam or news", value, at_most=0.05)


def _reviews(title: str, name: str, half: Half, *, stars: bool) -> Report:
    found = read(rows(name, half), stars=stars)
    confusion = Confusion((one.label, one.category) for one in found if one.label != "mixed")
    figures = [
        *_per_class(confusion, "complaint", precision=0.75),
        *_per_class(confusion, "praise", recall=0.5),
        _lost(confusion),
    ]
    wrong = [one for one in found if one.label in ("complaint", "praise") and one.category not in (one.label, None)]
    return Report(title, figures, Confusion((one.label, one.category) for one in found), wrong)


def bank_reviews(half: Half) -> Report:
    """Complaint against praise, by words alone."""
    return _reviews("bank reviews, by words alone", "bank_reviews_ru", half, stars=False)


def bank_reviews_with_stars(half: Half) -> Report:
    """The same with the stars, as a review comes."""
    return _reviews("bank reviews, with their stars", "bank_reviews_ru", half, stars=True)


def map_reviews(half: Half) -> Report:
    """Reviews of a clinic, cafés, shops and hotels, by words alone."""
    return _reviews("map reviews, by words alone", "map_reviews_ru", half, stars=False)


def spam(half: Half) -> Report:
    """Spam against ordinary chat."""
    found = read(rows("spam_telegram", half))
    told = [(one.label, "spam" if one.category == "spam" else "ham") for one in found]
    confusion = Confusion(told)
    mixed = [one for one in found if one.label == "spam" and _mixes_alphabets(one.text)]
    caught = sum(one.category == "spam" for one in mixed)
    figures = [
        *_per_class(confusion, "spam", F1=0.75),
        Figure("spam in mixed alphabets: recall", caught / len(mixed) if mixed else None, at_least=0.85),
    ]
    wrong = [one for one, (true, said) in zip(found, told, strict=True) if true != said]
    return Report("spam on Telegram", figures, confusion, wrong)


def _mixes_alphabets(text: str) -> bool:
    return ruleset().matcher.read(("", text)).features.mixed_script >= _MIXED_AT_LEAST


def customers(half: Half) -> Report:
    """Texts of people who are no spammers: how many are taken for spam."""
    names = (
        "bank_reviews_ru",
        "map_reviews_ru",
        "support_questions_ru",
        "tweets_bank_2013_2014",
        "tweets_telecom_2013_2014",
        "bank_questions_en",
        "toxic_vk_ru",
    )
    found = {name: read(rows(name, half)) for name in names}
    found["spam_telegram, ham"] = [one for one in read(rows("spam_telegram", half)) if one.label == "ham"]
    figures = [
        Figure(f"{name}: taken for spam", _share(one.category == "spam" for one in some), at_most=0.02)
        for name, some in found.items()
    ]
    wrong = [one for some in found.values() for one in some if one.category == "spam"]
    return Report("genuine customers taken for spam", figures, errors=wrong)


def questions(half: Half) -> Report:
    """Questions to support, in Russian and in English."""
    found = [*read(rows("support_questions_ru", half)), *read(rows("bank_questions_en", half))]
    confusion = Confusion((one.id.split("-")[0], one.category) for one in found)
    figures = [
        Figure(f"{name}: taken for a question", confusion.taken_for(name, "consultation"))
        for name in ("rutube", "banking77")
    ]
    wrong = [one for one in found if one.category not in ("consultation", None)]
    return Report("questions to support", figures, confusion, wrong)


def alarms(half: Half) -> Report:
    """Questions to a bank, in English: those whose intent is an alarm are seen as one, and few others are."""
    found = read(rows("bank_questions_en", half))
    urgent = [intent for intents in _ALARMS.values() for intent in intents]
    figures = [
        Figure(
            f"{group}: seen", _share(_alarming(one) for one in found if one.extra["intent"] in intents), at_least=aim
        )
        for (group, aim), intents in _ALARMS.items()
    ]
    others = [one for one in found if one.extra["intent"] not in urgent]
    figures.append(Figure("other questions: taken for an alarm", _share(map(_critical, others)), at_most=0.02))
    missed = [one for one in found if one.extra["intent"] in urgent and not _alarming(one)]
    return Report("alarms", figures, errors=[*(one for one in others if _critical(one)), *missed])


def _critical(one: Read) -> bool:
    return "critical" in one.decision.tags


def _alarming(one: Read) -> bool:
    return _critical(one) or "lost-card" in one.decision.tags


def tweets(half: Half) -> Report:
    """The tone of tweets: a category is no tone, so no aim."""
    found = [*read(rows("tweets_bank_2013_2014", half)), *read(rows("tweets_telecom_2013_2014", half))]
    confusion = Confusion((one.label, one.category) for one in found)
    bad, good = confusion.taken_for("negative", "complaint"), confusion.taken_for("positive", "praise")
    figures = [
        Figure("negative: taken for a complaint", bad),
        Figure("negative: taken for praise or spam", confusion.taken_for("negative", "praise", "spam")),
        Figure("positive: taken for praise", good),
        Figure("positive: taken for a complaint", confusion.taken_for("positive", "complaint")),
        Figure("neutral: taken for a complaint", confusion.taken_for("neutral", "complaint")),
    ]
    wrong = [one for one in found if (one.label, one.category) in (("negative", "praise"), ("positive", "complaint"))]
    return Report("tone of bank and telecom tweets", figures, confusion, wrong)


def obscenities(half: Half) -> Report:
    """Obscene words in disguise against the same text put right by hand."""
    found = read(rows("toxic_vk_ru", half))
    twins = [one for one in found if one.extra.get("distorted") and one.extra.get("corrected")]
    plain = [one for one in twins if _obscene(str(one.extra["corrected"]))]
    seen = [one for one in plain if _obscene(one.text)]
    figures = [
        Figure("obscene in plain words: seen in disguise too", len(seen) / len(plain) if plain else None, at_least=0.8),
        Figure("toxic: seen as obscene", _share(_obscene(one.text) for one in found if one.label == "toxic")),
        Figure("not toxic: seen as obscene", _share(_obscene(one.text) for one in found if one.label == "ok")),
    ]
    return Report("disguised obscenities", figures, errors=[one for one in plain if one not in seen])


def _obscene(text: str) -> bool:
    return ruleset().matcher.read(("", text)).features.obscene


def news(half: Half) -> Report:
    """Posts of news channels; their adverts were marked by a machine, roughly."""
    found = read(rows("news_telegram_ru", half))
    confusion = Confusion((one.label, one.category) for one in found)
    figures = [
        Figure("news: taken for news or an advert", confusion.taken_for("news", "news"), at_least=0.6),
        Figure("news: taken for a complaint", confusion.taken_for("news", "complaint")),
        Figure("news: taken for spam", confusion.taken_for("news", "spam")),
        Figure("adverts: taken for news, an advert or spam", confusion.taken_for("advertisement", "news", "spam")),
    ]
    wrong = [one for one in found if one.category in ("complaint", "praise", "spam", "suggestion")]
    return Report("news channels", figures, confusion, wrong)


def disguised(half: Half) -> Report:
    """The same decision for a text in disguise, and with one typo."""
    names = ("bank_reviews_ru", "map_reviews_ru", "spam_telegram", "support_questions_ru", "tweets_telecom_2013_2014")
    texts = [row["text"] for name in names for row in rows(name, half)[:_SAMPLE]]
    plain = [_told(decide(text)) for text in texts]
    figures = []
    for name, disguise in {**DISGUISES, "one typo": one_typo}.items():
        same = [_told(decide(disguise(text))) == told for text, told in zip(texts, plain, strict=True)]
        figures.append(Figure(f"{name}: same decision", _share(same), at_least=0.93 if name == "one typo" else 0.97))
    return Report("the same decision in disguise", figures)


def _told(decision: Decision) -> tuple[object, ...]:
    return decision.category, decision.queue, decision.priority, decision.state


def _share(flags: Iterable[bool]) -> float | None:
    some = list(flags)
    return sum(some) / len(some) if some else None


SETS: Mapping[str, Callable[[Half], Report]] = {
    "bank-reviews": bank_reviews,
    "bank-reviews-stars": bank_reviews_with_stars,
    "map-reviews": map_reviews,
    "spam": spam,
    "customers": customers,
    "questions": questions,
    "alarms": alarms,
    "tweets": tweets,
    "obscenities": obscenities,
    "news": news,
    "disguised": disguised,
}
