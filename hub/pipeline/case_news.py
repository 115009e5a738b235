"""What became of a case that a ticket waits for, in a sentence, for people who work on the ticket elsewhere. Pure."""

from collections.abc import Mapping

WORDS = {
    "en": {
        "escalated": "Escalated to {to}: {case}. The ticket is on hold until it is done there.",
        "done": "{to} is done{status}: {case}",
        "deleted": "{to} has deleted the case that the ticket was waiting for: {case}",
        "again": "{to} is working on it again{status}: {case}",
        "department": "{instance}, {department}",
    },
    "ru": {
        "escalated": "Передано в {to}: {case}. Обращение ждёт, пока там не закончат.",
        "done": "{to}: работа закончена{status}: {case}",
        "deleted": "{to}: задача, которой ждало обращение, удалена: {case}",
        "again": "{to}: задача снова в работе{status}: {case}",
        "department": "{instance}, {department}",
    },
}


def news_of(news: Mapping[str, str], lang: str) -> str:
    """Return the sentence.

    Args:
        news: ``kind``: escalated, done, deleted, again; ``instance``; ``case``: its address or id; perhaps
            ``department`` and ``status``, in the destination's own words.
        lang: ``ru`` or ``en``.
    """
    words = WORDS[lang]
    to = words["department"].format(**news) if "department" in news else news["instance"]
    status = f" ({news['status']})" if "status" in news else ""
    return words[news["kind"]].format(to=to, case=news["case"], status=status)
