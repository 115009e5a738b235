"""``hub customers``: list, show, link, unlink."""

from collections.abc import Iterator
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import click

from hub.cli.customers_texts import TEXTS
from hub.cli.lazy import Group
from hub.cli.output import Column, local, one_line, print_json, print_table, say, short_id
from hub.cli.speech import Speech, lang_option, spoken
from hub.cli.state import State, json_option, pass_state, shared_options

if TYPE_CHECKING:
    from hub.store import CustomerLine, CustomerView, HistoryLine, LinkView, Router, Store

_LINK_COLUMNS = ("number", "profile", "to", "holds", "why")
_TICKET_COLUMNS = ("id", "created", "platform", "state", "priority", "operator", "rating", "text")


@click.group(cls=Group)
def customers() -> None:
    """Show who is one customer across networks; link, unlink."""


@customers.command("list")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@lang_option
@json_option
@shared_options
@pass_state
def list_(state: State, limit: int, lang: str | None, as_json: bool) -> None:
    """List the customers of whom something is noted.

    Those with the most profiles come first, then those whom a CRM knows.
    """
    outline, speech = state.outline(), Speech(spoken(state, lang), TEXTS)
    with state.store(outline.store) as store:
        lines = store.list_customers(limit)
    if as_json:
        print_json(lines)
    elif not lines:
        say(speech("nobody"))
    else:
        names = ("id", "name", "profiles", "tickets", "known", "flags", "proposed")
        columns = [Column(speech(f"column.{name}"), flexible=name == "profiles") for name in names]
        print_table(columns, [_line(line, speech) for line in lines])


@customers.command
@click.argument("who", metavar="WHO")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many tickets.")
@lang_option
@json_option
@shared_options
@pass_state
def show(state: State, who: str, limit: int, lang: str | None, as_json: bool) -> None:
    """Show one customer: profiles, cards, links with their evidence, and all tickets.

    WHO is a ticket or a customer, by id or its first four letters or more, or platform:handle, such as vk.com:vera_k.
    """
    outline, speech = state.outline(), Speech(spoken(state, lang), TEXTS)
    with state.store(outline.store) as store:
        found = store.find_customer(who, limit)
    if as_json:
        print_json(found)
    else:
        _print(found, speech, outline.timezone)


@customers.command
@click.argument("one", metavar="WHO")
@click.argument("other", metavar="[WHO]", required=False)
@click.option("--why", help="Why you know that it is one person; kept with the link.")
@click.option("--link", "number", type=int, help="Instead: let this one link hold, which is proposed or undone.")
@lang_option
@json_option
@shared_options
@pass_state
def link(
    state: State, one: str, other: str | None, why: str | None, number: int | None, lang: str | None, as_json: bool
) -> None:
    """Make two customers one, as a person knows.

    WHO is a ticket or a customer, by id or its first four letters or more, or platform:handle. A link by hand goes
    before all that the machine finds, and can be undone. What "hub customers unlink" undid between the two comes back.
    Rules decide anew for the open tickets of both.
    """
    if (other is None) == (number is None):
        raise click.UsageError("name two customers, or one of them and --link with the number of a link")
    speech = Speech(spoken(state, lang), TEXTS)
    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        router = _router(settings, store)
        if number is not None:
            _check_number(store, one, number)
            store.accept_link(number, router)
            view = store.find_customer(one)
        else:
            view = store.link_customers(one, str(other), why, router).customer
    if as_json:
        print_json(view)
    else:
        said = {"one": one, "other": other, "id": view.id}
        say(speech("accepted", n=number) if number is not None else speech("linked", **said))


@customers.command
@click.argument("one", metavar="WHO")
@click.argument("other", metavar="[WHO]", required=False)
@click.option("--link", "number", type=int, help="Instead: undo this one link of the customer.")
@lang_option
@json_option
@shared_options
@pass_state
def unlink(state: State, one: str, other: str | None, number: int | None, lang: str | None, as_json: bool) -> None:
    """Take a profile out of its customer, or away from one other.

    WHO is a ticket or a customer, by id or its first four letters or more, or platform:handle. The links by which the
    first comes to the others are undone, not deleted, and the machine does not make them again; "hub customers link"
    brings them back. Rules decide anew for the open tickets of all.
    """
    if other is not None and number is not None:
        raise click.UsageError("name a second customer or --link, not both")
    speech = Speech(spoken(state, lang), TEXTS)
    settings = state.settings(apart=True)
    with state.store(settings.store) as store:
        router = _router(settings, store)
        if number is not None:
            _check_number(store, one, number)
            store.undo_link(number, router)
            view, undone = store.find_customer(one), 1
        else:
            done = store.unlink_customers(one, other, router)
            view, undone = done.customer, done.undone
    if as_json:
        print_json(view)
    elif number is not None:
        say(speech("undone", n=number))
    else:
        counted = f"{undone:,} {speech('links.one' if undone == 1 else 'links.many')}"
        say(speech("unlinked", one=one, undone=counted))


