"""Customers' cards in Bitrix24: found by phone, e-mail or nickname, told the nickname and the flags (section 8)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hub.sdk import CustomerCard, Inquiry, Lookup, Response, emails_in, phones_in
from hub_crm import assumed, words
from hub_crm.customer import Card, Customer, Step, asked_about, is_set, named, phone_forms, unrefused
from hub_crm.products.bitrix24.about import About
from hub_crm.products.bitrix24.calls import call, result
from hub_crm.settings import CustomerFields
from hub_crm.values import mapping, text, text_id

FIND, UPDATE = "crm.duplicate.findbycomm", "crm.item.update"
ENTITIES = {"lead": 1, "contact": 3, "company": 4}
_KINDS = {"CONTACT": "contact", "COMPANY": "company", "LEAD": "lead"}
_MOST = 20  # values that one search takes
_CARDS = 3  # more cards than that are no one customer


class Cards:
    """Cards of one portal.

    Args:
        site: the portal's address.
        lang: language of what is noted.
        fields: own fields that are read.
        note: whether anything is noted at all.
        nickname, do_not_call, social: own fields of cards for these, in the spelling of ``crm.item`` (``ufCrm_…``);
            what has no field stands in a comment of the card's timeline.
    """

    def __init__(
        self,
        site: str,
        lang: str,
        fields: CustomerFields,
        *,
        note: bool,
        nickname: str | None,
        do_not_call: str | None,
        social: str | None,
    ) -> None:
        self._site, self._lang, self._fields, self._note = site, lang, fields, note
        self._nickname, self._do_not_call, self._social = nickname, do_not_call, social

    def of(self, customer: Customer, reference: Mapping[str, Sequence[Any]]) -> Step[tuple[Card, ...]]:
        """Return the cards of *customer*, and note on it what is known where there is exactly one.

        Nothing where the CRM may not be asked: a task can be made without.
        """
        if not About.may(reference, FIND):
            return ()
        cards = yield from self.find(customer)
        if self._note and len(cards) == 1:
            yield from self.note(cards[0], customer)
        return cards if len(cards) <= _CARDS else ()

    def find(self, customer: Customer) -> Step[tuple[Card, ...]]:
        """Return the cards that have a phone or e-mail of *customer*, else those with one of the nicknames."""
        found: dict[Card, None] = {}
        phones = [form for phone in customer.phones for form in phone_forms(phone)]
        for kind, values in (("PHONE", phones), ("EMAIL", list(customer.emails))):
            if values:
                response = yield call(FIND, {"type": kind, "values": values[:_MOST]})
                found |= dict.fromkeys(_cards(response))
        if not found and self._nickname:
            for handle in customer.handles:
                response = yield self._by_nickname(str(handle))
                found |= dict.fromkeys(self._named(response, str(handle)))
        # A contact is the customer; a lead or a company that shares the phone says less.
        contacts = [card for card in found if card.kind == "contact"]
        return tuple(contacts or found)

    def identify(self, inquiry: Inquiry) -> Lookup:
        """Return the cards of contacts and companies that *inquiry* is about; of too many, none.

        Raises:
            SourceError: the portal refuses to say.
        """
        if not About.may(inquiry.reference, FIND):
            return ()
        found = yield from unrefused(self.find(asked_about(inquiry)))
        cards = [card for card in found if card.kind != "lead"]  # somebody who is not a customer yet
        read = []
        for card in cards if len(cards) <= _CARDS else ():
            response = yield from unrefused(_get(card))
            found_there = mapping(result(response)) if response else {}
            read.append(self._card(card, mapping(found_there.get("item"))))
        return tuple(read)

    def _card(self, card: Card, item: Mapping[str, Any]) -> CustomerCard:
        own = self._fields
        names = (text(item.get(key)).strip() for key in ("name", "lastName", "title"))
        nicknames = text(item.get(self._nickname)).splitlines() if self._nickname else ()
        flag = own.do_not_call or self._do_not_call
        return CustomerCard(
            key=f"{card.kind}/{card.id}",
            kind=card.kind,
            name=" ".join(filter(None, names)) or None,
            url=f"{self._site}{assumed.bitrix24_item_path(card.kind, card.id)}",
            phones=phones_in("\n".join(_communications(item, "PHONE"))),
            emails=emails_in("\n".join(_communications(item, "EMAIL"))),
            profiles=tuple(filter(None, nicknames)),
            do_not_call=is_set(item.get(str(flag))) if flag else None,
            loyalty=named(_values(item, own.loyalty), own.names) if own.loyalty else None,
            flags={
                name: said
                for name, key in own.flags.items()
                if (said := named(_values(item, key), own.names)) is not None
            },
        )

    def note(self, card: Card, customer: Customer) -> Step[None]:
        """Write nicknames and flags to *card*, unless they are there."""
        fields = yield from self._new_fields(card, customer)
        if fields:
            yield call(UPDATE, {"entityTypeId": ENTITIES[card.kind], "id": int(card.id), "fields": fields})
        text_of_note = words.on_card(customer, self._lang)
        if not text_of_note or (self._nickname and self._social):
            return
        where = {"ENTITY_ID": int(card.id), "ENTITY_TYPE": card.kind}
        response = yield call("crm.timeline.comment.list", {"filter": where, "order": {"ID": "desc"}, "start": 0})
        if response is None or response.status >= 400 or text_of_note in _comments(response):
            return
        yield call("crm.timeline.comment.add", {"fields": {**where, "COMMENT": text_of_note}}, safe=False)

    def _new_fields(self, card: Card, customer: Customer) -> Step[dict[str, Any]]:
        """Return the own fields of *card* that must change."""
        if not (self._nickname or self._do_not_call or self._social):
            return {}
        response = yield call("crm.item.get", {"entityTypeId": ENTITIES[card.kind], "id": int(card.id)})
        if response is None or response.status >= 400:
            return {}
        item = mapping(mapping(result(response)).get("item"))
        fields: dict[str, Any] = {}
        if self._nickname and customer.handles:
            known = text(item.get(self._nickname)).splitlines()
            lines = list(dict.fromkeys([*known, *map(str, customer.handles)]))
            fields |= {self._nickname: "\n".join(lines)} if lines != known else {}
        for field, flag in ((self._do_not_call, customer.do_not_call), (self._social, customer.social)):
            if field and flag and not is_set(item.get(field)):
                fields[field] = "Y"
        return fields

    def _by_nickname(self, handle: str) -> Any:
        query = {"entityTypeId": ENTITIES["contact"], "filter": {f"%{self._nickname}": handle}, "start": -1}
        return call("crm.item.list", {**query, "select": ["id", self._nickname], "order": {"id": "ASC"}})

    def _named(self, response: Response | None, handle: str) -> Iterator[Card]:
        """Yield the contacts that really have *handle*: a filter that is not known there lets everything through."""
        if response is None or response.status >= 400:
            return
        for item in map(mapping, assumed.rows(mapping(result(response)).get("items"))):
            if handle in text(item.get(self._nickname or "")).splitlines() and text_id(item.get("id")):
                yield Card("contact", text_id(item.get("id")))


def _get(card: Card) -> Step[Response | None]:
    return (yield call("crm.item.get", {"entityTypeId": ENTITIES[card.kind], "id": int(card.id)}))


def _communications(item: Mapping[str, Any], kind: str) -> list[str]:
    """Return the phones or e-mails of a card."""
    found = map(mapping, assumed.rows(item.get("fm")))
    return [text(one.get("value")) for one in found if one.get("typeId") == kind]


def _values(item: Mapping[str, Any], key: Any) -> Sequence[Any]:
    """Return the values of a field, which may hold one or several."""
    value = item.get(str(key))
    return value if isinstance(value, list) else [value]


def _cards(response: Response | None) -> Iterator[Card]:
    if response is None or response.status >= 400:
        return
    found = mapping(result(response))
    for key, kind in _KINDS.items():
        yield from (Card(kind, one) for value in assumed.rows(found.get(key)) if (one := text_id(value)))


def _comments(response: Response) -> list[str]:
    return [text(mapping(row).get("COMMENT")) for row in assumed.rows(result(response))]
