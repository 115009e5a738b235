"""Leads and deals of Bitrix24 for tickets, and what is new about them (section 8).

``originatorId`` and ``originId`` are meant for ids of others: the marker stands there, and is looked up by. What is new
becomes a comment of the timeline. Stages belong to the sales people: a change of the ticket's state moves none.
"""

from typing import Any

from hub.sdk import Created, Delivery, DeliveryError, Missing, Request, Writes
from hub_crm import assumed, words
from hub_crm.customer import Card, Customer, customer_of
from hub_crm.products.bitrix24.answers import description, good, news
from hub_crm.products.bitrix24.calls import PAGE_SIZE, call
from hub_crm.products.bitrix24.cards import Cards
from hub_crm.products.bitrix24.lists import KINDS
from hub_crm.products.bitrix24.records import HUB
from hub_crm.settings import CrmConfig
from hub_crm.values import mapping, text, text_id

ENTITIES = {kind.name: kind.entity for kind in KINDS.values() if kind.entity}


class ItemWriter:
    """Writes leads or deals of one portal.

    Args:
        config: the instance's settings.
        site: the portal's address.
        cards: the customers' cards.
    """

    def __init__(self, config: CrmConfig, site: str, cards: Cards) -> None:
        self._config, self._site, self._cards = config, site, cards

    def create(self, delivery: Delivery, kind: str) -> Writes:
        """Open a lead or a deal."""
        if delivery.link is not None:
            return  # an earlier try made it, and a read has met it since: nothing is left to do
        if delivery.unsure_since is not None:
            response = yield self._look_up(delivery.marker, kind)
            rows = [mapping(row) for row in assumed.rows(mapping(good(response, "the look-up")).get("items"))]
            found = next((text_id(row.get("id")) for row in rows if row.get("originId") == delivery.marker), "")
            if found:
                yield self._created(kind, found)
                return
            yield Missing()
        customer = customer_of(delivery.ticket)
        cards = yield from self._cards.of(customer, delivery.reference)
        answer = yield self._new(delivery, kind, customer, cards)
        item = text_id(mapping(mapping(good(answer, f"the {kind}")).get("item")).get("id"))
        if not item:
            raise DeliveryError(f"Bitrix24 answered a new {kind} without its id; look for it by its marker (originId)")
        yield self._created(kind, item)

    def comment(self, delivery: Delivery, kind: str, item: str) -> Writes:
        """Say what is new in the timeline."""
        where = {"ENTITY_ID": int(item), "ENTITY_TYPE": kind}
        if delivery.unsure_since is not None:
            listed = yield call("crm.timeline.comment.list", {"filter": where, "order": {"ID": "desc"}, "start": 0})
            said = [mapping(row) for row in assumed.rows(good(listed, "the look-up"))]
            found = next((row for row in said if delivery.marker in text(row.get("COMMENT"))), None)
            if found is not None:
                yield Created(f"{item}/{text_id(found.get('ID'))}")
                return
            yield Missing()
        heading, quotes = words.comment(delivery, self._config.lang)
        fields = {**where, "COMMENT": news(heading, quotes, delivery.marker)}
        answer = yield call("crm.timeline.comment.add", {"fields": fields}, safe=False)
        made = text_id(good(answer, "the comment"))
        if made:
            yield Created(f"{item}/{made}")

    def change(self, delivery: Delivery, kind: str, item: str) -> Writes:
        """Give it to another responsible; nothing else of a card is the hub's to change."""
        target = self._config.map.find(delivery) if "department" in delivery.changes else None
        where = {"entityTypeId": ENTITIES[kind], "id": int(item)}
        if target and target.responsible is not None:
            answer = yield call("crm.item.update", {**where, "fields": {"assignedById": target.responsible}})
        else:
            answer = yield call("crm.item.get", where)  # nothing to change, but one that is gone is told
        good(answer, "the change")

    def _look_up(self, marker: str, kind: str) -> Request:
        wanted = {"originatorId": HUB, "originId": marker}
        query = {"entityTypeId": ENTITIES[kind], "filter": wanted, "select": ["id", "originId"], "start": -1}
        return call("crm.item.list", {**query, "order": {"id": "ASC"}}, rows=PAGE_SIZE)

    def _new(self, delivery: Delivery, kind: str, customer: Customer, cards: tuple[Card, ...]) -> Request:
        written = words.case(delivery.ticket, customer, self._config.lang)
        target = self._config.map.find(delivery)
        responsible = (target and target.responsible) or self._config.responsible
        contacts = [int(card.id) for card in cards if card.kind == "contact"]
        fields: dict[str, Any] = {
            "title": written.title,
            "comments": description(written, delivery.marker),
            "sourceDescription": written.marks[0],
            "originatorId": HUB,
            "originId": delivery.marker,
            **({"assignedById": responsible} if responsible is not None else {}),
            **({"contactIds": contacts} if contacts else {}),
        }
        return call("crm.item.add", {"entityTypeId": ENTITIES[kind], "fields": fields}, safe=False)

    def _created(self, kind: str, item: str) -> Created:
        return Created(f"{kind}/{item}", self._site + assumed.bitrix24_item_path(kind, item))
