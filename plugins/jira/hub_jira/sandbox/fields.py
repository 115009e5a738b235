"""What may be set at a create or an edit, and what Jira says of a wrong value (sheet, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .answers import AnswerError
from .model import Issue, Project, Rich, User
from .people import DEV, OLD_PRIORITIES, PRIORITIES, PROJECTS, TYPES, USERS
from .render import View
from .richtext import letters, refusal
from .world import JiraWorld

SUMMARY_CHARS, TEXT_CHARS = 255, 32_767
TEAM = "customfield_10050"
TEAMS = {"30001": "Север", "30002": "Юг"}
NOT_ON_SCREEN = "Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
PLAIN = ("duedate", "components", "fixVersions", "environment")


def create_fields(project: Project, view: View) -> list[dict[str, Any]]:
    """The fields of the create screen, in the order of the screen. `DEV` has no priority on it."""
    priorities = [view.priority(number) for number in PRIORITIES]
    rows = [
        _field("project", "Project", "project", required=True, allowed=[view.project(project)]),
        _field("issuetype", "Issue Type", "issuetype", required=True, allowed=[view.type(one) for one in TYPES]),
        _field("summary", "Summary", "string", required=True),
        _field("description", "Description", "string"),
        _field("reporter", "Reporter", "user", required=True, default=True),
        _field("assignee", "Assignee", "user"),
        _field("labels", "Labels", "array"),
        _field("duedate", "Due date", "date"),
    ]
    if project is not DEV:
        rows.append(_field("priority", "Priority", "priority", allowed=priorities, default=True))
    if TEAM in project.required:
        teams = [
            {"self": f"{view.api}/customFieldOption/{number}", "value": name, "id": number}
            for number, name in TEAMS.items()
        ]
        rows.append(_field(TEAM, "Team", "option", required=True, allowed=teams))
    return rows


def _field(
    name: str, title: str, kind: str, *, required: bool = False, allowed: list[Any] | None = None, default: bool = False
) -> dict[str, Any]:
    custom = name.startswith("customfield_")
    schema = (
        {"type": kind, "customId": int(name[12:]), "custom": "select"} if custom else {"type": kind, "system": name}
    )
    made = {
        "required": required, "schema": schema, "name": title, "key": name, "hasDefaultValue": default,
        "operations": ["set"], "fieldId": name,
    }  # fmt: skip
    return made | ({"allowedValues": allowed} if allowed else {})


class Form:
    """Reads the fields of one request into one issue; collects what is wrong with each."""

    def __init__(self, world: JiraWorld, view: View, project: Project) -> None:
        self._world, self._view, self._project = world, view, project
        self.errors: dict[str, str] = {}

    def check_required(self, fields: Mapping[str, Any]) -> None:
        if not fields.get("summary"):
            self.errors["summary"] = "You must specify a summary of the issue."
        for name in self._project.required:
            if not fields.get(name):
                self.errors[name] = "Team is required."

    def fill(self, issue: Issue, fields: Mapping[str, Any]) -> None:
        """Set *fields*.

        Raises:
            AnswerError: 400 with every field that is wrong.
        """
        for name, value in fields.items():
            if name not in ("project", "issuetype"):
                self._set(issue, name, value)
        if self.errors:
            raise AnswerError(400, fields=self.errors)

    def _set(self, issue: Issue, name: str, value: Any) -> None:
        setter = getattr(self, f"_{name}", None)
        if name == "priority" and self._project is DEV:
            self.errors[name] = NOT_ON_SCREEN.format(name=name)
        elif setter is not None:
            setter(issue, value)
        elif name == TEAM and TEAM in self._project.required:
            self._team(issue, value)
        elif name in PLAIN:
            issue.fields[name] = value
        else:
            self.errors[name] = NOT_ON_SCREEN.format(name=name)

    def _summary(self, issue: Issue, value: Any) -> None:
        if not isinstance(value, str) or "\n" in value:
            self.errors["summary"] = "The summary is invalid because it contains newline characters."
        elif len(value) > SUMMARY_CHARS:
            self.errors["summary"] = f"Summary must be less than {SUMMARY_CHARS} characters."
        else:
            issue.summary = value

    def _description(self, issue: Issue, value: Any) -> None:
        body = self.text("description", value)
        issue.description = body or issue.description

    def text(self, name: str, value: Any) -> Rich | None:
        """A text field: a document on Cloud's v3, markup on Data Center."""
        wrong = refusal(value) if self._view.cloud else None if isinstance(value, str) else "expected a string"
        if wrong:
            self.errors[name] = wrong
            return None
        said = letters(value)
        if len(said) > TEXT_CHARS + 1:
            self.errors[name] = (
                f"The entered text is too long. It exceeds the allowed limit of {TEXT_CHARS} characters."
            )
        return Rich(value, said.strip())

    def _priority(self, issue: Issue, value: Any) -> None:
        names = {number: self._view.priority(number)["name"] for number in OLD_PRIORITIES}
        told = value if isinstance(value, dict) else {}
        found = [n for n in names if str(n) == str(told.get("id")) or names[n] == told.get("name")]
        if found:
            issue.priority = found[0]
        else:
            self.errors["priority"] = f"The priority '{told.get('name') or told.get('id')}' does not exist."

    def _labels(self, issue: Issue, value: Any) -> None:
        if not isinstance(value, list) or any(
            not isinstance(one, str) or " " in one or len(one) > 255 for one in value
        ):
            self.errors["labels"] = "The label contains spaces which is invalid."
        else:
            issue.labels = list(dict.fromkeys(value))

    def _assignee(self, issue: Issue, value: Any) -> None:
        user = self._user(value)
        if value is not None and user is None:
            self.errors["assignee"] = "User does not exist or is not assignable."
        issue.assignee = user

    def _reporter(self, issue: Issue, value: Any) -> None:
        issue.reporter = self._user(value) or issue.reporter

    def _user(self, value: Any) -> User | None:
        told = value if isinstance(value, dict) else {}
        if self._view.cloud:
            return USERS.get(str(told.get("accountId") or told.get("id")))
        return next((user for user in USERS.values() if user.login == told.get("name")), None)

    def _team(self, issue: Issue, value: Any) -> None:
        told = value if isinstance(value, dict) else {}
        if told.get("id") in TEAMS or told.get("value") in TEAMS.values():
            issue.fields[TEAM] = value
        else:
            self.errors[TEAM] = f"Option value '{told.get('value') or told.get('id')}' is not valid"


def project_of(fields: Mapping[str, Any]) -> Project:
    """The project that *fields* name.

    Raises:
        AnswerError: 400.
    """
    told = fields.get("project")
    told = told if isinstance(told, dict) else {}
    for project in PROJECTS.values():
        if told.get("key") == project.key or told.get("id") == project.id:
            return project
    raise AnswerError(400, fields={"project": "valid project is required"})


def type_of(fields: Mapping[str, Any], view: View) -> str:
    """The issue type that *fields* name, by id or by the name that the caller sees.

    Raises:
        AnswerError: 400.
    """
    told = fields.get("issuetype")
    told = told if isinstance(told, dict) else {}
    for number in TYPES:
        if told.get("id") == number or told.get("name") == view.type(number)["name"]:
            return number
    raise AnswerError(400, fields={"issuetype": "Specify a valid issue type"})
