"""What ``hub replies`` and the commands that act at a ticket's source say, in Russian and English."""

from collections.abc import Collection

from hub.cli.speech import Catalogue, Speech

TEXTS: Catalogue = {
    "en": {
        "asked": 'delivery {n} to {instance} waits; "hub sync" sends it',
        "asked_before": 'is asked for already: delivery {n} to {instance} ({state}); "hub outbox" shows what waits',
        "aside": 'delivery {n} was set aside: {error}; mend that, then run "hub outbox retry {n}"',
        "refused": "nothing is sent: {why}",
        "drafted": 'reply {n} is a draft; "hub replies approve {n}" sends it, "hub replies drop {n}" does not',
        "no_wish": (
            "no rule wants an answer for this ticket; name a template with --template, or write the text: {known}"
        ),
        "no_template": 'there is no template "{name}"{hint} in {folder}: {known}',
        "no_templates": 'there are no templates in {folder}; "hub init" writes some to start from',
        "no_drafts": "no draft waits",
        "none": "no reply is in this state",
        "hint": '"hub replies approve N" sends a draft, --edit changes it first, "hub replies drop N" drops it',
        "dropped": "{number} dropped",
        "not_all": '{number} cannot be dropped (any more); "hub replies list" shows those that wait',
        "title": "Reply {n}: {state}, ticket {ticket}, {platform} ({instance})",
        "by": "by: {by}",
        "rule": "rule: {rule}",
        "template": "template: {template}, variant {variant}",
        "reason": "why: {reason}",
        "said": "said: {text}",
        "draft": "drafted: {text}",
        "times": "created {created}, asked for {asked}, sent {sent}",
        "no_scores": "no template has made a draft yet",
        "checked": "{templates} templates with {texts} texts; {wrong} wrong",
        "private": "a public answer may not hold {what}; take it out",
        "private.card": "a card number ({masked}, character {at})",
        "private.account": "an account number ({masked}, character {at})",
        "private.phone": "a phone number ({masked}, character {at})",
        "private.passport": "a passport number ({masked}, character {at})",
        "waiting_proposals": (
            "tickets of the last week that are proposed for an escalation, as nobody knows the customer yet: {number};"
            ' "hub tickets show ID" has the command that opens it'
        ),
        "waiting_drafts": '{number} drafts wait for a person; "hub replies list" shows them',
        "column.n": "n",
        "column.state": "state",
        "column.ticket": "ticket",
        "column.platform": "platform",
        "column.template": "template",
        "column.since": "since",
        "column.text": "text",
        "column.by": "by",
        "column.name": "name",
        "column.unchanged": "unchanged",
        "column.little": "a little changed",
        "column.much": "much changed",
        "column.dropped": "dropped",
        "column.overtaken": "overtaken",
        "column.automatic": "automatic",
        "column.waiting": "waiting",
        "column.kept": "kept",
        "state.draft": "draft",
        "state.approved": "to be sent",
        "state.sent": "sent",
        "state.published": "published",
        "state.rejected": "rejected",
        "state.dropped": "dropped",
        "state.refused": "refused",
        "by.rule": "a rule",
        "by.person": "a person",
        "by.destination": "the helpdesk",
        "by.source": "the source",
        "score.template": "template",
        "score.rule": "rule",
    },
    "ru": {
        "asked": "отправка {n} в {instance} ждёт; её выполнит «hub sync»",
        "asked_before": "уже запрошено: отправка {n} в {instance} ({state}); что ждёт, покажет «hub outbox»",
        "aside": "отправка {n} отложена: {error}; исправьте это и выполните «hub outbox retry {n}»",
        "refused": "ничего не отправлено: {why}",
        "drafted": "ответ {n} - черновик; «hub replies approve {n}» отправит его, «hub replies drop {n}» - нет",
        "no_wish": "ни одно правило не просит ответа; назовите шаблон через --template или напишите текст: {known}",
        "no_template": "нет шаблона «{name}»{hint} в {folder}: {known}",
        "no_templates": "в {folder} нет шаблонов; «hub init» запишет несколько для начала",
        "no_drafts": "черновиков нет",
        "none": "ответов в этом состоянии нет",
        "hint": (
            "«hub replies approve N» отправит черновик, с --edit его можно сначала изменить,"
            " «hub replies drop N» отбросит"
        ),
        "dropped": "отброшено: {number}",
        "not_all": "отбросить (уже) нельзя: {number}; что ждёт, покажет «hub replies list»",
        "title": "Ответ {n}: {state}, обращение {ticket}, {platform} ({instance})",
        "by": "кто: {by}",
        "rule": "правило: {rule}",
        "template": "шаблон: {template}, вариант {variant}",
        "reason": "почему: {reason}",
        "said": "текст: {text}",
        "draft": "черновик: {text}",
        "times": "создан {created}, запрошен {asked}, отправлен {sent}",
        "no_scores": "шаблоны ещё не дали ни одного черновика",
        "checked": "шаблонов: {templates}, текстов в них: {texts}; с ошибками: {wrong}",
        "private": "публичный ответ не должен содержать {what}; уберите это",
        "private.card": "номер карты ({masked}, знак {at})",
        "private.account": "номер счёта ({masked}, знак {at})",
        "private.phone": "номер телефона ({masked}, знак {at})",
        "private.passport": "номер паспорта ({masked}, знак {at})",
        "waiting_proposals": (
            "обращений за неделю, где предложена эскалация, а клиент пока неизвестен: {number};"
            " команду, которая её откроет, покажет «hub tickets show ID»"
        ),
        "waiting_drafts": "черновиков ждёт человека: {number}; их покажет «hub replies list»",
        "column.n": "№",
        "column.state": "состояние",
        "column.ticket": "обращение",
        "column.platform": "площадка",
        "column.template": "шаблон",
        "column.since": "с",
        "column.text": "текст",
        "column.by": "по",
        "column.name": "имя",
        "column.unchanged": "без правок",
        "column.little": "мало правок",
        "column.much": "много правок",
        "column.dropped": "отброшено",
        "column.overtaken": "опоздали",
        "column.automatic": "сами",
        "column.waiting": "ждут",
        "column.kept": "сохранено",
        "state.draft": "черновик",
        "state.approved": "к отправке",
        "state.sent": "отправлен",
        "state.published": "опубликован",
        "state.rejected": "отклонён",
        "state.dropped": "отброшен",
        "state.refused": "не пропущен",
        "by.rule": "правило",
        "by.person": "человек",
        "by.destination": "служба поддержки",
        "by.source": "источник",
        "score.template": "шаблон",
        "score.rule": "правило",
    },
}


def private_told(speech: Speech, text: str, allow: Collection[str]) -> str | None:
    """Return why *text* may not be said in public, for a person; None: it may."""
    from hub.routing.private import private_numbers

    found = private_numbers(text, allow)
    told = [speech(f"private.{one.kind}", masked=one.masked, at=one.at + 1) for one in found]
    return speech("private", what=", ".join(told)) if told else None
