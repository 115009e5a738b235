"""What people are told of a surge, in Russian or English: one sentence with numbers and common words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo

from hub.routing.surge import Series
from hub.store.surges import Surge

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "all": "All tickets",
        "queue": "Queue {name}",
        "tag": "Tag {name}",
        "came": "{series}: {tickets} in {window}, usually {usual}",
        "rose": "{series}: a slow rise, {tickets} in {window}, usually {usual}",
        "words": "; most often: {words}",
        "where": "; queue {queue}",
        "ended": "{series}: the surge is over after {length}; at most {tickets} in {window}, usually {usual}",
        "open": "surge since {at}: {sentence}",
        "several": "{number} surges since {at}; the strongest: {sentence}; {more} shows all",
        "title": "Surge: {series}",
        "titles": "{number} surges",
        "more": "hub surges list",
        "below_one": "less than one",
        "began": "began",
        "ended_at": "ended",
        "column": "surge",
        "goes_on": "goes on",
        "none": "there was no surge",
        "900": "15 minutes",
        "3600": "an hour",
        "10800": "3 hours",
        "43200": "12 hours",
    },
    "ru": {
        "all": "Все обращения",
        "queue": "Очередь {name}",
        "tag": "Метка {name}",
        "came": "{series}: {tickets} за {window}, обычно {usual}",
        "rose": "{series}: медленный рост, {tickets} за {window}, обычно {usual}",
        "words": "; чаще всего: {words}",
        "where": "; очередь {queue}",
        "ended": "{series}: всплеск закончился, длился {length}; больше всего {tickets} за {window}, обычно {usual}",
        "open": "всплеск с {at}: {sentence}",
        "several": "всплесков: {number}, с {at}; самый сильный: {sentence}; все показывает {more}",
        "title": "Всплеск: {series}",
        "titles": "Всплесков: {number}",
        "more": "hub surges list --lang ru",
        "below_one": "меньше одного",
        "began": "начался",
        "ended_at": "закончился",
        "column": "всплеск",
        "goes_on": "идёт",
        "none": "всплесков не было",
        "900": "15 минут",
        "3600": "час",
        "10800": "3 часа",
        "43200": "12 часов",
    },
}
_PLATFORMS: Mapping[str, tuple[str, str]] = {
    "vk.com": ("VK", "ВКонтакте"),
    "ok.ru": ("Odnoklassniki", "Одноклассники"),
    "telegram.org": ("Telegram", "Telegram"),
    "yandex_maps": ("Yandex Maps", "Яндекс Карты"),
    "google_maps": ("Google Maps", "Google Карты"),
    "2gis": ("2GIS", "2ГИС"),
}
_HOURS_FROM = timedelta(hours=1)


def series_name(series: Series, lang: str) -> str:
    """Return what people call a series."""
    if series.kind == "platform":
        english, russian = _PLATFORMS.get(series.name, (series.name, series.name))
        return russian if lang == "ru" else english
    return TEXTS[lang][series.kind].format(name=series.name)


def sentence(surge: Surge, lang: str) -> str:
    """Return what began, with numbers, common words and the queue."""
    texts = TEXTS[lang]
    text = _numbers(surge, texts["rose" if surge.is_rise else "came"], surge.number, surge.usual, lang)
    if surge.words:
        left, right = ("«", "»") if lang == "ru" else ('"', '"')
        text += texts["words"].format(words=", ".join(f"{left}{word}{right}" for word in surge.words))
    if surge.queue and surge.series.kind != "queue":
        text += texts["where"].format(queue=surge.queue)
    return text


def ended(surge: Surge, lang: str) -> str:
    """Return what is over, how long it was, and how much there was at most."""
    length = (surge.ended_at or surge.high_at) - surge.began_at
    text = TEXTS[lang]["ended"].replace("{length}", _length(length, lang))
    return _numbers(surge, text, surge.peak_number, surge.peak_usual, lang)


def going_on(surges: Sequence[Surge], lang: str, zone: tzinfo) -> str:
    """Return in one line since when *surges* go on, of which there is at least one, and what began: one flood is a
    surge of all tickets, of their platform, their queue and each of their tags."""
    texts = TEXTS[lang]
    strongest = max(surges, key=lambda one: one.number - one.usual)
    return texts["open" if len(surges) == 1 else "several"].format(
        at=_clock(min(one.began_at for one in surges), zone),
        sentence=sentence(strongest, lang),
        number=len(surges),
        more=f'"{texts["more"]}"' if lang == "en" else f"«{texts['more']}»",
    )


def notice(surges: Sequence[Surge], lang: str) -> tuple[str, str]:
    """Return title and body of one message about *surges*, of which there is at least one."""
    texts = TEXTS[lang]
    if len(surges) == 1:
        title = texts["title"].format(series=series_name(surges[0].series, lang))
    else:
        title = texts["titles"].format(number=len(surges))
    return title, "\n\n".join([*(sentence(one, lang) for one in surges), texts["more"]])


def _numbers(surge: Surge, text: str, number: int, usual: float, lang: str) -> str:
    return text.format(
        series=series_name(surge.series, lang),
        tickets=_tickets(number, lang),
        window=TEXTS[lang][str(surge.window_s)],
        usual=TEXTS[lang]["below_one"] if usual < 0.5 else round(usual),
    )


def _tickets(number: int, lang: str) -> str:
    if lang != "ru":
        return f"{number} ticket{'' if number == 1 else 's'}"
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    one = number % 10 == 1 and number % 100 != 11
    return f"{number} обращени{'е' if one else 'я' if few else 'й'}"


def _length(length: timedelta, lang: str) -> str:
    hours, minutes = divmod(round(length.total_seconds() / 60), 60)
    hour, minute = ("ч", "мин") if lang == "ru" else ("h", "min")
    return f"{hours} {hour} {minutes} {minute}" if length >= _HOURS_FROM else f"{minutes} {minute}"


def _clock(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"
