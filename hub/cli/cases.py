"""What is wrong with a ticket's case elsewhere, in one line with what to do."""

from typing import TYPE_CHECKING

from hub.cli.output import one_line, short_id

if TYPE_CHECKING:
    from hub.store import CaseProblem

_TOLD = {
    "deleted": "was deleted there; answer the customer, or escalate it again",
    "moved": "was moved to another department",
    "reopened": "was opened again after it was done",
    "stuck": "is stuck, nothing happens there; ask the department",
    "unanswered": "is done without an answer; ask the department, or escalate it again",
}


def case_told(problem: "CaseProblem") -> str:
    """Return *problem* as a line that names ticket, place and next step."""
    ticket = short_id(problem.ticket)
    where = f"its case {one_line(problem.external_id)} at {problem.instance}"
    return f'ticket {ticket}: {where} {_TOLD[problem.kind]} ("hub tickets show {ticket}")'