def _router(settings: Any, store: "Store") -> "Router | None":
    from hub.runtime.rules import router_in_force

    return router_in_force(settings, store)


def _check_number(store: "Store", who: str, number: int) -> None:
    """Go on only where the link *number* is one of the customer *who*: a number alone is easily mistyped."""
    from hub.sdk import StoreError

    known = [link.n for link in store.find_customer(who, 1).links]
    if number not in known:
        numbers = ", ".join(map(str, known)) or "none"
        raise StoreError(f"{who} has no link {number}; links of this customer: {numbers}")


# --- in words ---------------------------------------------------------------------------------------------------------


def _line(line: "CustomerLine", speech: Speech) -> list[object]:
    flags = [speech("do_not_call")] if line.do_not_call else []
    told = ", ".join([*flags, *line.loyalty])
    known = speech("yes" if line.known else "no")
    return [short_id(line.id), line.name, ", ".join(line.profiles), line.tickets, known, told, line.proposed or ""]


def _print(found: "CustomerView", speech: Speech, zone: tzinfo) -> None:
    for text in _head(found, speech):
        click.echo(text)
    if found.links:
        click.echo(f"\n{speech('links')}")
        columns = [Column(speech(f"column.{name}"), wraps=name == "why") for name in _LINK_COLUMNS]
        print_table(columns, [_link(one, speech, zone) for one in found.links])
    click.echo(f"\n{speech('history', shown=len(found.history), tickets=found.tickets)}")
    columns = [Column(speech(f"column.{name}"), flexible=name == "text") for name in _TICKET_COLUMNS]
    if found.history:
        print_table(columns, [_ticket(one, zone) for one in found.history])


def _head(found: "CustomerView", speech: Speech) -> Iterator[str]:
    yield speech("customer", id=found.id) + (f": {one_line(found.name)}" if found.name else "")
    said = [speech("known" if found.known else "unknown")]
    said += [speech("do_not_call" if found.do_not_call else "may_call")] if found.do_not_call is not None else []
    said += [speech("loyalty", values=", ".join(found.loyalty))] if found.loyalty else []
    said += [f"{name}: {value}" for name, value in found.flags.items()]
    yield one_line(", ".join(said))
    for key, values in (("phones", found.phones), ("emails", found.emails)):
        if values:
            yield one_line(speech(key, values=", ".join(values)))
    yield f"\n{speech('profiles')}"
    for one in found.profiles:
        named = " ".join(filter(None, (one.name, f"@{one.handle.removeprefix('@')}" if one.handle else None)))
        line = speech("profile.line", platform=one.platform, name=named or "–", key=one.key)
        told = ", ".join(f"{name} ({number})" for name, number in one.connectors.items())
        yield "  " + one_line(line + (": " + speech("profile.tickets", connectors=told) if told else ""))
    if found.cards:
        yield f"\n{speech('cards')}"
    for card in found.cards:
        yield "  " + one_line(f"{card.instance}: {card.id} {card.name or ''} {card.url or ''}")


def _link(one: "LinkView", speech: Speech, zone: tzinfo) -> list[object]:
    return [one.n, one.profile, f"{speech(f'kind.{one.kind}')} {one.to}", _holds(one, speech, zone), _why(one, speech)]


def _holds(one: "LinkView", speech: Speech, zone: tzinfo) -> str:
    if one.state == "undone":
        by = speech.word("by", one.undone_by or "")
        return speech("state.undone", at=local(one.undone_at, zone), by=by)
    if one.state == "proposed":
        return speech("state.proposed", command=f"hub customers link {one.profile} --link {one.n}")
    return speech(f"held.{one.held}") if one.held else speech("state.active")


def _why(one: "LinkView", speech: Speech) -> str:
    evidence = {"ticket": "–", "instance": "–", **one.evidence}
    evidence |= {"seen": ", ".join(one.evidence.get("seen", ())) or "–", "ticket": short_id(str(evidence["ticket"]))}
    told = speech(f"author.{one.author}", **evidence)
    told += f": {one.evidence['why']}" if one.evidence.get("why") else ""
    return f"{told} ({speech(f'confidence.{one.confidence}')})"


def _ticket(one: "HistoryLine", zone: tzinfo) -> list[object]:
    text = " — ".join(part for part in (one.title, one.text) if part)
    stars = "" if one.rating is None else f"{one.rating:g}"
    created = local(one.created_at, zone)
    return [short_id(one.id), created, one.platform, one.state, one.priority, one.assignee, stars, text]
