"""One ticket in full, told for a person in their language."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from hub.cli import story_answers
from hub.cli.output import console, local, one_line, printable, short_id, width
from hub.cli.speech import Speech
from hub.cli.story_texts import TEXTS

if TYPE_CHECKING:
    from hub.routing.times import Times, Took
    from hub.sdk import Message, Sla, Ticket
    from hub.store import TicketEvent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIDTH = 100
_VALUE = 60  # characters of an old or new value
_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))  # seconds

Line = tuple[str, str]
"""A line and its style."""


def print_story(
    ticket: "Ticket", events: "Sequence[TicketEvent]", times: "Times", zone: tzinfo, lang: str, others: int = 0
) -> None:
    """Print *ticket* with its messages, events and figures; times in *zone*; *others*: more tickets that the customer
    has."""
    lines = list(Story(ticket, zone, lang, others).lines(events, times))
    if not sys.stdout.isatty():
        sys.stdout.write("\n".join(text for text, _ in lines) + "\n")
        return
    out = console()
    for text, style in lines:
        out.print(text, style=style or None, soft_wrap=True)


class Story:
    """Tells of one ticket."""

    def __init__(self, ticket: "Ticket", zone: tzinfo, lang: str, others: int = 0) -> None:
        self._ticket = ticket
        self._others = others
        self._zone = zone
        self._say = Speech(lang, TEXTS)
        self._numbers = {str(message.id): number for number, message in enumerate(ticket.messages, 1)}

    def lines(self, events: "Sequence[TicketEvent]", times: "Times") -> Iterator[Line]:
        """Yield all that there is to tell, what happened last: that can be long."""
        yield from self._head()
        yield from self._links()
        yield from self._messages()
        yield from self._times(times)
        yield from self._events(events)

    # --- the ticket ---------------------------------------------------------------------------------------------------

    def _head(self) -> Iterator[Line]:
        ticket, say = self._ticket, self._say
        score = "" if ticket.score is None else say("score", score=ticket.score)
        platform = one_line(ticket.platform)
        yield say("ticket", id=ticket.id), "bold"
        told = {"kind": ticket.kind, "platform": platform, "state": ticket.state, "priority": ticket.priority}
        yield say("head", **told) + score, ""
        if ticket.title:
            yield one_line(ticket.title), "bold"
        for name, value in self._facts():
            yield f"{say.word('fact', name)}: {one_line(value)}", ""

    def _facts(self) -> Iterator[tuple[str, str]]:
        ticket, place = self._ticket, self._ticket.place
        facts: list[tuple[str, object]] = [
            ("rating", None if ticket.rating is None else self._say("rating_of", rating=f"{ticket.rating:g}")),
            ("sentiment", ticket.sentiment),
            ("place", ", ".join(filter(None, (place.name, place.address, place.city))) if place else None),
            ("language", ticket.language),
            ("category", ticket.category),
            ("queue", ticket.queue),
            ("assignee", ticket.assignee),
            ("tags", ", ".join(ticket.tags)),
            ("due", self._due()),
            ("decided", self._decided()),
            ("source_tags", ", ".join(ticket.source_tags)),
            ("read_by", f"{ticket.instance} ({ticket.connector})"),
            ("link", ticket.url),
            ("customer", self._customer()),
        ]
        yield from ((name, str(value)) for name, value in facts if value)

    def _customer(self) -> str:
        facts, number = self._ticket.customer, self._others
        said = [] if facts is None else [facts.name, *facts.loyalty]
        said += [self._say("do_not_call")] if facts and facts.do_not_call else []
        said += [self._say("other_ticket" if number == 1 else "other_tickets", number=number)] if number else []
        told = ", ".join(one_line(fact) for fact in said if fact)
        return f"{self._ticket.customer_id or ''}" + (f" ({told})" if told else "")

    def _due(self) -> str:
        return "" if self._ticket.sla is None else self._dues(self._ticket.sla)

    def _dues(self, sla: "Sla") -> str:
        dues = {
            "first_response": sla.first_response_due,
            "next_response": sla.next_response_due,
            "resolution": sla.resolution_due,
        }
        told = [self._say(f"due.{name}", at=local(at, self._zone)) for name, at in dues.items() if at]
        return self._say("due.policy", dues=", ".join(told) or self._say("due.nothing"), policy=sla.policy)

    def _decided(self) -> str:
        decision = self._ticket.decision
        if decision is None:
            return ""
        rules = ", ".join(decision.rules) or self._say("no_rule")
        return self._say("decided_by", rules=rules, version=decision.ruleset)

    def _links(self) -> Iterator[Line]:
        for link in self._ticket.links:
            rated = None if link.rating is None else self._say("rated", rating=f"{link.rating:g}")
            facts = [link.state, link.department, link.assignee, rated, link.url]
            told = ", ".join(one_line(fact) for fact in facts if fact)
            case = self._say(f"link.{link.role}", to=link.instance, case=one_line(link.external_id))
            yield case + (f" ({told})" if told else ""), ""
        for one in self._ticket.related:
            ids = {"ticket": short_id(str(one.ticket)), "mine": short_id(str(self._ticket.id))}
            yield self._say(f"related.{one.kind}.{one.state}", **ids), ""

    def _messages(self) -> Iterator[Line]:
        for message in self._ticket.messages:
            yield "", ""
            yield self._speaker(message), "bold"
            if message.author and message.author.key:
                yield f"  {self._say('author_key', key=one_line(message.author.key))}", "dim"
            yield from ((f"  {line}", "") for line in self._body(message))

    def _speaker(self, message: "Message") -> str:
        author = message.author
        who = one_line((author.name or author.handle or author.key) if author else "") or self._say("unknown")
        marks = [self._say(message.direction)]
        marks += [f"★ {message.rating:g}"] if message.rating is not None else []
        marks += [message.sentiment] if message.sentiment else []
        marks += [self._say("hidden")] if message.hidden else []
        return f"{local(message.created_at, self._zone)}  {who} ({', '.join(marks)})"

    def _body(self, message: "Message") -> Iterator[str]:
        if message.withheld and not message.body:
            yield self._say("withheld")
        elif not message.body:
            yield self._say("no_text")
        for paragraph in printable(message.body).splitlines():
            yield from wrap(paragraph, min(width(), _WIDTH) - 2) or [""]

    # --- what happened ------------------------------------------------------------------------------------------------

    def _events(self, events: "Sequence[TicketEvent]") -> Iterator[Line]:
        if not events:
            return
        yield "", ""
        yield self._say("happened"), "bold"
        times = self._stamps(events)
        wide = max(map(len, times))
        for event, time in zip(events, times, strict=True):
            for number, text in enumerate(self.told(event)):
                yield f"{(time if number == 0 else '').ljust(wide)}  {text}", ""

    def _stamps(self, events: "Sequence[TicketEvent]") -> list[str]:
        """Return when each of *events* was: to the second where others were in the same minute."""
        seconds = {local(one.at, self._zone, seconds=True) for one in events}
        minutes = Counter(second.rpartition(":")[0] for second in seconds)
        told = [(local(one.at, self._zone), local(one.at, self._zone, seconds=True)) for one in events]
        return [second if minutes[minute] > 1 else minute for minute, second in told]

    def told(self, event: "TicketEvent") -> Iterator[str]:
        """Yield *event* in words: what happened, then each changed field with its old and new value."""
        say, data = self._say, event.data
        cause = f" ({say.word('cause', event.cause)})"
        match event.kind:
            case "created":
                yield say("event.created", messages=self._counted(int(data.get("messages", 1)))) + cause
            case "message_added" | "message_changed" as kind:
                yield say(f"event.{kind}", message=self._message(data)) + cause
            case "changed" | "decided" as kind:
                yield say(f"event.{kind}") + cause
            case "reopened":
                told = say("event.reopened", message=self._message(data))
                yield told + (say("unpinned") if data.get("unpinned") else "") + cause
            case "follows" | "followed_by" | "probably_same" | "linked" | "unlinked" as kind:
                yield say(f"event.{kind}", ticket=short_id(str(data.get("ticket", "")))) + cause
            case "escalation_asked":
                told = say("event.escalation_asked", to=data.get("instance", ""), department=_department(data))
                yield told + cause
            case "sla_warning" | "sla_breached" | "sla_kept" as kind:
                yield self._clocked(kind, data) + cause
            case "escalation_proposed":
                yield self._proposed(data, say.word("cause", event.cause))
            case "set" | "handed_back" as kind:
                names = ", ".join(map(self._field, data.get("pinned", ())))
                if kind == "set" and event.cause == "destination":
                    yield say("set_there", names=names, to=one_line(str(data.get("instance", ""))))
                elif event.cause == "person":
                    yield say(f"event.{kind}", names=names)
                else:
                    yield say("set_by", names=names) + cause
            case kind if kind in story_answers.KINDS:
                yield story_answers.told(event, say) + (cause if kind in story_answers.CAUSED else "")
            case kind:
                yield self._elsewhere(kind, data) or f"{kind.replace('_', ' ')}{cause}"
        for name, values in data.get("fields", {}).items():
            old, new = (self._value(name, value) for value in values)
            if old != new:  # what differs in seconds only, or further on than is shown, tells a person nothing
                yield f"  {self._field(name)}: {old} → {new}"

    def _clocked(self, kind: str, data: Mapping[str, Any]) -> str:
        at, due = (self._instant(data.get(name)) for name in ("reached", "due"))
        told = {"promise": self._say.word("promise", str(data.get("promise"))), "at": at, "due": due}
        return self._say(f"event.{kind}", **told, share=f"{data.get('share', 1):.0%}")

    def _instant(self, value: str | None) -> str:
        return local(datetime.fromisoformat(value), self._zone) if value else self._say("due.stopped")

    def _proposed(self, data: Mapping[str, Any], cause: str) -> str:
        department = data["department"]
        option = f" --department {one_line(department)}" if department else ""
        return self._say("event.escalation_proposed", to=one_line(str(data["to"])), cause=cause, option=option)

    def _elsewhere(self, kind: str, data: Mapping[str, Any]) -> str:
        """Return what happened to the ticket's case at a destination; empty for what is not known here."""
        say, to = self._say, data.get("instance", "")
        case = one_line(str(data.get("external_id", "")))
        match kind:
            case "escalated" | "delivered":
                return say(f"event.{kind}", to=to, case=case, department=_department(data))
            case "notify_sent":
                return say("event.notify_sent", to=to)
            case "duplicate_case" | "case_changed" | "case_deleted" | "case_reopened":
                return say(f"event.{kind}", to=to, case=case)
            case "case_done":
                by = say("answered_by", message=self._message({"message": data.get("answer")}))
                told = say("event.case_done", to=to, case=case)
                return told + (by if data.get("answer") else say("unanswered"))
            case "case_moved":
                old, new = (self._value("department", value) for value in data.get("department", (None, None)))
                return say("event.case_moved", to=to, case=case, old=old, new=new)
            case "case_stuck":
                return say("event.case_stuck", to=to, case=case, days=f"{data.get('days', 0):g}")
            case "case_read":
                facts = data.get("facts", {})
                known = (facts.get("status") or facts.get("state"), facts.get("department"), facts.get("assignee"))
                told = ", ".join(one_line(str(fact)) for fact in known if fact)
                return say("event.case_read", to=to, case=case, facts=f": {told}" if told else "")
            case "rated":
                return say("event.rated", to=to, case=case, rating=f"{data.get('rating', 0):g}")
            case "case_merged":
                ticket = short_id(str(data.get("ticket") or ""))
                of = say("merged_with", ticket=ticket) if ticket else ""
                return say("event.case_merged", to=to, case=case, into=one_line(str(data.get("merged_into")))) + of
            case "comment_sent" if data.get("news"):
                return say("event.comment_sent.news", to=to, of=one_line(str(data["news"].get("case"))))
            case "comment_sent" if data.get("edited"):
                which = next(iter(data.get("messages", ())), "")
                return say("event.comment_sent.edited", to=to, message=self._message({"message": which}))
            case "comment_sent":
                number = len(data.get("messages", ()))
                which = "one" if number == 1 else "many"
                return say(f"event.comment_sent.{which}", to=to, messages=self._counted(number))
            case "change_sent":
                changes = data.get("changes", {}).items()
                return say(
                    "event.change_sent",
                    to=to,
                    changes="; ".join(f"{self._field(name)}: {self._value(name, new)}" for name, new in changes),
                )
            case "set_aside" | "dropped" | "retried":
                effect = say.word("effect", str(data.get("effect")))
                rest = {"reason": one_line(str(data.get("reason")))} if kind == "set_aside" else {}
                return say(f"event.{kind}", to=to, effect=effect, **rest)
        return ""

    def _message(self, data: Mapping[str, Any]) -> str:
        which = self._numbers.get(str(data.get("message", "")))
        return self._say("message", number=which) if which else self._say("a_message")

    def _counted(self, number: int) -> str:
        return self._say("messages.one" if number == 1 else "messages.many", number=f"{number:,}")

    def _field(self, name: str) -> str:
        return self._say.word("field", name).replace("_", " ")

    def _decided_value(self, name: str, value: Mapping[str, Any]) -> str:
        """Return deadlines, or which rules decided."""
        if name == "sla":
            from hub.sdk import Sla

            return self._dues(Sla.model_validate(value))
        return ", ".join(map(str, value.get("rules", ()))) or self._say("no_rule")

    def _value(self, name: str, value: Any) -> str:
        if value is None or value in ([], {}):
            return self._say("nothing")
        if name.endswith("_at") and isinstance(value, int):
            return local(_EPOCH + timedelta(microseconds=value), self._zone)
        if isinstance(value, dict) and name in ("sla", "decision"):
            return self._decided_value(name, value)
        if isinstance(value, dict):
            value = ", ".join(f"{key}: {one}" for key, one in value.items())
        if isinstance(value, list):
            value = ", ".join(map(str, value))
        text = one_line(str(value))
        return text if len(text) <= _VALUE else text[:_VALUE] + "…"

    # --- figures ------------------------------------------------------------------------------------------------------

    def _times(self, times: "Times") -> Iterator[Line]:
        told = list(self._took(times))
        if told:
            yield "", ""
            yield self._say("times"), "bold"
        yield from ((f"  {line}", "") for line in told)

    def _took(self, times: "Times") -> Iterator[str]:
        named = [("first_response", times.first_response)]
        named += [("next_response", one) for one in times.next_responses]
        named += [("resolution", times.resolution)]
        for name, took in named:
            if took is not None:
                yield self._one(self._say(f"took.{name}"), took)
        if times.paused_s >= 1:
            yield self._say("took.paused", time=self._span(times.paused_s))
        for hold in times.holds:
            told = {"case": one_line(hold.external_id), "to": hold.instance, "time": self._span(hold.seconds)}
            yield self._say("hold.done" if hold.done else "hold.lasts", **told)

    def _one(self, what: str, took: "Took") -> str:
        if took.seconds is None:
            return self._say("took.before", what=what)
        told = self._say("took.done" if took.done else "took.waits", what=what, time=self._span(took.seconds))
        if took.promised_s is not None:
            told += self._say("took.of", promised=self._span(took.promised_s))
        return told + (self._say("took.late") if took.kept is False else "")

    def _span(self, seconds: float) -> str:
        """Return a length of time in its two largest units."""
        parts: list[str] = []
        left = max(round(seconds), 0)
        for unit, size in _UNITS:
            if left >= size and len(parts) < 2:
                parts.append(f"{left // size} {self._say(unit)}")
                left %= size
            elif parts:
                break
        return " ".join(parts) or f"0 {self._say('s')}"


def _department(data: Mapping[str, Any]) -> str:
    department = data.get("department")
    return f", {one_line(str(department))}" if department else ""
