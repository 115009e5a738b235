"""What the demo says, in the two languages that it speaks."""

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "served": "Vendors' APIs run on this machine: {vendors}. Settings: {config}",
        "reading": "reading",
        "newest": "The newest tickets",
        "one": "One of them in full",
        "platforms": "By platform",
        "ratings": "By rating",
        "no_rating": "none",
        "speed": "{records} records became {tickets} tickets with {messages} messages in {seconds:.1f} s"
        " ({rate:.0f} a second).",
        "set_aside": "{dead} records were odd on purpose and were set aside with the reason.",
        "next": "What to try next",
        "next_list": "the sharpest reviews",
        "next_text": "search",
        "next_show": "one ticket and its story",
        "next_dead": "what was set aside, and why",
        "next_status": "how every source is",
        "next_export": "a table for a spreadsheet",
        "next_init": "your own settings",
        "next_sync": "read again: nothing comes twice",
        "kept": "The vendors' APIs go on until Ctrl-C.",
        "word": "refund",
    },
    "ru": {
        "served": "API поставщиков запущены на этой машине: {vendors}. Настройки: {config}",
        "reading": "читаем",
        "newest": "Самые новые обращения",
        "one": "Одно из них целиком",
        "platforms": "По площадкам",
        "ratings": "По оценкам",
        "no_rating": "нет",
        "speed": "Записей: {records}; обращений: {tickets}, сообщений в них: {messages}; за {seconds:.1f} с"
        " ({rate:.0f} в секунду).",
        "set_aside": "Нарочно испорченных записей: {dead}; они отложены, причина указана.",
        "next": "Что попробовать дальше",
        "next_list": "самые резкие отзывы",
        "next_text": "поиск",
        "next_show": "одно обращение и его история",
        "next_dead": "что отложено и почему",
        "next_status": "как дела у каждого источника",
        "next_export": "таблица для электронных таблиц",
        "next_init": "свои настройки",
        "next_sync": "прочитать ещё раз: ничего не придёт дважды",
        "kept": "API поставщиков работают до Ctrl-C.",
        "word": "деньги",
    },
}
