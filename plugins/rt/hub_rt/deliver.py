"""A ticket of the hub in RT: create it once, tell it what is new, change it. Vendor sheet, sections 11 and 12.

RT has no idempotency key. A ticket carries the effect's marker in a custom field, by which it is looked up before a
second create; search is SQL, so it is never late. A comment carries its marker in its subject, which RT keeps as the
``Data`` of the transaction. RT says 201 and 200 where it dropped a field: every write is read back and compared.
"""

from collections.abc import Generator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote as quoted

from hub.sdk import Created, Delivery, DeliveryError, HubError, Missing, Request, Response, SourceError, Writes
from hub_rt import faults
from hub_rt.config import RtConfig, Target, as_target
from hub_rt.fields import Wanted, changed, differing, dropped, initial
from hub_rt.tickets import DELETED, MESSAGE_IDS, address
from hub_rt.values import has_custom, mapping, quote, ref, rows, text
from hub_rt.words import Words, is_customers

API = "/REST/2.0"
_MOST_TRIES = 5
"""So often a change is decided anew because somebody else changed the ticket in between."""

_T = TypeVar("_T")
_Step = Generator[Request | Created | Missing, Response | None, _T]


class Writing:
    """One effect under way."""

    def __init__(self, config: RtConfig, delivery: Delivery) -> None:
        self._config, self._delivery = config, delivery
        self._words = Words(config.language.startswith("ru"), config.link)

    def run(self) -> Writes:
        """Bring the effect about."""
        match self._delivery.effect:
            case "create":
                yield from self._create()
            case "comment":
                yield from self._comment()
            case "change":
                yield from self._change()

    # --- create -------------------------------------------------------------------------------------------------

    def _create(self) -> Writes:
        link = self._delivery.link
        ident = link.external_id if link else (yield from self._earlier())
        new = ident is None
        if ident is None:
            ident = yield from self._new()
        yield from self._complete(ident, new=new)

    def _earlier(self) -> _Step[str | None]:
        """Return the ticket that an earlier try made, if one may have."""
        if self._delivery.unsure_since is None:
            return None
        field, marker = self._config.fields.id, self._delivery.marker
        # Naming EffectiveId makes RT show what was merged into another ticket, too.
        query = f"'CF.{{{field}}}' = {quote(marker)} AND EffectiveId > 0"
        answer = yield from self._ask("GET", "/tickets", params={"query": query, "orderby": "id", "per_page": 100})
        found = [ref(row.get("id")) for row in rows(self._good(answer, "the ticket cannot be looked up").get("items"))]
        for ident in found:  # the first is the one that counts, the others are known as the same
            yield Created(ident, address(self._config, ident))
        if not found:
            yield Missing()
        return found[0] if found else None

    def _new(self) -> _Step[str]:
        target = self._with_queue(self._place())
        yield from self._queue_with_mark(target.queue or "")
        body = {
            "Queue": target.queue,
            "Subject": self._words.subject(self._delivery.ticket),
            "Content": self._words.content(self._delivery.ticket, self._delivery.summary),
            "ContentType": "text/plain",
            "Status": self._config.status_of("new"),
            **initial(self._delivery, self._config, target.owner).body(),
        }
        answer = yield from self._ask("POST", "/ticket", json=body)
        ident = ref(self._good(answer, f"RT refuses the ticket in queue {target.queue}").get("id"))
        if not ident:
            raise SourceError("RT answered a create without an id", retry=True)
        yield Created(ident, address(self._config, ident))
        return ident

    def _place(self) -> Target:
        """Return where the map puts the ticket."""
        found = self._config.map.find(self._delivery)
        return as_target(found) if found is not None else Target()

    def _with_queue(self, target: Target) -> Target:
        """Return *target* with the queue of the instance where it has none.

        Raises:
            DeliveryError: nobody said where.
        """
        queue = target.queue or self._config.queue
        if queue is None:
            named = self._delivery.department or self._delivery.ticket.queue
            raise DeliveryError(
                f"no queue of RT for {named!r}: set `queue`, or name one in [instances.NAME.map]"
                if named
                else "no queue of RT: set `queue`"
            )
        return target.model_copy(update={"queue": queue})

    def _queue_with_mark(self, queue: str) -> Writes:
        """Look that the queue's tickets have the field by which the hub finds them again.

        Raises:
            DeliveryError: they have not: a ticket without it might be created twice.
        """
        answer = yield from self._ask("GET", f"/queue/{quoted(queue, safe='')}")
        seen = self._good(answer, f"queue {queue} cannot be read: it does not exist, or the account lacks SeeQueue")
        if not has_custom(seen, self._config.fields.id):
            raise DeliveryError(
                f"queue {queue} has no custom field {self._config.fields.id!r} for tickets, or the account lacks"
                " SeeCustomField: without it a ticket might be created twice. Create it as in the plugin's README and"
                " apply it to the queue"
            )

    def _complete(self, ident: str, *, new: bool) -> Writes:
        """Compare the ticket with what it was to be, and set once more what RT dropped earlier.

        Raises:
            DeliveryError: RT has the ticket, and drops some of its fields.
        """
        wanted = initial(self._delivery, self._config, self._place().owner)
        lacking = dropped(wanted, (yield from self._read(ident))[0])
        if not new and not lacking.is_empty():
            answer = yield from self._ask("PUT", f"/ticket/{ident}", json=lacking.body(), safe=True)
            self._good(answer, "RT refuses the ticket's fields")
            lacking = dropped(wanted, (yield from self._read(ident))[0])
        if not lacking.is_empty():
            raise DeliveryError(
                f"ticket {ident} is in RT, without {', '.join(lacking.names())}: RT dropped that. Custom fields must"
                " exist, apply to the queue, allow the value and be the account's to modify (or leave `fields`); an"
                " owner needs OwnTicket. Then retry this delivery"
            )

    # --- comment ------------------------------------------------------------------------------------------------

    def _comment(self) -> Writes:
        ident, delivery = self._case(), self._delivery
        if delivery.unsure_since is not None:
            said = yield from self._said(ident)
            if said is not None:
                yield Created(f"{MESSAGE_IDS}{said}")
                return
            yield Missing()
        body = {
            "Subject": self._words.heading(delivery.messages, delivery.marker, edited=delivery.edited),
            "Content": self._words.comment(delivery.messages),
            "ContentType": "text/plain",
        }
        # What is internal goes out to nobody.
        way = "correspond" if self._config.correspond and is_customers(delivery.messages) else "comment"
        answer = yield from self._ask("POST", f"/ticket/{ident}/{way}", json=body)
        if answer.status != 201:
            raise DeliveryError(f"RT refuses the {way}: {answer.status} {faults.said(answer)}")
        made = answer.headers.get("location", "").rstrip("/").rpartition("/")[2] or (yield from self._said(ident))
        if not made:
            raise SourceError(f"RT took the {way} and does not show it", retry=True)
        yield Created(f"{MESSAGE_IDS}{made}")

    def _said(self, ident: str) -> _Step[str | None]:
        """Return the transaction that an earlier try made; None where there is none."""
        query = f"ObjectType = 'RT::Ticket' AND ObjectId = {ident} AND Data LIKE {quote(self._delivery.marker)}"
        answer = yield from self._ask("GET", "/transactions", params={"query": query, "per_page": 1})
        found = rows(self._good(answer, "the ticket's history cannot be read").get("items"))
        return ref(found[0].get("id")) if found else None

    # --- change -------------------------------------------------------------------------------------------------

    def _change(self) -> Writes:
        """Set what differs, unless somebody else sets it meanwhile: then theirs stays."""
        ident = self._case()
        target = self._new_place()
        ticket, tag = yield from self._read(ident)
        self._is_there(ident, ticket)
        wanted = differing(changed(self._delivery, self._config, ticket, target), ticket)
        if "Queue" in wanted.plain:
            yield from self._queue_with_mark(str(wanted.plain["Queue"]))
        for _ in range(_MOST_TRIES):
            if wanted.is_empty():
                return
            headers = {"If-Match": tag} if tag else {}
            answer = yield from self._ask("PUT", f"/ticket/{ident}", json=wanted.body(), headers=headers, safe=True)
            before = ticket
            ticket, tag = yield from self._read(ident)
            if answer.status != 412:
                self._good(answer, "RT refuses the change")
                self._compare(ident, wanted, ticket, faults.said(answer))
                return
            wanted = differing(wanted.unless_changed(before, ticket), ticket)
        raise SourceError(f"ticket {ident} changes all the time: {_MOST_TRIES} tries found it changed in between")

    def _new_place(self) -> Target | None:
        """Return where the ticket is to go now; None where it stays."""
        changes, config = self._delivery.changes, self._config
        department, queue = changes.get("department"), changes.get("queue")
        if department is None and queue is None:
            return None
        found = config.map.department.get(department) if department is not None else None
        found = found if found is not None else config.map.queue.get(queue or "")
        return self._with_queue(as_target(found) if found is not None else Target())

    def _is_there(self, ident: str, ticket: Mapping[str, Any]) -> None:
        """Refuse to bring a deleted ticket back to life, or to change the one that ours became a part of."""
        if text(ticket.get("Status")) == DELETED:
            raise DeliveryError(f"ticket {ident} was deleted in RT")
        if ref(ticket.get("id")) != ident:
            raise DeliveryError(f"ticket {ident} was merged into {ref(ticket.get('id'))} in RT: change that one there")

    def _compare(self, ident: str, wanted: Wanted, ticket: Mapping[str, Any], told: str) -> None:
        lacking = differing(wanted, ticket).names()
        if lacking:
            raise DeliveryError(
                f"RT did not set {', '.join(lacking)} of ticket {ident}: {told or 'it gives no reason'}"
            )

    # --- requests -----------------------------------------------------------------------------------------------

    def _read(self, ident: str) -> _Step[tuple[Mapping[str, Any], str | None]]:
        """Return the ticket as it is now, and what names this version of it."""
        params = {"fields[Queue]": "Name"}
        answer = yield from self._ask("GET", f"/ticket/{ident}", params=params)
        return self._good(answer, f"ticket {ident} cannot be read"), answer.headers.get("etag")

    def _case(self) -> str:
        if self._delivery.link is None:
            raise DeliveryError("the ticket has no ticket in this RT")
        return self._delivery.link.external_id

    def _ask(self, method: str, path: str, **more: Any) -> _Step[Response]:
        answer = yield Request(method, f"{API}{path}", redirects=False, **more)
        if answer is None:
            raise SourceError("the engine answered a request with nothing")
        return answer

    def _good(self, answer: Response, wrong: str) -> Mapping[str, Any]:
        """Return the body of *answer*, if it is one of success.

        Raises:
            DeliveryError: RT refuses; another try would be answered the same.
        """
        if answer.status not in (200, 201):
            raise DeliveryError(f"{wrong}: {answer.status} {faults.said(answer)}".rstrip())
        try:
            return mapping(answer.json())
        except HubError as error:
            raise SourceError(str(error), retry=True) from error
