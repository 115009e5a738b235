"""What `hub rules check` and `hub rules test` say of each kind of problem, in the two languages that they speak.

``said`` is what is wrong, ``todo`` what to do about it.
"""

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "error": "error",
        "warning": "warning",
        "note": "note",
        "witness": "shown by: {row}",
        "ascii_class.said": "{found} in {pattern} knows the letters a-z alone",
        "ascii_class.todo": "write \\p{{L}} for any letter, or add а-яё",
        "yo_class.said": "{found} in {pattern} leaves out ё, which is no part of а-я",
        "yo_class.todo": "write а-яё",
        "bounds.said": "at_least {at_least} is above its own at_most {at_most}; the ceiling always wins",
        "bounds.todo": "take one of them out",
        "ceiling.said": "at_least {at_least} never counts: {other}, which matches wherever this does, says at_most"
        " {at_most}, and ceilings win",
        "ceiling.todo": "raise that ceiling, or leave this rule's tickets out of it",
        "closes_complaint.said": "closes what it calls a complaint; complaints are for people to answer",
        "closes_complaint.todo": "take out state: closed, or choose another category",
        "contradiction.said": "contradicts {other}: that rule matches wherever this one does, comes first and sets"
        " {field} to {other_value}, so {value} is never set here",
        "contradiction.todo": "move this rule above it, narrow that one, or take {field} out of one of them",
        "duplicate.said": "has the same conditions as {other}",
        "duplicate.todo": "make one rule of the two",
        "example_match.said": "does not match its own example {text}{why}",
        "example_no_match.said": "matches {text}, which stands under no_match{why}",
        "example.todo": 'correct the example or the rule; "hub rules explain --text" shows every step',
        "why.barred": ": it closes, and {by} says that this is a complaint",
        "why.stopped": ": {by} stops the reading above it",
        "why.kind": ": it does not ask for a kind, so tasks and issues pass it by",
        "why.failed": ": {why}",
        "why.found": "; found: {words}",
        "impossible.said": "can never match: {conditions}",
        "impossible.todo": "change or take out one of these conditions; what an earlier rule sets must stand above",
        "letters_name.said": "{value}: the word {word} mixes alphabets ({letters}), so it equals nothing that looks"
        " the same",
        "letters_phrase.said": "{value}: in the word {word} {letters}; it is seen through when texts are read, but"
        " a search"
        " for the word will not find it here",
        "letters_expression.said": "{value}: in the word {word} {letters}; expressions read texts as they are"
        " written, so it"
        " finds nothing",
        "letters.todo": "type the word again in one alphabet",
        "meets.said": "looks for the same phrase as {other}, which comes first and sets {field} to {other_value};"
        " where both"
        " match, {value} is not set",
        "meets.todo": "leave the phrase in one of them, or put the rule that should win first",
        "overlaps.said": "{other} can match together with this rule; it comes first and sets {field} to"
        " {other_value},"
        " not {value}",
        "overlaps.todo": "nothing, if the order is meant so",
        "never_set.said": "asks for {key} {values}, which no rule above it sets",
        "never_set.todo": "move it below the rule that does, or correct the value; else only a person's choice"
        " fulfils it",
        "no_effect.said": "does nothing where it matches, and no rule asks whether it matched",
        "no_effect.todo": "add something to its then, or take it out",
        "no_examples.said": "has no examples",
        "no_examples.todo": "write texts that it is for, and not for, under examples: match and no_match",
        "policy_unreached.said": "is never reached: {other} stands above it and holds wherever this one does",
        "policy_unreached.todo": "move it above that policy",
        "same_phrase.said": "{value} is there already, as {other}",
        "same_phrase.todo": "take one of them out",
        "shadowed.said": "never has any effect: what it sets is always set already, by {others}",
        "shadowed.todo": "move it above, narrow what stands above, or take it out",
        "stopped.said": "is never read: {other} matches wherever it does and says stop",
        "stopped.todo": "move it above that rule, or take out stop",
        "no_ability.said": "{value} cannot {ability}; instances that can: {known}",
        "no_ability.todo": "name one of those, or take it out",
        "unknown_instance.said": "there is no instance {value}{nearest}; in the settings: {known}",
        "unknown_instance.todo": "correct the name, or add [instances.{value}] to hub.toml",
        "unknown_notify.said": "there is nobody called {value} to notify{nearest}; in the settings: {known}",
        "unknown_notify.todo": "correct the name, or add it to [notify] in hub.toml",
        "nearest": "; did you mean {nearest}?",
        "unused_calendar.said": "no policy uses this calendar",
        "unused_calendar.todo": "take it out, or name it in a policy",
        "unused_list.said": "nothing takes this list in",
        "unused_list.todo": "write ${subject} where it is wanted, or take it out",
        "letter": "{char} is {script}",
        "script.latin": "Latin",
        "script.greek": "Greek",
        "script.cyrillic": "Cyrillic",
        "script.digit": "a digit",
        "script.sign": "a sign",
        "near.lacks": "lacks «{word}»",
        "near.far_apart": "the words of «{word}» stand too far apart, or in another order",
        "near.preceded": "«{word}» is preceded by «{seen}»",
        "near.one_letter_off": "«{seen}» is one letter off «{word}»",
        "near.disguised": "«{seen}»: {letters}, and an expression reads it as it is written",
        "check.ok": "Rules: {rules}, policies: {policies}, version {version}. Errors: {errors}, warnings: {warnings},"
        " notes: {notes}",
        "check.notes": "--notes shows the notes",
        "check.broken": "The rules cannot be used, errors: {errors}; a hub that runs keeps those that it had",
        "test.ok": "Examples that hold: {held} of {examples}; rules: {rules}, without examples: {without}",
        "test.failed": "decided instead: {decided}",
        "test.wanted.match": "must match",
        "test.wanted.no_match": "must not match",
    },
    "ru": {
        "error": "ошибка",
        "warning": "предупреждение",
        "note": "замечание",
        "witness": "видно на примере: {row}",
        "ascii_class.said": "{found} в {pattern} знает только буквы a-z",
        "ascii_class.todo": "напишите \\p{{L}} вместо любой буквы или добавьте а-яё",
        "yo_class.said": "{found} в {pattern} не знает ё: она не входит в а-я",
        "yo_class.todo": "напишите а-яё",
        "bounds.said": "at_least {at_least} выше собственного at_most {at_most}; потолок всегда сильнее",
        "bounds.todo": "уберите одно из двух",
        "ceiling.said": "at_least {at_least} никогда не действует: {other} срабатывает везде, где это правило, и"
        " ставит"
        " at_most {at_most}, а потолок сильнее",
        "ceiling.todo": "поднимите потолок или исключите из него обращения этого правила",
        "closes_complaint.said": "закрывает то, что само называет жалобой; на жалобы отвечают люди",
        "closes_complaint.todo": "уберите state: closed или выберите другую категорию",
        "contradiction.said": "противоречит правилу {other}: то срабатывает везде, где это, стоит раньше и ставит"
        " {field}:"
        " {other_value}, поэтому {value} здесь не появится никогда",
        "contradiction.todo": "поставьте это правило выше, сузьте то или уберите {field} из одного из них",
        "duplicate.said": "условия те же, что у правила {other}",
        "duplicate.todo": "сделайте из двух правил одно",
        "example_match.said": "не срабатывает на собственном примере {text}{why}",
        "example_no_match.said": "срабатывает на {text}, а этот текст стоит в no_match{why}",
        "example.todo": "исправьте пример или правило; «hub rules explain --text» покажет каждый шаг",
        "why.barred": ": оно закрывает обращение, а {by} говорит, что это жалоба",
        "why.stopped": ": выше его {by} прекращает чтение правил",
        "why.kind": ": оно не спрашивает о виде (kind), поэтому задачи и заявки его минуют",
        "why.failed": ": {why}",
        "why.found": "; найдено: {words}",
        "impossible.said": "не сработает никогда: {conditions}",
        "impossible.todo": "измените или уберите одно из этих условий; то, что ставит другое правило, должно стоять"
        " выше",
        "letters_name.said": "{value}: в слове {word} смешаны алфавиты ({letters}), оно не равно ничему, что"
        " выглядит так же",
        "letters_phrase.said": "{value}: в слове {word} {letters}; при чтении текстов это учтено, но поиском это"
        " слово здесь"
        " не найти",
        "letters_expression.said": "{value}: в слове {word} {letters}; выражение читает текст как написано и ничего"
        " не найдёт",
        "letters.todo": "наберите слово заново в одном алфавите",
        "meets.said": "ищет ту же фразу, что и {other}; то стоит раньше и ставит {field}: {other_value}; где"
        " сработают оба,"
        " {value} не появится",
        "meets.todo": "оставьте фразу в одном из них или поставьте раньше то правило, которое должно победить",
        "overlaps.said": "вместе с этим правилом может сработать {other}; оно стоит раньше и ставит {field}:"
        " {other_value},"
        " а не {value}",
        "overlaps.todo": "ничего, если порядок так и задуман",
        "never_set.said": "ждёт {key}: {values}, но ни одно правило выше этого не ставит",
        "never_set.todo": "поставьте его ниже того, которое ставит, или исправьте значение; иначе его исполнит"
        " только выбор"
        " человека",
        "no_effect.said": "ничего не делает, когда срабатывает, и ни одно правило о нём не спрашивает",
        "no_effect.todo": "допишите then или уберите правило",
        "no_examples.said": "нет примеров",
        "no_examples.todo": "напишите в examples тексты, для которых оно (match) и для которых нет (no_match)",
        "policy_unreached.said": "до этой строки сроков дело не доходит: {other} стоит выше и подходит везде, где она",
        "policy_unreached.todo": "поставьте её выше",
        "same_phrase.said": "{value} уже есть: {other}",
        "same_phrase.todo": "уберите одну из двух",
        "shadowed.said": "никогда ни на что не влияет: всё, что оно ставит, всегда уже поставлено правилом {others}",
        "shadowed.todo": "поставьте его выше, сузьте то, что стоит выше, или уберите его",
        "stopped.said": "никогда не читается: {other} срабатывает везде, где оно, и говорит stop",
        "stopped.todo": "поставьте его выше того правила или уберите stop",
        "no_ability.said": "{value} не умеет {ability}; умеют: {known}",
        "no_ability.todo": "назовите одно из них или уберите это",
        "unknown_instance.said": "нет подключения {value}{nearest}; в настройках: {known}",
        "unknown_instance.todo": "исправьте имя или добавьте [instances.{value}] в hub.toml",
        "unknown_notify.said": "некого известить по имени {value}{nearest}; в настройках: {known}",
        "unknown_notify.todo": "исправьте имя или добавьте его в [notify] в hub.toml",
        "nearest": "; может быть, {nearest}?",
        "unused_calendar.said": "этим календарём не пользуется ни одна строка сроков",
        "unused_calendar.todo": "уберите его или назовите в sla",
        "unused_list.said": "этим списком никто не пользуется",
        "unused_list.todo": "напишите ${subject} там, где он нужен, или уберите его",
        "letter": "буква {char} — {script}",
        "script.latin": "латинская",
        "script.greek": "греческая",
        "script.cyrillic": "русская",
        "script.digit": "цифра",
        "script.sign": "знак",
        "near.lacks": "нет слова «{word}»",
        "near.far_apart": "слова «{word}» стоят слишком далеко друг от друга или в другом порядке",
        "near.preceded": "перед «{word}» стоит «{seen}»",
        "near.one_letter_off": "«{seen}» отличается от «{word}» одной буквой",
        "near.disguised": "«{seen}»: {letters}, а выражение читает как написано",
        "check.ok": "Прочитано правил: {rules}, строк сроков: {policies}, версия {version}. Ошибок: {errors},"
        " предупреждений: {warnings}, замечаний: {notes}",
        "check.notes": "замечания покажет --notes",
        "check.broken": "Правилами нельзя пользоваться, ошибок: {errors}; у работающего хаба остаются в силе прежние",
        "test.ok": "Примеров верных: {held} из {examples}; правил: {rules}, без примеров: {without}",
        "test.failed": "решено иначе: {decided}",
        "test.wanted.match": "должно сработать",
        "test.wanted.no_match": "не должно сработать",
    },
}
