"""The subset of JQL that the sheet's section 14 names, read as the caller's profile reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .model import Issue

TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|(?P<op>!=|>=|<=|=|>|<|~|\(|\)|,)|(?P<word>[^\s()=<>!~,"']+))"""
)
RELATIVE = re.compile(r"-(\d+)([mhdw])")
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
FORMATS = ("%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M", "%Y-%m-%d", "%Y/%m/%d")
MOST_SORTS = 7

Keep = Callable[[Issue], bool]


class JqlError(Exception):
    """400."""


@dataclass(frozen=True)
class Query:
    keep: Keep
    order: list[tuple[str, bool]]
    bounded: bool

    def run(self, issues: Sequence[Issue]) -> list[Issue]:
        """Return the issues that match, in order."""
        found = [issue for issue in issues if self.keep(issue)]
        found.sort(key=lambda issue: issue.id, reverse=True)
        for name, down in reversed(self.order):
            found.sort(key=SORTS[name], reverse=down)
        return found


SORTS: dict[str, Callable[[Issue], Any]] = {
    "updated": lambda issue: issue.updated,
    "created": lambda issue: issue.created,
    "key": lambda issue: (issue.project.key, issue.number),
    "id": lambda issue: issue.id,
    "priority": lambda issue: -(issue.priority or 9),
    "status": lambda issue: issue.status.id,
}
TEXTS: dict[str, Callable[[Issue], set[str]]] = {
    "project": lambda issue: {issue.project.key, issue.project.name, issue.project.id},
    "status": lambda issue: {issue.status.name, issue.status.translated, issue.status.id},
    "statuscategory": lambda issue: {
        issue.status.category,
        {"new": "To Do", "indeterminate": "In Progress", "done": "Done"}.get(issue.status.category, ""),
    },
    "labels": lambda issue: set(issue.labels),
    "issuetype": lambda issue: {issue.type},
    "id": lambda issue: {str(issue.id)},
    "key": lambda issue: {issue.key, str(issue.id)},
    "issuekey": lambda issue: {issue.key, str(issue.id)},
    "reporter": lambda issue: {issue.reporter.key, issue.reporter.login} if issue.reporter else set(),
    "assignee": lambda issue: {issue.assignee.key, issue.assignee.login} if issue.assignee else set(),
}
TIMES: dict[str, Callable[[Issue], datetime]] = {
    "updated": lambda issue: issue.updated,
    "created": lambda issue: issue.created,
}


def parse(text: str, zone: ZoneInfo, now: datetime) -> Query:
    """Read *text* as somebody whose profile has *zone*.

    Raises:
        JqlError: with the vendor's words.
    """
    return _Parser(text, zone, now).query()


class _Parser:
    def __init__(self, text: str, zone: ZoneInfo, now: datetime) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._zone, self._now = zone, now
        self._clauses = 0

    def query(self) -> Query:
        keep: Keep = lambda _issue: True  # noqa: E731
        if self._peek() and not self._is_order():
            keep = self._either()
        order = self._order() if self._is_order() else []
        if self._peek():
            raise JqlError(f"Error in the JQL Query: Expecting operator but got '{self._peek()}'.")
        return Query(keep, order, self._clauses > 0)

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at][1] if at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise JqlError("Error in the JQL Query: Expecting either a value, list or function but reached the end.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _is_order(self) -> bool:
        return self._peek().lower() == "order" and self._peek(1).lower() == "by"

    def _either(self) -> Keep:
        parts = [self._both()]
        while self._peek().lower() == "or":
            self._next()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda issue: any(part(issue) for part in parts)

    def _both(self) -> Keep:
        parts = [self._one()]
        while self._peek().lower() == "and":
            self._next()
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda issue: all(part(issue) for part in parts)

    def _one(self) -> Keep:
        if self._peek().lower() == "not":
            self._next()
            inner = self._one()
            return lambda issue: not inner(issue)
        if self._peek() == "(":
            self._next()
            inner = self._either()
            if self._next()[1] != ")":
                raise JqlError("Error in the JQL Query: Expecting ')'.")
            return inner
        return self._clause()

    def _clause(self) -> Keep:
        field = self._next()[1].lower()
        if field not in TEXTS and field not in TIMES:
            raise JqlError(f"Field '{field}' does not exist or you do not have permission to view it.")
        self._clauses += 1
        operator = self._next()[1].lower()
        if operator == "not" and self._peek().lower() == "in":
            operator = f"not {self._next()[1].lower()}"
        if field in TIMES:
            return self._time(TIMES[field], operator)
        if field in {"key", "issuekey"} and operator in {">", ">=", "<", "<="}:
            return self._key(operator)
        values = self._values(operator)
        read = TEXTS[field]
        wanted = {value.casefold() for value in values}
        hit: Keep = lambda issue: bool({value.casefold() for value in read(issue)} & wanted)  # noqa: E731
        if operator in {"=", "in"}:
            return hit
        if operator in {"!=", "not in"}:
            return lambda issue: not hit(issue)
        raise JqlError(f"The operator '{operator}' is not supported by the '{field}' field.")

    def _values(self, operator: str) -> list[str]:
        if not operator.endswith("in"):
            return [self._next()[1]]
        if self._next()[1] != "(":
            raise JqlError("Error in the JQL Query: Expecting '(' after 'in'.")
        values = [self._next()[1]]
        while (sign := self._next()[1]) == ",":
            values.append(self._next()[1])
        if sign != ")":
            raise JqlError("Error in the JQL Query: Expecting ')'.")
        return values

    def _key(self, operator: str) -> Keep:
        project, _, number = self._next()[1].upper().rpartition("-")
        compare = COMPARE[operator]
        return lambda issue: issue.project.key == project and compare(issue.number, int(number))

    def _time(self, read: Callable[[Issue], datetime], operator: str) -> Keep:
        if operator not in COMPARE:
            raise JqlError(f"The operator '{operator}' is not supported by date fields.")
        kind, value = self._next()
        moment, compare = self._moment(kind, value), COMPARE[operator]
        return lambda issue: compare(read(issue), moment)

    def _moment(self, kind: str, value: str) -> datetime:
        """A literal: the caller's zone, to the minute; in an hour that comes twice, the second one."""
        relative = RELATIVE.fullmatch(value)
        if relative:
            return self._now - timedelta(**{UNITS[relative[2]]: int(relative[1])})
        if kind == "word" and value.isdigit():
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        for form in FORMATS:
            try:
                local = datetime.strptime(value, form)  # noqa: DTZ007 - the zone comes with the next line
                return local.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
            except ValueError:
                continue
        raise JqlError(
            f"Date value '{value}' for field 'updated' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm',"
            " 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
        )

    def _order(self) -> list[tuple[str, bool]]:
        self._at += 2
        order = []
        while True:
            field = self._next()[1].lower()
            if field not in SORTS:
                raise JqlError(f"Not able to sort using field '{field}'.")
            down = self._peek().lower() == "desc"
            self._at += self._peek().lower() in {"asc", "desc"}
            order.append((field, down))
            if self._peek() != ",":
                break
            self._next()
        if len(order) > MOST_SORTS:
            raise JqlError(f"The maximum number of sort fields is {MOST_SORTS}.")
        return order


COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
}


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if not match:
            raise JqlError(
                f"Error in the JQL Query: The character '{text[at:].strip()[:1]}' is a reserved JQL character."
            )
        kind = match.lastgroup or ""
        value = match[kind]
        found.append((kind, re.sub(r"\\(.)", r"\1", value[1:-1]) if kind == "string" else value))
        at = match.end()
    return found
