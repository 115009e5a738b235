"""What people are told of a ticket, in Russian or English: a title, and what is needed to see whether it is urgent."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import Any, NamedTuple

from hub.routing.moments import BREACH
from hub.sdk import Ticket

WORDS = 500  # characters of what the customer wrote
SHORT = 100  # of it in a list of several
_DAY_AND_TIME = "%Y-%m-%d %H:%M %Z"

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "several": "{number} tickets, {happened}: {priorities}",
        "new": "New",
        "warning": "{share} of the time is spent",
        "until": ", due {at}",
        "breach": "{promise} late since {at}",
        "new_body": "A ticket that is new to you.",
        "warning_body": "{share} of the time for {for} is spent",
        "breach_body": "The promise of {of} was broken at {at}.",
        "news": "new {number}", "warnings": "time running out {number}", "breaches": "promise broken {number}",
        "why": "Rules: {rules}",
        "due": "Answer until {at}",
        "queue": "Queue: {queue}",
        "ticket": "hub tickets show {id}",
        "silent": "(no text)",
        "urgent": "urgent", "high": "high", "normal": "normal", "low": "low",
        "category.complaint": "complaint", "category.consultation": "consultation", "category.praise": "praise",
        "category.suggestion": "suggestion", "category.news": "news", "category.spam": "spam",
        "category.other": "other",
    },
    "ru": {
        "several": "Обращений: {number}, {happened} ({priorities})",
        "new": "Новое",
        "warning": "Прошло {share} срока",
        "until": ", до {at}",
        "breach": "{promise} с {at}",
        "new_body": "Новое для вас обращение.",
        "warning_body": "Прошло {share} времени {for}",
        "breach_body": "Обещание {of} нарушено: срок был до {at}.",
        "news": "новых {number}", "warnings": "срок подходит {number}", "breaches": "срок нарушен {number}",
        "why": "Правила: {rules}",
        "due": "Ответить до {at}",
        "queue": "Очередь: {queue}",
        "ticket": "hub tickets show {id}",
        "silent": "(без текста)",
        "urgent": "срочное", "high": "важное", "normal": "обычное", "low": "несрочное",
        "category.complaint": "жалоба", "category.consultation": "консультация", "category.praise": "благодарность",
        "category.suggestion": "предложение", "category.news": "новость", "category.spam": "спам",
        "category.other": "другое",
    },
}  # fmt: skip
_PROMISES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "en": {
        "first_response": {"promise": "First answer", "for": "the first answer", "of": "a first answer"},
        "next_response": {"promise": "Next answer", "for": "the next answer", "of": "a next answer"},
        "resolution": {"promise": "Solution", "for": "the solution", "of": "a solution"},
    },
    "ru": {
        "first_response": {"promise": "Просрочен первый ответ", "for": "на первый ответ", "of": "первого ответа"},
        "next_response": {
            "promise": "Просрочен следующий ответ",
            "for": "на следующий ответ",
            "of": "следующего ответа",
        },
        "resolution": {"promise": "Просрочено решение", "for": "на решение", "of": "решения"},
    },
}
_ORDER = ("urgent", "high", "normal", "low")
_HAPPENED = ("new", "warning", "breach")
_MANY = {"new": "news", "warning": "warnings", "breach": "breaches"}
_SHORT_ID = 8


class News(NamedTuple):
    """What people are told: a ticket, and of it the warning or breach that has just come, as
    :class:`hub.store.page.Notice` has it; without one they are told of the ticket for the first time."""

    ticket: Ticket
    occasion: Mapping[str, Any] = MappingProxyType({})

    @property
    def happened(self) -> str:
        """What it is: ``new``, ``warning`` or ``breach``."""
        if not self.occasion:
            return "new"
        return "breach" if self.occasion["share"] == BREACH else "warning"


def told(news: Sequence[News], lang: str, zone: tzinfo) -> tuple[str, str]:
    """Return title and body of one message about *news*, of which there is at least one."""
    telling = _Telling(lang, zone)
    if len(news) == 1:
        return telling.title(news[0]), "\n\n".join(telling.about(news[0]))
    ordered = sorted(news, key=lambda one: _ORDER.index(one.ticket.priority))
    return telling.summary(ordered), "\n\n".join(map(telling.short, ordered))


class _Telling:
    """The words of one language, with times in one zone."""

    def __init__(self, lang: str, zone: tzinfo) -> None:
        self._texts, self._promises, self._zone = _TEXTS[lang], _PROMISES[lang], zone

    def summary(self, news: Sequence[News]) -> str:
        priorities = Counter[str](one.ticket.priority for one in news)
        happened = Counter(one.happened for one in news)
        return self._texts["several"].format(
            number=len(news),
            happened=", ".join(
                self._texts[_MANY[one]].format(number=happened[one]) for one in _HAPPENED if happened[one]
            ),
            priorities=", ".join(f"{self._texts[name]} {priorities[name]}" for name in _ORDER if priorities[name]),
        )

    def title(self, news: News) -> str:
        ticket = news.ticket
        category = self._texts[f"category.{ticket.category}"] if ticket.category else ""
        what = ", ".join(part for part in (self._texts[ticket.priority], ticket.platform, category) if part)
        return f"{self._happened(news)}: {what}"

    def _happened(self, news: News) -> str:
        """Return in a few words what happened, with the time of the day."""
        if news.happened == "new":
            return self._texts["new"]
        due = self._time(news.occasion["due"] or "", "%H:%M")
        if news.happened == "warning":
            spent = self._texts["warning"].format(share=_percent(news))
            return spent + (self._texts["until"].format(at=due) if due else "")
        at = self._time(news.occasion["reached"], "%H:%M")
        return self._texts["breach"].format(at=at, **self._promises[news.occasion["promise"]])

    def short(self, news: News) -> str:
        return "\n".join((self.title(news), _words(news.ticket, self._texts, SHORT), _where(news.ticket)))

    def about(self, news: News) -> list[str]:
        ticket = news.ticket
        parts = [self._first(news), _words(ticket, self._texts, WORDS), _where(ticket), "\n".join(self._why(news))]
        return [part for part in parts if part]

    def _first(self, news: News) -> str:
        """Return in a sentence what happened, with the day."""
        if news.happened == "new":
            return self._texts["new_body"]
        promise = self._promises[news.occasion["promise"]]
        if news.happened == "breach":
            return self._texts["breach_body"].format(at=self._time(news.occasion["reached"]), **promise)
        spent = self._texts["warning_body"].format(share=_percent(news), **promise)
        due = self._time(news.occasion["due"] or "")
        return spent + (self._texts["until"].format(at=due) if due else "") + "."

    def _why(self, news: News) -> Iterator[str]:
        ticket = news.ticket
        if news.happened == "new" and ticket.sla and ticket.sla.first_response_due:
            yield self._texts["due"].format(at=self._shown(ticket.sla.first_response_due))
        if ticket.queue:
            yield self._texts["queue"].format(queue=ticket.queue)
        if ticket.decision and ticket.decision.rules:
            yield self._texts["why"].format(rules=", ".join(ticket.decision.rules))
        yield self._texts["ticket"].format(id=str(ticket.id)[:_SHORT_ID])

    def _time(self, text: str, form: str = _DAY_AND_TIME) -> str:
        """Return an instant of an occasion; nothing where there is none."""
        return self._shown(datetime.fromisoformat(text), form) if text else ""

    def _shown(self, at: datetime, form: str = _DAY_AND_TIME) -> str:
        return format(at.astimezone(self._zone), form)


def _percent(news: News) -> str:
    return f"{news.occasion['share'] * 100:g} %"


def _words(ticket: Ticket, texts: Mapping[str, str], most: int) -> str:
    said = (message.body for message in ticket.messages if message.direction == "in" and not message.hidden)
    text = next((body for body in said if body.strip()), ticket.title or texts["silent"])
    text = " ".join(text.split())
    return text if len(text) <= most else text[:most] + "…"


def _where(ticket: Ticket) -> str:
    return ticket.url or next((message.url for message in ticket.messages if message.url), None) or ""
