"""Tasks of Bitrix24 for tickets, and what is new about them (sections 6 to 8).

A task is created by REST 3.0 with an ``Idempotency-Key`` where the portal has it, else by REST 2. In both the marker
stands in ``XML_ID`` (or in the task's own field of the settings) and at the end of the description; after a try whose
outcome is not known, the tasks made since then are looked through for it: the portal keeps a key for a day only. A
comment carries its marker in its text, for the new comments have no id that is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.sdk import Created, Delivery, DeliveryError, Missing, Request, Response, Writes, find_marker
from hub_crm import assumed, words
from hub_crm.customer import Card, Customer, Step, customer_of
from hub_crm.products.bitrix24.about import CHATS, About
from hub_crm.products.bitrix24.answers import description, good, news
from hub_crm.products.bitrix24.calls import PAGE_SIZE, batch, call, call3, read_batch
from hub_crm.products.bitrix24.cards import Cards
from hub_crm.products.bitrix24.items import ENTITIES, ItemWriter
from hub_crm.settings import CrmConfig, Target
from hub_crm.values import mapping, number, text, text_id

PRIORITIES = {"low": 1, "normal": 2, "high": 2, "urgent": 2}
"""An escalation is raised by one of the three steps that there are."""
PRIORITY_WORDS = {1: "average", 2: "high"}  # in REST 3.0

COMPLETED, DEFERRED, WAITING, IN_PROGRESS = "5", "6", "2", "3"
TASK = "task"
KEY_MISMATCH = 422
_PREFIXES = {"contact": "C_", "company": "CO_", "lead": "L_"}
_EARLIER = timedelta(minutes=10)  # clocks of the portal and of this machine may differ
_KEPT = timedelta(hours=25)  # how long the portal remembers a key, and a little


class Writer:
    """Writes of one portal.

    Args:
        config: the instance's settings.
        site: the portal's address.
        user: id of the webhook's user; empty where it is not known (an app).
        marker_field: the task's own field for markers, where there is one.
        cards: the customers' cards.
        opens: what an escalation opens: a task, a lead or a deal.
    """

    def __init__(
        self, config: CrmConfig, site: str, user: str, marker_field: str | None, cards: Cards, opens: str
    ) -> None:
        self._config, self._site, self._user = config, site, user
        self._marker_field = marker_field
        self._cards, self._opens = cards, opens
        self._items = ItemWriter(config, site, cards)

    def escalate(self, delivery: Delivery) -> Writes:
        """Do what *delivery* asks for: in a task, or in the lead or deal that the settings or the link name."""
        if delivery.effect == "create":
            return self._create(delivery) if self._opens == TASK else self._items.create(delivery, self._opens)
        kind, number = _case_of(delivery)
        if kind == TASK:
            return self._comment(delivery, number) if delivery.effect == "comment" else self._change(delivery, number)
        told = self._items.comment if delivery.effect == "comment" else self._items.change
        return told(delivery, kind, number)

    # --- create -------------------------------------------------------------------------------------------------

    def _create(self, delivery: Delivery) -> Writes:
        if delivery.link is not None:
            return  # an earlier try made it, and a read has met it since: nothing is left to do
        target = self._target(delivery)
        if delivery.unsure_since is not None:
            found = yield from self._look_up(delivery.marker, delivery.unsure_since)
            if found:
                yield self._created(found)
                return
            yield Missing()
        customer = customer_of(delivery.ticket)
        cards = yield from self._cards.of(customer, delivery.reference)
        if self._keyed(delivery):
            answer = yield self._keyed_create(delivery, customer, cards, target)
            if answer is not None and answer.status == KEY_MISMATCH:
                # An earlier try was taken, and the ticket has changed since.
                found = yield from self._look_up(delivery.marker, delivery.now - _KEPT)
                if found:
                    yield self._created(found)
                    return
            item = mapping(mapping(good(answer, "the task")).get("item"))
        else:
            answer = yield self._plain_create(delivery, customer, cards, target)
            item = mapping(mapping(good(answer, "the task")).get("task"))
        task = text_id(item.get("id"))
        if not task:
            raise DeliveryError("Bitrix24 answered a new task without its id; look for it on the portal by the marker")
        yield self._created(task)

    def _target(self, delivery: Delivery) -> Target:
        found = self._config.map.find(delivery) or Target()
        responsible = found.responsible or self._config.responsible
        if responsible is None:
            where = f"department.{delivery.department}" if delivery.department else f"queue.{delivery.ticket.queue}"
            raise DeliveryError(
                f"Bitrix24 makes no task without somebody responsible: give the map's {where} a responsible, or set"
                " responsible for all that the map has nobody for"
            )
        return found.model_copy(update={"responsible": responsible})

    def _keyed(self, delivery: Delivery) -> bool:
        return bool(self._user) and About.may(delivery.reference, CHATS)

    def _keyed_create(self, delivery: Delivery, customer: Customer, cards: Sequence[Card], target: Target) -> Request:
        written = words.case(delivery.ticket, customer, self._config.lang)
        fields: dict[str, Any] = {
            "title": written.title,
            "description": description(written, delivery.marker),
            "creatorId": int(self._user),
            "responsibleId": int(target.responsible or 0),
            "priority": PRIORITY_WORDS[PRIORITIES[delivery.ticket.priority]],
            "xmlId": delivery.marker,
        }
        if target.group is not None:
            fields["groupId"] = int(target.group)
        if cards:
            fields["crmItemIds"] = [f"{_PREFIXES[card.kind]}{card.id}" for card in cards]
        if due := _due(delivery):
            fields["deadline"] = due
        return call3("tasks.task.add", {"fields": fields}, delivery.marker)

    def _plain_create(self, delivery: Delivery, customer: Customer, cards: Sequence[Card], target: Target) -> Request:
        written = words.case(delivery.ticket, customer, self._config.lang)
        fields: dict[str, Any] = {
            "TITLE": written.title,
            "DESCRIPTION": description(written, delivery.marker),
            "RESPONSIBLE_ID": target.responsible,
            "PRIORITY": PRIORITIES[delivery.ticket.priority],
            self._marker_field or "XML_ID": delivery.marker,
        }
        if target.group is not None:
            fields["GROUP_ID"] = target.group
        if cards:
            fields["UF_CRM_TASK"] = [f"{_PREFIXES[card.kind]}{card.id}" for card in cards]
        if due := _due(delivery):
            fields["DEADLINE"] = due
        return call("tasks.task.add", {"fields": fields}, safe=False)

    def _created(self, task: str) -> Created:
        return Created(f"task/{task}", self._site + assumed.bitrix24_task_path(task))

    def _look_up(self, marker: str, since: datetime) -> Step[str]:
        """Return the id of the task that carries *marker* among those made after *since*; empty: there is none."""
        after = 0
        while True:
            response = yield self._made_since(since - _EARLIER, after)
            rows = [mapping(row) for row in assumed.rows(mapping(good(response, "the look-up")).get("tasks"))]
            found = next((text_id(row.get("id")) for row in rows if self._carries(row, marker)), "")
            last = max((at for row in rows if (at := number(row.get("id")))), default=0)
            if found or len(rows) < PAGE_SIZE or last <= after:
                return found
            after = last

    def _made_since(self, since: datetime, after: int) -> Request:
        select = ["ID", "XML_ID", "DESCRIPTION", *([self._marker_field] if self._marker_field else [])]
        made = {">=CREATED_DATE": assumed.bitrix24_moment(since), ">ID": after}
        return call("tasks.task.list", {"filter": made, "order": {"ID": "asc"}, "select": select, "start": -1})

    @staticmethod
    def _carries(row: Mapping[str, Any], marker: str) -> bool:
        return any(find_marker(value) == marker for value in row.values() if isinstance(value, str))

    # --- comment ------------------------------------------------------------------------------------------------

    def _comment(self, delivery: Delivery, task: str) -> Writes:
        in_chats = About.in_chats(delivery.reference)
        if delivery.unsure_since is not None:
            said = yield self._said(task, in_chats=in_chats)
            if delivery.marker in "\n".join(_texts(said)):
                return
            yield Missing()
        message = news(*words.comment(delivery, self._config.lang), delivery.marker)
        # The order of the parameters counts: the task first.
        params = {"TASKID": int(task), "FIELDS": {"POST_MESSAGE": message}}
        answer = yield call("task.commentitem.add", params, safe=False)
        comment = text_id(good(answer, "the comment"))
        if comment and not in_chats:
            yield Created(f"{task}/{comment}")

    def _said(self, task: str, *, in_chats: bool) -> Request:
        if not in_chats:
            return batch({"m": ("task.commentitem.getlist", {"TASKID": task})})
        chat = "chat$result[t][task][chatId]"
        return batch(
            {
                "t": ("tasks.task.get", {"taskId": task, "select": ["ID", "CHAT_ID"]}),
                "m": ("im.dialog.messages.get", {"DIALOG_ID": chat, "LIMIT": PAGE_SIZE}),
            }
        )

    # --- change -------------------------------------------------------------------------------------------------

    def _change(self, delivery: Delivery, task: str) -> Writes:
        """Bring state, priority and department of the task in line; who works on a ticket here is nobody there."""
        fields = self._changed_fields(delivery)
        if fields:
            answer = yield call("tasks.task.update", {"taskId": int(task), "fields": fields})
            good(answer, "the change")
        if "state" in delivery.changes:
            answer = yield call("tasks.task.get", {"taskId": int(task), "select": ["ID", "STATUS"]})
            status = text_id(mapping(mapping(good(answer, "the task")).get("task")).get("status"))
            move = _move(str(delivery.changes["state"]), status)
            if move:
                answer = yield call(f"tasks.task.{move}", {"taskId": int(task)})
                good(answer, "the new state")

    def _changed_fields(self, delivery: Delivery) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if "priority" in delivery.changes:
            fields["PRIORITY"] = PRIORITIES.get(str(delivery.changes["priority"]), 1)
        target = self._config.map.find(delivery) if "department" in delivery.changes else None
        if target and target.group is not None:
            fields["GROUP_ID"] = target.group
        if target and target.responsible is not None:
            fields["RESPONSIBLE_ID"] = target.responsible
        return fields


def _move(state: str, status: str) -> str:
    """Return the method that brings a task of *status* to *state*; empty: it is there, or nothing fits."""
    if state in ("solved", "closed"):
        return "" if status == COMPLETED else "complete"
    if state == "on_hold":
        return "defer" if status in (WAITING, IN_PROGRESS) else ""
    return "renew" if status in (COMPLETED, DEFERRED) else ""


def _case_of(delivery: Delivery) -> tuple[str, str]:
    """Return kind and id of the case that *delivery* is about."""
    named = delivery.link.external_id if delivery.link else ""
    kind, _, number = named.partition("/")
    if kind not in (TASK, *ENTITIES) or not number.isdigit():
        raise DeliveryError(f"{named!r} is no task, lead or deal of Bitrix24")
    return kind, number


def _due(delivery: Delivery) -> str | None:
    due = delivery.ticket.sla.resolution_due if delivery.ticket.sla else None
    return assumed.bitrix24_moment(due) if due else None


def _texts(response: Response | None) -> Iterator[str]:
    """Yield what was said about a task, out of a batch."""
    good(response, "the look-up")
    assert response is not None  # noqa: S101 - as above
    found = read_batch(response).results.get("m")
    for said in assumed.rows(mapping(found).get("messages", found)):
        yield text(mapping(said).get("text")) or text(mapping(said).get("POST_MESSAGE"))
