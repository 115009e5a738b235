"""What a file of rules may say, key by key. What it means is in `conditions` and `decide`.

Wherever a list of values is wanted, one value does for a list of one; numbers are taken as the text they are.
"""

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from hub.routing.calendar import CalendarSpec
from hub.routing.facts import STANDINGS
from hub.routing.listable import listable
from hub.routing.policy import Aging, SlaPolicy
from hub.sdk.actions import ActionName
from hub.sdk.config import Duration
from hub.sdk.nearest import did_you_mean, listed
from hub.sdk.ticket import Category, Kind, Priority, Sentiment, State

NOWHERE = "none"
"""What ``deliver`` says where nothing is to be delivered."""


class RuleModel(BaseModel):
    """Base of what a file says: frozen, unknown keys refused, numbers taken as text where text is wanted."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True)


_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?")

# --- small values ---------------------------------------------------------------------------------------------------


def _as_list(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _as_full_list(value: Any) -> Any:
    if value in ([], ()):
        raise ValueError("is empty; write at least one value, or take the key out")
    return _as_list(value)


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        # Pydantic takes true for 1, and turns a ValueError only into a finding.
        raise ValueError(f"is {str(value).lower()}; write a number")  # noqa: TRY004 - pydantic takes no other
    return value


Number = Annotated[float, BeforeValidator(_no_bool)]


class Bounds(RuleModel):
    """From and to, both included."""

    at_least: Number | None = None
    at_most: Number | None = None


def _number_condition(value: Any) -> Any:
    if isinstance(value, dict):
        if not value.keys() & {"at_least", "at_most"}:
            raise ValueError("has no bound; write {at_least: 1}, {at_most: 5} or both")
        return value
    items = _as_full_list(value)
    for item in items:
        _no_bool(item)
        if not isinstance(item, int | float) and not (isinstance(item, str) and _NUMBER.fullmatch(item)):
            raise ValueError(f"{item!r} is no number; write for example 3, [1, 2] or {{at_least: 1}}")
    return items


@dataclass(frozen=True, slots=True, eq=False)
class _Also:
    """Says in the schema what a value may be beside its own type; of a list also one item."""

    choices: tuple[dict[str, Any], ...] = ()
    one_item: bool = False

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        own = handler(core)
        one = (own["items"],) if self.one_item else ()
        return {"anyOf": [*self.choices, *one, own]}


def _one_of(*known: str) -> BeforeValidator:
    """Values of a closed set; what holds a `*` or begins with `$` may be anything."""

    def checked(value: Any) -> Any:
        for item in _as_list(value):
            if isinstance(item, str) and item.lower() not in known and "*" not in item and not item.startswith("$"):
                raise ValueError(
                    f'"{item}" is none of the values{did_you_mean(item, known) or ";"} valid: {listed(known)}'
                )
        return value

    return BeforeValidator(checked)


_TEXT = {"type": ["string", "number"]}
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list), listable(_TEXT)]
"""Names of things, as many as there are."""

Words = Annotated[tuple[str, ...], BeforeValidator(_as_full_list), listable(_TEXT)]
"""Values, ``*`` stands for any letters; ``$name`` takes a named list in."""

Whole = Annotated[int, BeforeValidator(_no_bool)]
NumberCondition = Annotated[
    Bounds | tuple[float, ...],
    BeforeValidator(_number_condition),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "number"},
                {"type": "array", "items": {"type": "number"}},
                {
                    "type": "object",
                    "properties": {"at_least": {"type": "number"}, "at_most": {"type": "number"}},
                    "additionalProperties": False,
                    "minProperties": 1,
                },
            ]
        }
    ),
]
"""A number, one of several, or bounds."""


class Spans(RuleModel):
    """From and to in time, both included."""

    at_least: Duration | None = None
    at_most: Duration | None = None


def _spans(value: Any) -> Any:
    if not isinstance(value, dict | Spans) or not value:
        raise ValueError("needs bounds; write {at_least: 30m}, {at_most: 2h} or both")
    return value


SpanCondition = Annotated[Spans, BeforeValidator(_spans)]
"""Bounds in time."""

Kinds = Annotated[Words, _one_of(*get_args(Kind))]
Categories = Annotated[Words, _one_of(*get_args(Category))]
Priorities = Annotated[Words, _one_of(*get_args(Priority))]
Sentiments = Annotated[Words, _one_of(*get_args(Sentiment))]
Standings = Annotated[Words, _one_of(*STANDINGS)]
States = Annotated[Words, _one_of(*get_args(State))]


# --- conditions -----------------------------------------------------------------------------------------------------


class TextWhen(RuleModel):
    """Conditions on words and on how a text is written."""

    any_: Words | None = Field(default=None, alias="any", description="one of these patterns is in the text")
    all_: Words | None = Field(default=None, alias="all", description="each of these patterns is in the text")
    none: Words | None = Field(default=None, description="none of these patterns is in the text")
    obscene: bool | None = Field(default=None, description="whether the text swears, in whatever disguise")
    mixed_script: NumberCondition | None = Field(
        default=None, description="share of the words that mix alphabets, 0 to 1"
    )
    capitals: NumberCondition | None = Field(default=None, description="share of the letters that are capitals, 0 to 1")
    emoji: NumberCondition | None = Field(default=None, description="how many emoji")
    questions: NumberCondition | None = Field(default=None, description="how many question marks")
    exclamations: NumberCondition | None = Field(default=None, description="how many exclamation marks")
    length: NumberCondition | None = Field(default=None, description="how many characters")
    words: NumberCondition | None = Field(default=None, description="how many words")
    links: NumberCondition | None = Field(default=None, description="how many links")
    phones: NumberCondition | None = Field(default=None, description="how many numbers that look like a phone's")
    cards: NumberCondition | None = Field(default=None, description="how many numbers that look like a bank card's")


def _text(value: Any) -> Any:
    return value if isinstance(value, dict) else {"any": value}


_PATTERNS = ({"type": "string"}, {"type": "array", "items": {"type": "string"}})
TextCondition = Annotated[TextWhen, BeforeValidator(_text), _Also(_PATTERNS)]
"""A bare list is the patterns of ``any``."""


class DeadlineWhen(RuleModel):
    """How far deadlines that still wait have come: ``warning`` from the policy's first warning on, ``breached`` from
    the breach on."""

    first_response: Standings | None = Field(default=None, description="of the first answer")
    next_response: Standings | None = Field(default=None, description="of the answer to a later question")
    resolution: Standings | None = Field(default=None, description="of the end of the case")

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("asks for nothing; write for example {first_response: [warning, breached]}")
        return self


class When(RuleModel):
    """Conditions that must all hold; a list means one of its values."""

    text: TextCondition | None = Field(default=None, description="of the title and all messages of the customer")
    title: TextCondition | None = Field(default=None, description="of the title alone")
    kind: Kinds | None = Field(default=None, description="mention, review, task, issue")
    platform: Words | None = Field(default=None, description="where it was written: vk.com, yandex_maps")
    connector: Words | None = Field(default=None, description="the connector that read it")
    instance: Words | None = Field(default=None, description="the instance that read it")
    language: Words | None = Field(default=None, description="ISO 639-1; the source's word, else seen in the text")
    sentiment: Sentiments | None = Field(default=None, description="the source's word for the tone")
    state: States | None = Field(default=None, description="as it came, or as an earlier rule set it")
    category: Categories | None = Field(default=None, description="that an earlier rule set")
    queue: Words | None = Field(default=None, description="that an earlier rule set")
    assignee: Words | None = Field(default=None, description="that an earlier rule set")
    deliver: Words | None = Field(default=None, description="one of the instances that an earlier rule set, or `none`")
    priority: Priorities | None = Field(default=None, description="as the rules above have it")
    city: Words | None = Field(default=None, description="of the outlet")
    country: Words | None = Field(default=None, description="of the outlet, ISO 3166 alpha-2")
    place: Words | None = Field(default=None, description="key or name of the outlet")
    author: Words | None = Field(default=None, description="key, name or handle of the customer")
    url: Words | None = Field(default=None, description="address of the ticket")
    thread: Words | None = Field(default=None, description="what the connector groups messages by")
    source_tags: Words | None = Field(default=None, description="one of these is among the source's tags")
    tags: Words | None = Field(default=None, description="one of these is among the tags that earlier rules gave")
    matched: Words | None = Field(default=None, description="one of these earlier rules matched")
    rating: NumberCondition | None = Field(default=None, description="stars, 0 to 5")
    followers: NumberCondition | None = Field(default=None, description="of the customer")
    reach: NumberCondition | None = Field(default=None, description="how many may have seen it, as the source says")
    engagement: NumberCondition | None = Field(default=None, description="likes, comments and the like, added up")
    attachments: NumberCondition | None = Field(default=None, description="how many files and pictures")
    messages: NumberCondition | None = Field(default=None, description="how many the customer wrote")
    unanswered: NumberCondition | None = Field(
        default=None, description="how many the customer wrote since our last public answer"
    )
    score: NumberCondition | None = Field(default=None, description="as the rules above have it")
    contacts_in_week: NumberCondition | None = Field(
        default=None, description="tickets of this customer in the last seven days, this one included"
    )
    open_tickets: NumberCondition | None = Field(
        default=None, description="open tickets of this customer, this one not counted"
    )
    customer_tickets: NumberCondition | None = Field(
        default=None, description="all tickets of this customer, this one included"
    )
    loyalty: Words | None = Field(default=None, description="level of loyalty or segment of the customer in a CRM")
    waiting: SpanCondition | None = Field(default=None, description="time since the oldest message that has no answer")
    age: SpanCondition | None = Field(default=None, description="time since the ticket was published")
    deadline: DeadlineWhen | None = Field(default=None, description="how far deadlines have come that still wait")
    customer_known: bool | None = Field(default=None, description="whether it is known who the customer is")
    do_not_call: bool | None = Field(default=None, description="whether the customer wants no calls, as a CRM says")
    first_contact: bool | None = Field(default=None, description="whether the customer never wrote before")
    withheld: bool | None = Field(default=None, description="whether the vendor holds a text back")
    has_text: bool | None = Field(default=None, description="whether there is any text")
    surge: bool | None = Field(
        default=None,
        description="whether its platform, its queue or one of its tags has a surge; as earlier rules set them",
    )
    extra: dict[str, Words] | None = Field(default=None, description="values of the connector's own fields")
    any_: "Whens | None" = Field(default=None, alias="any", description="at least one of these holds")
    all_: "Whens | None" = Field(default=None, alias="all", description="each of these holds")
    not_: "When | None" = Field(default=None, alias="not", description="this does not hold")


Whens = Annotated[tuple[When, ...], BeforeValidator(_as_full_list)]

# --- effects --------------------------------------------------------------------------------------------------------


_FLAGS = ("customer_known", "do_not_call", "first_contact", "has_text", "surge", "withheld")


def _flag(value: Any) -> Any:
    if isinstance(value, str):
        if value not in _FLAGS:
            hint = did_you_mean(value, _FLAGS) or ";"
            raise ValueError(f'"{value}" is no condition that is true or false{hint} valid: {listed(_FLAGS)}')
        return {value: True}
    return value


class EscalateTo(RuleModel):
    """Open a task or an issue elsewhere."""

    to: str = Field(description="instance that it is opened in")
    department: str | None = Field(default=None, description="who gets it there; hub.toml maps it")
    when: Annotated[When | None, BeforeValidator(_flag), _Also(({"enum": list(_FLAGS)},))] = Field(
        default=None, description="only then; conditions, or the name of one that is true or false"
    )


class ReplyWith(RuleModel):
    """Answer the customer."""

    template: str = Field(description="name of the template")
    mode: Literal["draft", "auto"] = Field(default="draft", description="draft: a person sends it")


class ActWith(RuleModel):
    """Something to do with the record at its source."""

    name: ActionName = Field(description="what to do")
    values: Names = Field(default=(), description="tags; a tone; the reason of a report")
    text: str = Field(default="", description="the words of a report or a reply")


def _named(value: Any) -> Any:
    return [{"name": item} if isinstance(item, str) else item for item in _as_list(value)]


_ACT = {"enum": list(get_args(ActionName))}
_ACTS = (_ACT, {"type": "array", "items": _ACT})


class Then(RuleModel):
    """What a rule does where it matches."""

    category: Category | None = Field(default=None, description="first rule that sets it wins")
    queue: str | None = Field(default=None, description="first rule that sets it wins")
    state: State | None = Field(default=None, description="first rule that sets it wins")
    assignee: str | None = Field(default=None, description="first rule that sets it wins")
    deliver: Names | None = Field(default=None, description="instances, or `none`; first rule that sets it wins")
    points: Whole = Field(default=0, description="added to the score")
    at_least: Whole | None = Field(default=None, description="floor of the score")
    at_most: Whole | None = Field(default=None, description="ceiling of the score; ceilings beat floors")
    tags: Names = Field(default=(), description="given to the ticket")
    escalate: Annotated[tuple[EscalateTo, ...], BeforeValidator(_as_list), _Also(one_item=True)] = Field(
        default=(), description="tasks or issues to open elsewhere"
    )
    reply: ReplyWith | None = Field(default=None, description="an answer; first rule that sets it wins")
    act: Annotated[tuple[ActWith, ...], BeforeValidator(_named), _Also(_ACTS, one_item=True)] = Field(
        default=(), description="what to do with the record at its source"
    )
    notify: Names = Field(default=(), description="whom to tell, by the names in hub.toml")
    stop: bool = Field(default=False, description="no rule below is read")


_EXAMPLES = listable({"type": ["string", "object"]})


class Examples(RuleModel):
    """Texts that a rule is for, and texts that it is not for."""

    match: Annotated[tuple[Any, ...], BeforeValidator(_as_list), _EXAMPLES] = Field(
        default=(), description="the rule must match these: a text, or `text` with any facts"
    )
    no_match: Annotated[tuple[Any, ...], BeforeValidator(_as_list), _EXAMPLES] = Field(
        default=(), description="the rule must not match these"
    )


class RuleSpec(RuleModel):
    """One rule."""

    name: str = Field(min_length=1, description="unique over all files")
    when: When = Field(default_factory=When, description="conditions; without any the rule always matches")
    then: Then = Field(default_factory=Then, description="effects")
    examples: Examples = Field(default_factory=Examples, description="texts that it is for and not for")
    note: str | None = Field(default=None, description="anything people should know")
    enabled: bool = Field(default=True, description="false: the rule is left out")


class PolicyRule(SlaPolicy):
    """One policy: deadlines, and for whom."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    when: When = Field(default_factory=When, description="conditions, seen after all rules; first policy that holds")


