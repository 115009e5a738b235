"""A ticket's decision in one line, for people at a destination: what it is, how urgent, by which rules, until when."""

from collections.abc import Mapping
from datetime import tzinfo

from hub.sdk import Ticket

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "none": "no category",
        "priority": "{priority} priority",
        "score": "{priority} priority (score {score})",
        "rules": "rules: {rules}",
        "due": "first response due {due} ({zone})",
        "complaint": "complaint",
        "consultation": "consultation",
        "praise": "praise",
        "suggestion": "suggestion",
        "news": "news",
        "spam": "spam",
        "other": "other",
        "urgent": "urgent",
        "high": "high",
        "normal": "normal",
        "low": "low",
    },
    "ru": {
        "none": "без категории",
        "priority": "{priority} приоритет",
        "score": "{priority} приоритет (баллов: {score})",
        "rules": "правила: {rules}",
        "due": "первый ответ до {due} ({zone})",
        "complaint": "жалоба",
        "consultation": "консультация",
        "praise": "благодарность",
        "suggestion": "предложение",
        "news": "новость",
        "spam": "спам",
        "other": "прочее",
        "urgent": "срочный",
        "high": "высокий",
        "normal": "обычный",
        "low": "низкий",
    },
}


def summary_of(ticket: Ticket, lang: str, zone: tzinfo) -> str:
    """Return the line.

    Args:
        lang: ``ru`` or ``en``.
        zone: that people read times in.
    """
    words = WORDS[lang]
    key = "priority" if ticket.score is None else "score"
    parts = [
        words[ticket.category or "none"],
        words[key].format(priority=words[ticket.priority], score=ticket.score),
    ]
    if ticket.decision and ticket.decision.rules:
        parts.append(words["rules"].format(rules=", ".join(ticket.decision.rules)))
    if ticket.sla and (due := ticket.sla.first_response_due):
        parts.append(words["due"].format(due=f"{due.astimezone(zone):%Y-%m-%d %H:%M}", zone=zone))
    line = "; ".join(parts)
    return line[0].upper() + line[1:]
