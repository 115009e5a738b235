"""Cases of the helpdesk, the events that made them, and what its people do."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.sandbox import SandboxOptions, VirtualClock

from .verify import KEY, OTHER_KEY

FIELDS = ("state", "status", "priority", "queue", "group", "assignee", "tags", "category", "rating", "merged_into")
FIRST_ID = 1001
URL = "https://desk.example/cases/"


@dataclass
class Case:
    """One case. ``ticket`` is empty for one that did not come from the hub."""

    id: str
    ticket: str
    text: str
    seq: int = 0
    fields: dict[str, Any] = field(default_factory=dict)
    said: list[dict[str, Any]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)


@dataclass
class Refusal:
    """What the next events are answered in the place of being taken."""

    status: int
    text: str
    headers: dict[str, str]
    times: int


class HelpdeskWorld:
    """All access is from the server's one thread."""

    def __init__(self, options: SandboxOptions) -> None:
        """Begin with no case."""
        self.clock = VirtualClock(options.start, options.pace)
        self.secrets: tuple[str, ...] = (KEY,)
        self.ahead_s = 0.0
        self.bare = False
        self.refusal: Refusal | None = None
        self.cases: dict[str, Case] = {}
        self.events: dict[str, tuple[bytes, dict[str, Any]]] = {}
        self.repeated: dict[str, int] = {}
        self._numbers = itertools.count(FIRST_ID)
        self._seq = itertools.count(1)

    def now_s(self) -> float:
        """The receiver's own clock, which may be off; the sandbox's virtual time has no part in it."""
        return time.time() + self.ahead_s

    def advance(self, seconds: float) -> None:
        """Push time forward."""
        self.clock.advance(seconds)

    def items(self) -> list[dict[str, Any]]:
        """Every case with the ids of the events that are told in it, and how often these came again."""
        return [
            {
                "source_id": case.id,
                "ticket": case.ticket,
                "text": case.text,
                "fields": case.fields,
                "messages": case.said,
                "events": case.told,
                "repeated": sum(self.repeated.get(one, 0) for one in case.told),
            }
            for case in self.cases.values()
        ]

    def tampered(self, record: Mapping[str, Any]) -> None:
        """Nothing here has text that is tampered with."""

    # -- what events do ------------------------------------------------------------------------

    def open_case(self, event: str, ticket: str, text: str, fields: Mapping[str, Any]) -> Case:
        """A new case."""
        case = Case(str(next(self._numbers)), ticket, text, fields=dict(fields), told=[event] if event else [])
        self.cases[case.id] = case
        self.touch(case)
        return case

    def of_ticket(self, ticket: str) -> Case:
        """The newest case of a ticket.

        Raises:
            LookupError: it has none.
        """
        found = [case for case in self.cases.values() if ticket and case.ticket == ticket]
        if not found:
            raise LookupError(f"no case of ticket {ticket}")
        return found[-1]

    def say(self, case: Case, direction: str, author: str, text: str, event: str | None = None) -> str:
        """Something is said in a case; return its id there."""
        said = {"id": str(len(case.said) + 1), "direction": direction, "author": author, "body": text}
        said |= {"created_at": self.clock.now().isoformat()}
        case.said.append(said if event is None else {**said, "webhook_id": event})
        self.touch(case)
        return str(said["id"])

    def touch(self, case: Case) -> None:
        """The case is news."""
        case.seq = next(self._seq)

    # -- what people do ------------------------------------------------------------------------

    def change(self, action: str, what: Mapping[str, Any]) -> dict[str, Any]:
        """Let somebody at the helpdesk, or its administrator, do something."""
        known: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "set": self._set,
            "say": self._say,
            "add": self._add,
            "refuse": self._refuse,
            "settings": self._settings,
        }
        if action not in known:
            raise ValueError(f"unknown action {action!r}; choose one of {', '.join(known)}")
        known[action](what)
        return {"done": action}

    def _case(self, what: Mapping[str, Any]) -> Case:
        try:
            return self.cases[str(what.get("id"))]
        except KeyError:
            raise LookupError(f"no case {what.get('id')!r}; there are {', '.join(self.cases) or 'none'}") from None

    def _set(self, what: Mapping[str, Any]) -> None:
        """Fields of a case, whatever their values."""
        case = self._case(what)
        case.fields |= {name: value for name, value in what.items() if name != "id"}
        self.touch(case)

    def _say(self, what: Mapping[str, Any]) -> None:
        author, text = str(what.get("author", "Анна")), str(what.get("text", "Разобрались, спасибо"))
        self.say(self._case(what), str(what.get("direction", "out")), author, text)

    def _add(self, what: Mapping[str, Any]) -> None:
        """A case that came from elsewhere."""
        self.open_case("", "", str(what.get("text", "Письмо в поддержку")), {"state": "new"})

    def _refuse(self, what: Mapping[str, Any]) -> None:
        headers = {
            name: str(what[key]) for key, name in (("retry_after", "retry-after"), ("to", "location")) if key in what
        }
        times = int(what.get("times", 1))
        self.refusal = Refusal(int(what["status"]), str(what.get("text", "refused")), headers, times)

    def _settings(self, what: Mapping[str, Any]) -> None:
        """How the receiver works: ``ahead`` of its clock, seconds; ``bare`` answers; ``rotated`` secret."""
        self.ahead_s = float(what.get("ahead", self.ahead_s))
        self.bare = bool(what.get("bare", self.bare))
        if "rotated" in what:
            self.secrets = (OTHER_KEY,) if what["rotated"] else (KEY,)
