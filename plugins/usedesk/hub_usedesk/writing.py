"""A ticket in Usedesk: made once, told what is new, changed (vendor sheet, sections 4 and 7).

There is no idempotency key. A ticket carries the effect's marker as a tag, by which it is looked up before a second
create; the oldest that has it counts. A comment has no place for a marker: after an answer that was lost the ticket's
comments are looked through for the very same words, said by the same side since then.
"""

from collections.abc import Generator, Mapping, Sequence
from typing import Any, TypeVar

from hub.sdk import Created, Delivery, DeliveryError, Missing, Request, Response, SourceError, Writes, find_marker
from hub_usedesk import assumed, faults, lists, words
from hub_usedesk.case import comment_id, status_of
from hub_usedesk.config import Target, UsedeskConfig
from hub_usedesk.dictionary import PRIORITIES, SPAM, STATES, STATUSES
from hub_usedesk.values import mapping, minute, moment, rows, string, tag_names, text_id

NEW_CLIENT = "new_client"

_MOST_PAGES = 20
_T = TypeVar("_T")
_Step = Generator[Request | Created | Missing, Response | None, _T]


class Writing:
    """One effect under way.

    Args:
        config: the settings.
        delivery: the effect.
    """

    def __init__(self, config: UsedeskConfig, delivery: Delivery) -> None:
        self._config, self._delivery, self._ticket = config, delivery, delivery.ticket

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
        if self._delivery.link is not None:
            return  # made by an earlier try, and nothing is left to do after that
        if self._delivery.unsure_since is not None:
            earlier = yield from self._earlier()
            if earlier:
                yield self._created(earlier)
                return
            yield Missing()
        client = yield from self._client()
        answer = yield Request("POST", "/create/ticket", json={**self._new_ticket(), **client})
        # "not delivered" is said of a mail to the client: the ticket is there all the same.
        made = text_id(mapping(_good(answer, "the ticket").json()).get("ticket_id"))
        if not made:
            raise SourceError("Usedesk answered a new ticket without its id; it is looked up by its tag")
        yield self._created(made)

    def _created(self, ident: str) -> Created:
        site = self._config.home
        return Created(ident, assumed.ticket_url(site, ident) if site else None)

    def _earlier(self) -> _Step[str]:
        """Return the oldest ticket with the marker; empty: there is none."""
        marker, since = self._delivery.marker, self._delivery.unsure_since or self._delivery.now
        found: list[int] = []
        for page in range(_MOST_PAGES):
            body = {"tag": marker, "created_after": minute(since - assumed.CLOCKS), "sort": "id", "order": "asc"}
            answer = yield Request("POST", "/tickets", json={**body, "offset": page * lists.PAGE}, safe=True)
            listed = lists.listed(_good(answer, "the look-up"))
            mine = (text_id(row.get("id")) for row in listed if marker in tag_names(row.get("tags")))
            found += [int(ident) for ident in mine if ident]
            if found or len(listed) < lists.PAGE:
                break
        return str(min(found)) if found else ""

    def _client(self) -> _Step[dict[str, Any]]:
        """Return who the ticket is from: the client made for this customer before, else a new one.

        Only the name with the platform is given: phones and addresses that somebody wrote in public stay in the text.
        """
        name, is_one_person = words.client_name(self._ticket)
        if is_one_person:
            body = {"query": name, "search_type": "full_match"}
            answer = yield Request("POST", "/clients", json=body, safe=True)
            if answer is not None and answer.status < 400 and faults.error_of(answer) is None:
                known = (text_id(row.get("id")) for row in rows(answer.json()) if row.get("name") == name)
                client = min(map(int, filter(None, known)), default=None)
                if client is not None:
                    return {"client_id": client}
        return {"client_id": NEW_CLIENT, "client_name": name}

    def _new_ticket(self) -> dict[str, Any]:
        delivery, ticket, config = self._delivery, self._ticket, self._config
        target = config.map.find(delivery) or Target()
        named = self._agent(ticket.assignee)
        is_spam = ticket.category == "spam" and ticket.state == "closed"
        body = {
            "subject": words.subject(ticket, config.lang),
            "message": words.case(delivery, config.lang),
            "from": "client",
            "additional_id": str(ticket.id),
            "priority": PRIORITIES[ticket.priority],
            "type": config.types.get(ticket.category, "question") if ticket.category else "question",
            "status": int(SPAM if is_spam else STATUSES.get(ticket.state, STATUSES["new"])),
            "tag": ", ".join([*_as_tags(ticket.tags), delivery.marker]),
            "group_id": target.group,
            "assignee_id": int(named) if named else target.assignee,
            "channel_id": target.channel or config.channel,
            **self._fields(self._known()),
        }
        return {key: value for key, value in body.items() if value is not None}

    def _known(self) -> dict[str, str]:
        """Return what the account's own fields may hold of the ticket, by its name in the settings."""
        ticket, author = self._ticket, words.author_of(self._ticket)
        return {
            "source": ticket.platform,
            "rating": f"{ticket.rating:g}" if ticket.rating is not None else "",
            "place": words.place_of(ticket),
            "link": words.address_of(ticket) or "",
            "customer": (author.url or author.handle or author.name or "") if author else "",
            **self._category_field(ticket.category),
        }

    def _category_field(self, category: Any) -> dict[str, str]:
        return {"category": assumed.category_value(category, self._config.categories)} if category else {}

    def _fields(self, known: Mapping[str, str]) -> dict[str, str]:
        """Return the two lists of ids and values, parted by semicolons, so that a value has none."""
        held = [(ident, known[name]) for name, ident in self._config.fields.items() if known.get(name)]
        if not held:
            return {}
        values = (" ".join(value.replace(";", ",").split()) for _, value in held)
        return {"field_id": ";".join(str(ident) for ident, _ in held), "field_value": ";".join(values)}

    # --- comment ------------------------------------------------------------------------------------------------

    def _comment(self) -> Writes:
        ticket, messages = self._case_id(), self._delivery.messages
        text = words.comment(messages, self._config.lang, edited=self._delivery.edited)
        said_by = "client" if words.is_customers(messages) else "user"
        if self._delivery.unsure_since is not None:
            said = yield from self._said(ticket, text, said_by)
            if said:
                yield Created(comment_id(ticket, said))
                return
            yield Missing()
        kind = "public" if said_by == "client" else "private"  # what an agent says in public would go out to the client
        body = {"ticket_id": int(ticket), "message": text, "from": said_by, "type": kind}
        answer = yield Request("POST", "/create/comment", json=body)
        made = text_id(mapping(_good(answer, "the comment").json()).get("comment_id"))
        if not made:
            raise SourceError("Usedesk answered a new comment without its id; it is looked for by its text")
        yield Created(comment_id(ticket, made))

    def _said(self, ticket: str, text: str, said_by: str) -> _Step[str]:
        """Return the oldest comment that an earlier try may have made; empty: there is none."""
        since = (self._delivery.unsure_since or self._delivery.now) - assumed.CLOCKS
        record = yield from self._read(ticket)
        for comment in sorted(rows(record.get("comments")), key=lambda row: int(text_id(row.get("id")) or 0)):
            at = moment(comment.get("published_at"))
            late = at is not None and at >= since and comment.get("from") == said_by
            if late and words.is_same(string(comment.get("message")), text):
                return text_id(comment.get("id"))
        return ""

    # --- change -------------------------------------------------------------------------------------------------

    def _change(self) -> Writes:
        """Bring the ticket in line. What is there already is not written again; tags of agents stay."""
        ident = self._case_id()
        record = yield from self._read(ident)
        changes = self._delivery.changes
        body = {**self._placed(changes), **self._levelled(changes), **self._tagged(changes, record)}
        body |= self._moved(changes, status_of(mapping(record.get("ticket"))))
        if body:
            sent = {"ticket_id": int(ident), **body, "silent": True}  # a change of ours opens no ticket
            answer = yield Request("POST", "/update/ticket", json=sent, safe=True)
            _good(answer, "the change")

    def _placed(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return group and assignee."""
        placed: dict[str, Any] = {}
        if "queue" in changes or "department" in changes:
            target = self._config.map.find(self._delivery) or Target()
            placed |= {"group_id": target.group} if target.group is not None else {}
            placed |= {"assignee_id": target.assignee} if target.assignee is not None else {}
        if "assignee" in changes:
            named = self._agent(changes["assignee"])
            placed |= {"assignee_id": int(named)} if named else {}
            placed |= {"assignee_id": "null"} if changes["assignee"] is None else {}
        return placed

    def _levelled(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return priority and category."""
        level, category = changes.get("priority"), changes.get("category")
        found: dict[str, Any] = {"priority": PRIORITIES[level]} if level is not None else {}
        return found | self._fields(self._category_field(category))

    def _tagged(self, changes: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
        """Return all tags where some are new: an update replaces the set, so those that are there go with it."""
        present = tag_names(record.get("tags"))
        new = [tag for tag in _as_tags(changes.get("tags") or ()) if tag not in present]
        return {"tag": ", ".join([*present, *new])} if new else {}

    def _moved(self, changes: Mapping[str, Any], present: str) -> dict[str, Any]:
        """Return the status; nothing where the present one says the same, be it one of the account's own."""
        state = changes.get("state")
        wanted = STATUSES.get(state) if state else None
        if state == "closed" and (changes.get("category") or self._ticket.category) == "spam":
            wanted = SPAM
        means = self._config.statuses.get(present) or STATES.get(present)
        return (
            {}
            if wanted is None or present == wanted or (means == state and wanted != SPAM)
            else {"status": int(wanted)}
        )

    # --- parts --------------------------------------------------------------------------------------------------

    def _agent(self, name: str | None) -> str:
        """Return the id of the agent with this very name, e-mail or id; empty: nobody there is called so."""
        people = [assumed.person(row) for row in rows(list(self._delivery.reference.get("users", ())))]
        wanted = (name or "").casefold().strip()
        return next((person[0] for person in people if wanted and wanted in [part.casefold() for part in person]), "")

    def _read(self, ident: str) -> _Step[Mapping[str, Any]]:
        answer = yield lists.ticket(ident)
        return mapping(_good(answer, f"to show ticket {ident}").json())

    def _case_id(self) -> str:
        ident = text_id(self._delivery.link.external_id) if self._delivery.link else ""
        if not ident:
            raise DeliveryError("the ticket has no ticket in this Usedesk")
        return ident


def _as_tags(tags: Sequence[str]) -> list[str]:
    """Return tags as Usedesk can have them: a comma parts two."""
    return [" ".join(tag.replace(",", " ").split()) for tag in tags if find_marker(tag) is None and tag.strip(", ")]


def _good(answer: Response | None, what: str) -> Response:
    """Return an answer that is good.

    Raises:
        DeliveryError: Usedesk refused; in its own words.
    """
    if answer is None:
        raise SourceError("the engine answered a request with nothing")
    if answer.status >= 400 or faults.error_of(answer) is not None:
        raise DeliveryError(f"Usedesk refuses {what}: {faults.told(answer)}")
    return answer
