"""Tasks of amoCRM for tickets, and what is new about them (sections 12, 13).

The vendor has no idempotent create: the marker stands in the task's text, and after a try whose outcome is not known
the tasks changed since then are looked through for it. A task has no comments: what is new goes to the notes of the
card it hangs on, else to the end of its own text.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hub.sdk import Created, Delivery, DeliveryError, Missing, Request, Response, Writes
from hub_crm import assumed, words
from hub_crm.customer import Card, Customer, Step, customer_of
from hub_crm.products.amocrm.calls import API, MAX_LIMIT, embedded, explained, get, has_next
from hub_crm.products.amocrm.cards import Cards
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text, text_id

FOLLOW_UP = 1
TIME_LEFT = {
    "urgent": timedelta(hours=4),
    "high": timedelta(days=1),
    "normal": timedelta(days=3),
    "low": timedelta(days=7),
}
"""When a task is due whose ticket names no time: there is no priority but this one (section 18)."""

_EARLIER = timedelta(minutes=10)  # clocks of the account and of this machine may differ
_PLURALS = {"contact": "contacts", "company": "companies", "lead": "leads"}


class Writer:
    """Writes of one account.

    Args:
        config: the instance's settings.
        site: the account's address.
        cards: the customers' cards.
    """

    def __init__(self, config: CrmConfig, site: str, cards: Cards) -> None:
        self._config, self._site, self._cards = config, site, cards

    def escalate(self, delivery: Delivery) -> Writes:
        """Do what *delivery* asks for."""
        match delivery.effect:
            case "create":
                return self._create(delivery)
            case "comment":
                return self._comment(delivery)
            case _:
                return self._change(delivery)

    # --- create -------------------------------------------------------------------------------------------------

    def _create(self, delivery: Delivery) -> Writes:
        if delivery.link is not None:
            return  # an earlier try made it, and a read has met it since: nothing is left to do
        if delivery.unsure_since is not None:
            found = yield from self._look_up(delivery.marker, delivery.unsure_since)
            if found:
                yield self._created(found)
                return
            yield Missing()
        customer = customer_of(delivery.ticket)
        cards = yield from self._cards.of(customer)
        card = cards[0] if len(cards) == 1 else None
        answer = yield self._new_task(delivery, customer, card)
        made = embedded(_good(answer, "the task"), "tasks")
        task = text_id(mapping(made[0]).get("id")) if made else ""
        if not task:
            raise DeliveryError("amoCRM answered a new task without its id; look for the marker in the account's tasks")
        yield self._created({"id": task, **_hangs_on(card)})

    def _new_task(self, delivery: Delivery, customer: Customer, card: Card | None) -> Request:
        written = words.case(delivery.ticket, customer, self._config.lang)
        target = self._config.map.find(delivery)
        responsible = (target and target.responsible) or self._config.responsible
        task = {
            "text": assumed.amocrm_marked(_as_text(written), delivery.marker),
            "complete_till": int(_due(delivery).timestamp()),
            "task_type_id": FOLLOW_UP,
            **_hangs_on(card),
            **({"responsible_user_id": int(responsible)} if responsible is not None else {}),
            "request_id": delivery.marker,
        }
        return Request("POST", f"{API}tasks", json=[task])

    def _look_up(self, marker: str, since: datetime) -> Step[Mapping[str, Any]]:
        """Return the task that carries *marker* among those changed after *since*; empty: there is none."""
        page = 1
        while True:
            start = {"filter[updated_at][from]": int((since - _EARLIER).timestamp())}
            response = yield get("tasks", {**start, **assumed.AMOCRM_PLAIN_ORDER, "limit": MAX_LIMIT, "page": page})
            good = _good(response, "the look-up")
            rows = [mapping(row) for row in embedded(good, "tasks")]
            found = next((row for row in rows if marker in text(row.get("text"))), None)
            if found is not None or not has_next(good):
                return found or {}
            page += 1

    def _created(self, task: Mapping[str, Any]) -> Created:
        kind, entity = text(task.get("entity_type")), text_id(task.get("entity_id"))
        path = assumed.amocrm_path(kind, entity) if kind and entity else "/todo/line/"
        return Created(f"task/{text_id(task.get('id'))}", self._site + path)

    # --- comment and change -------------------------------------------------------------------------------------

    def _comment(self, delivery: Delivery) -> Writes:
        task = yield from self._task(delivery)
        heading, quotes = words.comment(delivery, self._config.lang)
        said = "\n".join([heading, *(f"{who}\n> {quote}" for who, quote in quotes)])
        kind, entity = text(task.get("entity_type")), text_id(task.get("entity_id"))
        if not (kind and entity):
            # Harmless twice: it is not added where it stands already.
            if delivery.marker not in text(task.get("text")):
                yield from self._update(delivery, {"text": f"{text(task.get('text'))}\n{_marked(said, delivery)}"})
            return
        path = f"{kind}/{entity}/notes"
        if delivery.unsure_since is not None:
            response = yield get(path, {"limit": MAX_LIMIT, "order[id]": "desc"})
            if _is_noted(_good(response, "the look-up"), delivery.marker):
                return
            yield Missing()
        note = {"note_type": "common", "params": {"text": _marked(said, delivery)}}
        answer = yield Request("POST", f"{API}{path}", json=[note])
        made = embedded(_good(answer, "the note"), "notes")
        number = text_id(mapping(made[0]).get("id")) if made else ""
        if number and kind == "leads":
            yield Created(number)

    def _change(self, delivery: Delivery) -> Writes:
        """Bring state, due time and responsible of the task in line."""
        fields: dict[str, Any] = {}
        if "state" in delivery.changes:
            done = delivery.changes["state"] in ("solved", "closed")
            fields["is_completed"] = done
            if done:
                fields["result"] = {"text": _marked(words.word(self._config.lang, "done"), delivery)}
        if "priority" in delivery.changes:
            fields["complete_till"] = int(_due(delivery).timestamp())
        target = self._config.map.find(delivery) if "department" in delivery.changes else None
        if target and target.responsible is not None:
            fields["responsible_user_id"] = int(target.responsible)
        if fields:
            yield from self._update(delivery, fields)
        else:
            yield from self._task(delivery)  # nothing to change, but a task that is gone is told

    def _task(self, delivery: Delivery) -> Step[Mapping[str, Any]]:
        response = yield Request("GET", f"{API}tasks/{_task_of(delivery)}")
        return mapping(_good(response, "the task").json())

    def _update(self, delivery: Delivery, fields: Mapping[str, Any]) -> Step[None]:
        path = f"{API}tasks/{_task_of(delivery)}"
        response = yield Request("PATCH", path, json=dict(fields), safe=True)
        _good(response, "the change")


def _as_text(written: words.Written) -> str:
    """Return the whole case. Its first line stands for a subject; where that is the customer's own first line, the
    quote goes on after it."""
    lines = [written.title, *written.marks]
    quotes = list(written.quotes)
    for n, (who, said) in enumerate(quotes):
        if assumed.first_line(said) == written.title:
            quotes[n] = who, said.lstrip().partition("\n")[2].strip()
            break
    lines += [f"{who}\n> {said}" if said else who for who, said in quotes]
    return "\n".join([*lines, *([": ".join(written.source)] if written.source else [])])


def _marked(said: str, delivery: Delivery) -> str:
    return assumed.amocrm_marked(said, delivery.marker)


def _due(delivery: Delivery) -> datetime:
    """Return when the task is due: as the ticket's policy says, else by its priority from its beginning on, so that a
    second try says the same; never in the past."""
    ticket = delivery.ticket
    due = ticket.sla.resolution_due if ticket.sla else None
    due = due or ticket.created_at + TIME_LEFT[ticket.priority]
    return due if due > delivery.now else delivery.now + TIME_LEFT["urgent"]


def _hangs_on(card: Card | None) -> dict[str, Any]:
    return {"entity_id": int(card.id), "entity_type": _PLURALS[card.kind]} if card else {}


def _task_of(delivery: Delivery) -> str:
    kind, _, task = (delivery.link.external_id if delivery.link else "").partition("/")
    if kind != "task" or not task.isdigit():
        raise DeliveryError(f"{delivery.link and delivery.link.external_id} is no task of amoCRM")
    return task


def _is_noted(response: Response, marker: str) -> bool:
    rows: Sequence[Any] = embedded(response, "notes")
    return any(marker in text(mapping(mapping(row).get("params")).get("text")) for row in rows)


def _good(response: Response | None, what: str) -> Response:
    """Return a response that is good.

    Raises:
        DeliveryError: amoCRM refused; in its own words.
    """
    assert response is not None  # noqa: S101 - a request is always answered
    if response.status >= 400 or (response.status == 204 and what in ("the task", "the change")):
        raise DeliveryError(f"amoCRM refuses {what}: {response.status} {explained(response)}")
    return response
