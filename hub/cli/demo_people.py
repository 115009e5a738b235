"""The people of the demo: who writes, who works in the helpdesk and in a department, who checks answers on a map.

They act behind the vendors' backs, through the sandboxes' control door, as people do in the vendors' own pages.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hub.cli.demo_folder import CRM, HELPDESK, MAPS, MENTIONS
from hub.cli.speech import Speech
from hub.sdk.actions import find_marker

if TYPE_CHECKING:
    from hub.sandbox import Running
    from hub.sdk import Ticket

_TOPIC = 101
_OPERATORS = (41, 42, 43)
_SOLVED = 2  # Usedesk's status
_MINUTES = (3, 4, 6, 9, 14, 22, 35, 55)
"""How long after each other the operators answer, over and over."""

_LINES = 10  # of a task that are shown
_SHARE = 2  # every other ticket is worked on


class Office:
    """Everybody but the hub."""

    def __init__(self, sandbox: "Running", speech: Speech) -> None:
        self._sandbox = sandbox
        self._say = speech

    @property
    def enough(self) -> int:
        """After how many cases in the helpdesk the process is killed."""
        return 25

    def somebody_writes(self, text: str) -> str:
        """Let a customer write in a social network; return the mention's id."""
        plain: dict[str, Any] = {
            "title": None,
            "tags": [],
            "source": "vk.com",
            "url": "https://vk.com/wall-1_77",
        }
        written = self._sandbox.change(MENTIONS, "add", topic=_TOPIC, text=text, **plain)
        return str(written["source_id"])

    # --- the helpdesk -----------------------------------------------------------------------------------------------

    def cases(self) -> int:
        """Return how many cases of ours the helpdesk has."""
        return len(self._cases())

    def cases_of(self, ticket: "Ticket") -> list[str]:
        """Return the ids of the cases that were made for *ticket*."""
        ids = {link.external_id for link in ticket.links if link.role == "delivered"}
        marks = {find_marker(*case["tags"]) for case in self._cases() if case["conversation"] in ids}
        return [case["conversation"] for case in self._cases() if find_marker(*case["tags"]) in marks]

    def _cases(self) -> list[dict[str, Any]]:
        if HELPDESK not in self._sandbox.urls:
            return []
        found = {item["conversation"]: item for item in self._sandbox.ledger(HELPDESK)["items"]}
        return [item for item in found.values() if find_marker(*item["tags"])]

    def work(self, tickets: "Sequence[Ticket]") -> int:
        """Let operators take, answer and solve some of *tickets*, one after the other; return how many."""
        chosen = [link.external_id for one in tickets for link in one.links if link.role == "delivered"][::_SHARE]
        for number, case in enumerate(chosen):
            user = _OPERATORS[number * number % 7 % len(_OPERATORS)]
            self._sandbox.advance(60.0 * _MINUTES[number % len(_MINUTES)] / len(_OPERATORS))
            self._sandbox.change(HELPDESK, "assign", id=case, user=user)
            self._sandbox.change(HELPDESK, "answer", id=case, user=user, text=self._say("operator_answers"))
            if number % 4:
                self._sandbox.change(HELPDESK, "status", id=case, status=_SOLVED)
        return len(chosen)

    # --- the department -----------------------------------------------------------------------------------------------

    def task(self, ident: str) -> Iterable[str]:
        """Return what stands in a task, line by line; *ident* is its id as links have it."""
        number = _number(ident)
        texts = (str(item["text"]) for item in self._sandbox.ledger(CRM)["items"] if item["source_id"] == number)
        return [line for line in next(texts, "").splitlines() if line.strip()][:_LINES]

    def finish(self, ident: str, answer: str) -> None:
        """Let the department answer in a task and close it."""
        self._sandbox.change(CRM, "comment", id=_number(ident), text=answer)
        self._sandbox.change(CRM, "finish", id=_number(ident))

    # --- the map ------------------------------------------------------------------------------------------------------

    def moderate(self) -> int:
        """Let the map publish every answer of ours that waits; return how many did."""
        ours = [one for one in self._sandbox.ledger(MAPS)["items"] if one["reply"] and one["reply_by_client"]]
        for item in ours:
            self._sandbox.change(MAPS, "publish_reply", id=item["source_id"])
        return len(ours)


def _number(ident: str) -> str:
    """Return the portal's own number of a task."""
    return ident.rpartition("/")[2]