# --- the rest of a file ---------------------------------------------------------------------------------------------


class Scale(RuleModel):
    """Where the score starts, and from where on it means which priority."""

    base: Whole = Field(default=30, description="where the score starts")
    urgent: Whole = Field(default=80, description="urgent from here on")
    high: Whole = Field(default=60, description="high from here on")
    normal: Whole = Field(default=20, description="normal from here on; below it is low")

    @model_validator(mode="after")
    def _descends(self) -> Self:
        if not self.urgent >= self.high >= self.normal:
            raise ValueError("urgent, high and normal must go down in this order")
        return self

    def priority(self, score: int) -> Priority:
        """Return what *score* means."""
        if score >= self.urgent:
            return "urgent"
        if score >= self.high:
            return "high"
        return "normal" if score >= self.normal else "low"


class Obscene(RuleModel):
    """What the list of obscene words lacks or has too much of."""

    words: Names = Field(default=(), description="words that swear")
    allow: Names = Field(default=(), description="words that do not")


Lists = dict[str, Names]


class RulesFile(RuleModel):
    """One file of a rules folder; every key may be left out."""

    version: str | None = Field(default=None, description="shown to people")
    builtin: bool | None = Field(default=None, description="false: without the built-in rules")
    phrases: Lists = Field(default_factory=dict, description="lists of patterns by name, for `text` and `title`")
    platforms: Lists = Field(default_factory=dict, description="lists of platforms by name")
    lists: Lists = Field(default_factory=dict, description="any other lists of values by name")
    calendars: dict[str, CalendarSpec] = Field(default_factory=dict, description="working time by name")
    score: Scale | None = Field(default=None, description="where the score starts and what it means")
    aging: Aging | None = Field(default=None, description="points for waiting")
    obscene: Obscene | None = Field(default=None, description="more words that swear, and words that do not")
    rules: tuple[RuleSpec, ...] = Field(default=(), description="read top to bottom")
    sla: tuple[PolicyRule, ...] = Field(default=(), description="deadlines; the first whose conditions hold")
