"""The portal's people, groups and stages, and the mint of its tasks and cards."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

from hub.sandbox import ALONE, LETTERS, MARKUP, UNSTORABLE, OddTexts, SandboxOptions, Shape, Shaped, Text, huge, same

from .model import PORTAL_ZONE, Comment, Item, Task, User

USERS = [
    User(1, "Ирина", "Кравец", 1, "Руководитель"),
    User(7, "Пётр", "Снегов", 2, "Оператор"),
    User(9, "Лада", "Юрская", 2, "Оператор"),
    User(12, "Олег", "Тихий", 3, "Юрист"),
    User(15, "Зоя", "Мирная", 3, "Юрист"),
    User(21, "Ян", "Бывший", 1, "Стажёр", active=False),
]
GROUPS = {0: "", 31: "Претензии", 32: "Юристы", 33: "Доставка"}
LEAD, DEAL, CONTACT, COMPANY = 1, 2, 3, 4
STAGES = [
    ("STATUS", "NEW", "Не обработан", None),
    ("STATUS", "IN_PROCESS", "В работе", None),
    ("STATUS", "CONVERTED", "Качественный лид", "S"),
    ("STATUS", "JUNK", "Некачественный лид", "F"),
    ("DEAL_STAGE", "NEW", "Новая", None),
    ("DEAL_STAGE", "EXECUTING", "В работе", None),
    ("DEAL_STAGE", "WON", "Сделка успешна", "S"),
    ("DEAL_STAGE", "LOSE", "Сделка провалена", "F"),
    ("DEAL_STAGE_1", "C1:NEW", "Новая", None),
    ("DEAL_STAGE_1", "C1:WON", "Сделка успешна", "S"),
    ("SOURCE", "WEB", "Веб-сайт", None),
]
STAGES_OF = {
    LEAD: ["NEW", "IN_PROCESS", "CONVERTED", "JUNK"],
    DEAL: ["NEW", "EXECUTING", "WON", "LOSE", "C1:NEW", "C1:WON"],
}
TITLES = (
    "Перезвонить клиенту", "Разобрать жалобу", "Проверить возврат", "Ответить на претензию", "Уточнить адрес",
    "Call back", "Check the refund",
)  # fmt: skip
REMARKS = (
    "Взял в работу.", "Жду ответа склада", "Клиент не берёт трубку, попробую завтра", "Согласовано, возврат оформлен",
    "Нужна копия чека", "Передал юристам", "Done, see the file", "ок",
)  # fmt: skip
EKATERINBURG = timezone(timedelta(hours=5))


def _around(before: str, after: str, plain_before: str = "", plain_after: str = "") -> Shape:
    return lambda text, _: Shaped(before + text + after, plain_before + text + plain_after)


# What BBCode of the portal does to a text, and what a person reads.
BBCODE: tuple[Shape, ...] = (
    _around("[B]Важно![/B] ", "", "Важно! "),
    _around("[QUOTE]Чем помочь?[/QUOTE]", "", "Чем помочь?\n"),
    _around("", " [URL]https://shop.example/order/7[/URL]", "", " https://shop.example/order/7"),
    _around("[LIST][*]не пришло[*]", "[/LIST]", "\n- не пришло\n- "),
    _around("[USER=7]Пётр Снегов[/USER], ", "", "Пётр Снегов, "),
    _around("[COLOR=#ff0000]", "[/COLOR]"),
    _around("Заказ [3 шт.] на [склад] ", "", "Заказ [3 шт.] на [склад] "),
)


class Mint:
    """Makes tasks, leads, deals and contacts; everything from the seed."""

    def __init__(self, options: SandboxOptions, tasks: Iterator[Text], cards: Iterator[Text]) -> None:
        """Words come from *tasks* and, for leads and deals, from *cards*."""
        self._options, self._tasks, self._cards = options, tasks, cards
        self._chance = random.Random(f"bitrix24-data:{options.seed}")
        self._odd = OddTexts((*BBCODE, *MARKUP, *LETTERS, *ALONE, *UNSTORABLE), self._chance)
        self._huge = options.huge
        self._broken = itertools.cycle(("id", "createdDate", "junk"))
        self._ids, self._chats = itertools.count(8001, 3), itertools.count(1400)
        self._comments = itertools.count(84_000, 2)

    def task(self, at: datetime) -> Task:
        """One task made at *at*."""
        chance = self._chance
        text = next(self._tasks)
        shaped = self._shape(text.text)
        status = chance.choice((2, 2, 3, 3, 4, 5, 5, 6))
        at = at.replace(microsecond=0)
        closed = at + timedelta(hours=chance.uniform(1, 9)) if status == 5 else None
        task = Task(
            id=next(self._ids),
            title=text.title or chance.choice(TITLES),
            wire=shaped.wire,
            plain=shaped.plain,
            created=at,
            changed=(closed or at).replace(microsecond=0),
            creator=chance.choice((1, 7, 9)),
            responsible=chance.choice((7, 9, 12, 15, 21)),
            status=status,
            priority=chance.choice((0, 1, 1, 2)),
            group=chance.choice((0, 0, 31, 32, 33)),
            deadline=at + timedelta(days=2) if chance.random() < 0.5 else None,
            closed=closed,
            tags={35: "vip"} if chance.random() < 0.2 else {},
            crm=["C_7", "D_10"] if chance.random() < 0.3 else [],
            bbcode=chance.random() > 0.1 or "[" in shaped.wire,
            zone=EKATERINBURG if chance.random() < 0.2 else PORTAL_ZONE,
            chat=next(self._chats),
            ref=text.ref,
            tone=text.tone,
        )
        task.comments.append(self.comment(0, at, "Задача создана"))
        for number in range(chance.choice((0, 0, 1, 2, 3))):
            task.comments.append(self.comment(task.responsible, at + timedelta(minutes=5 + number)))
        return task

    def broken(self, task: Task) -> None:
        """Make it malformed, in one way after the other."""
        task.broken = next(self._broken)

    def comment(self, author: int, at: datetime, words: str | None = None) -> Comment:
        """One message."""
        said = words or self._chance.choice(REMARKS)
        number = next(self._comments)
        file = None
        if words is None and self._chance.random() < 0.1:
            file = {"id": number + 1, "name": "чек.png", "type": "image"}
        return Comment(number, author, at.replace(microsecond=0), said, said, file)

    def item(self, entity: int, number: int, at: datetime) -> Item:
        """One lead or deal."""
        text = next(self._cards)
        shaped = self._shape(text.text)
        at = at.replace(microsecond=0)
        fields: dict[str, Any] = {
            "title": text.title or f"Обращение № {number}",
            "comments": shaped.wire,
            "stageId": self._chance.choice(STAGES_OF[entity]),
            "opportunity": self._chance.choice((0, 19000, 999.9)),
            "currencyId": "RUB",
            "contactId": self._chance.choice((0, 7)),
            "companyId": 0,
            "assignedById": self._chance.choice((7, 9)),
            "createdBy": 1,
            "sourceId": "WEB",
            "originatorId": None,
            "originId": None,
        }
        item = Item(entity, number, at, at, fields, shaped.plain, ref=text.ref, tone=text.tone)
        for minutes in range(self._chance.choice((0, 0, 1))):
            item.comments.append(self.comment(7, at + timedelta(minutes=9 + minutes)))
        return item

    def _shape(self, text: str) -> Shaped:
        if self._huge:
            self._huge -= 1
            return huge(text)
        return self._odd.shape(text) if self._chance.random() < self._options.odd else same(text)


LOYALTY: dict[int, dict[str, Any]] = {
    7: {"ufCrm_NO_CALLS": "N", "ufCrm_LOYALTY": "45"},
    8: {"ufCrm_NO_CALLS": "Y", "ufCrm_LOYALTY": "46", "ufCrm_MANAGER": "Лада Юрская"},
}
"""Own fields of contacts: a flag, an item of a list (its id), a text."""


def contacts(at: datetime) -> list[Item]:
    """A few customers."""
    rows = [
        (7, "Вера", "Климова", "+7 (912) 000-00-07", "vera@example.com"),
        (8, "Тимур", "Ахметов", "89120000008", "timur@example.com"),
        (9, "Ольга", "Дубль", "+79120000009", "olga@example.com"),
        (10, "Олег", "Дубль", "+79120000009", "oleg@example.com"),
    ]
    return [
        Item(
            CONTACT, number, at, at,
            {
                "name": name, "lastName": last, "assignedById": 7, **LOYALTY.get(number, {}),
                "fm": [
                    {"id": number * 10, "typeId": "PHONE", "valueType": "WORK", "value": phone},
                    {"id": number * 10 + 1, "typeId": "EMAIL", "valueType": "WORK", "value": email},
                ],
            },
        )
        for number, name, last, phone, email in rows
    ]  # fmt: skip
