"""Customers' cards in amoCRM: contacts found by phone, e-mail or nickname, told the nickname and the flags (13)."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.sdk import CustomerCard, Inquiry, Lookup, Request, Response, emails_in, phones_in
from hub_crm import assumed, words
from hub_crm.customer import Card, Customer, Step, asked_about, is_set, named, unrefused
from hub_crm.products.amocrm.calls import API, MAX_LIMIT, embedded, get
from hub_crm.settings import CustomerFields
from hub_crm.values import mapping, text, text_id

_CARDS = 3  # more cards than that are no one customer
_TAIL = 10  # digits of a phone that are compared: the country may be written as 8 or +7


class Cards:
    """Cards of one account.

    Args:
        site: the account's address.
        lang: language of what is noted.
        fields: own fields that are read.
        note: whether anything is noted at all.
        nickname, do_not_call, social: ids of the contacts' own fields for these; what has no field stands in a note.
    """

    def __init__(
        self,
        site: str,
        lang: str,
        fields: CustomerFields,
        *,
        note: bool,
        nickname: int | None,
        do_not_call: int | None,
        social: int | None,
    ) -> None:
        self._site, self._lang, self._fields, self._note = site, lang, fields, note
        self._nickname, self._do_not_call, self._social = nickname, do_not_call, social

    def of(self, customer: Customer) -> Step[tuple[Card, ...]]:
        """Return the cards of *customer*, and note on it what is known where there is exactly one."""
        cards = yield from self.find(customer)
        if self._note and len(cards) == 1:
            yield from self.note(cards[0], customer)
        return cards if len(cards) <= _CARDS else ()

    def find(self, customer: Customer) -> Step[tuple[Card, ...]]:
        """Return the contacts that have a phone or e-mail of *customer*, else those with one of the nicknames.

        The vendor searches all fields at once, so what it finds is looked at again.
        """
        found: dict[Card, None] = {}
        for code, values in (("PHONE", customer.phones), ("EMAIL", customer.emails)):
            for value in values:
                response = yield self._search(value)
                found |= dict.fromkeys(_having(response, code, value))
        if not found and self._nickname:
            for handle in customer.handles:
                response = yield self._search(str(handle))
                found |= dict.fromkeys(self._named(response, str(handle)))
        return tuple(found)

    def identify(self, inquiry: Inquiry) -> Lookup:
        """Return the contacts that *inquiry* is about; of too many, none.

        Raises:
            SourceError: the account refuses to say.
        """
        cards = yield from unrefused(self.find(asked_about(inquiry)))
        read = []
        for card in cards if len(cards) <= _CARDS else ():
            response = yield from unrefused(_get(card))
            read.append(self._card(card, mapping(response.json() if response else None)))
        return tuple(read)

    def _card(self, card: Card, contact: Mapping[str, Any]) -> CustomerCard:
        own = self._fields
        nicknames = (line for value in _values(contact, self._nickname) for line in value.splitlines())
        flag = own.do_not_call or self._do_not_call
        return CustomerCard(
            key=f"{card.kind}/{card.id}",
            kind=card.kind,
            name=text(contact.get("name")).strip() or None,
            url=f"{self._site}{assumed.amocrm_path('contacts', card.id)}",
            phones=phones_in("\n".join(_values(contact, "PHONE"))),
            emails=emails_in("\n".join(_values(contact, "EMAIL"))),
            profiles=tuple(nicknames) if self._nickname else (),
            do_not_call=any(map(is_set, _raw_values(contact, flag))) if flag else None,
            loyalty=named(_raw_values(contact, own.loyalty), own.names) if own.loyalty else None,
            flags={
                name: said
                for name, key in own.flags.items()
                if (said := named(_raw_values(contact, key), own.names)) is not None
            },
        )

    def note(self, card: Card, customer: Customer) -> Step[None]:
        """Write nicknames and flags to *card*, unless they are there."""
        fields = yield from self._new_fields(card, customer)
        if fields:
            yield Request("PATCH", f"{API}contacts/{card.id}", json={"custom_fields_values": fields}, safe=True)
        said = words.on_card(customer, self._lang)
        if not said or (self._nickname and self._social):
            return
        path = f"contacts/{card.id}/notes"
        response = yield get(path, {"filter[note_type]": "common", "limit": MAX_LIMIT})
        if response is None or response.status >= 400 or said in _notes(response):
            return
        yield Request("POST", f"{API}{path}", json=[{"note_type": "common", "params": {"text": said}}])

    def _search(self, query: str) -> Request:
        return get("contacts", {"query": query, "limit": MAX_LIMIT})

    def _named(self, response: Response | None, handle: str) -> Iterator[Card]:
        for contact in _contacts(response):
            lines = [line for value in _values(contact, self._nickname) for line in value.splitlines()]
            if handle in lines and text_id(contact.get("id")):
                yield Card("contact", text_id(contact.get("id")))

    def _new_fields(self, card: Card, customer: Customer) -> Step[list[dict[str, Any]]]:
        """Return the own fields of *card* that must change."""
        if not (self._nickname or self._do_not_call or self._social):
            return []
        response = yield Request("GET", f"{API}contacts/{card.id}")
        if response is None or response.status != 200:
            return []
        contact, fields = mapping(response.json()), list[dict[str, Any]]()
        if self._nickname and customer.handles:
            known = [line for value in _values(contact, self._nickname) for line in value.splitlines()]
            lines = list(dict.fromkeys([*known, *map(str, customer.handles)]))
            if lines != known:
                fields.append({"field_id": self._nickname, "values": [{"value": "\n".join(lines)}]})
        for field, flag in ((self._do_not_call, customer.do_not_call), (self._social, customer.social)):
            if field and flag and not any(_raw_values(contact, field)):
                fields.append({"field_id": field, "values": [{"value": True}]})
        return fields


def _get(card: Card) -> Step[Response | None]:
    return (yield Request("GET", f"{API}contacts/{card.id}"))


def _contacts(response: Response | None) -> Iterator[Mapping[str, Any]]:
    if response is not None and response.status < 400:
        yield from map(mapping, embedded(response, "contacts"))


def _having(response: Response | None, code: str, wanted: str) -> Iterator[Card]:
    for contact in _contacts(response):
        values = [value for value in _values(contact, code) if _same(code, value, wanted)]
        if values and text_id(contact.get("id")):
            yield Card("contact", text_id(contact.get("id")))


def _same(code: str, value: str, wanted: str) -> bool:
    if code == "EMAIL":
        return value.strip().lower() == wanted
    digits = "".join(filter(str.isdigit, value))
    return len(digits) >= _TAIL and digits[-_TAIL:] == wanted[-_TAIL:]


def _values(contact: Mapping[str, Any], field: str | int | None) -> list[str]:
    return [value for value in _raw_values(contact, field) if isinstance(value, str)]


def _raw_values(contact: Mapping[str, Any], field: str | int | None) -> Iterator[Any]:
    for own in map(mapping, assumed.rows(contact.get("custom_fields_values"))):
        if field in (own.get("field_code"), own.get("field_id")):
            yield from (mapping(value).get("value") for value in assumed.rows(own.get("values")))


def _notes(response: Response) -> list[str]:
    return [text(mapping(mapping(row).get("params")).get("text")) for row in embedded(response, "notes")]
