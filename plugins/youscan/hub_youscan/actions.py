"""Tags, sentiment, spam and Bin back to YouScan: vendor sheet, sections 4 and 9.

One bulk update holds at most 100 mentions of one topic; several actions on one mention become one item of it. Tags
are replaced as a whole, so what is added is added to the set read just before. Unknown tag names are created first.
A bulk update answers with no body: what became of it is read again by id. A mention carries no mark of spam or Bin,
and the answer by id may leave such mentions out, so these two stay ``sent`` until a sweep sees them.
"""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from hub.sdk import Action, ActionName, ActionResult, HubError, Request, Response, SourceError, Steps
from hub_youscan import assumed

MAX_UPDATES = 100
MAX_IDS = 500
MAX_TAG = 100  # characters of a tag's name
SENTIMENTS = ("positive", "neutral", "negative")

Field = Literal["tags", "sentiment", "spam", "deleted"]
FIELDS: Mapping[ActionName, Field] = {
    "add_tags": "tags",
    "set_tags": "tags",
    "set_sentiment": "sentiment",
    "mark_spam": "spam",
    "hide": "deleted",
}
ACTIONS = frozenset(FIELDS)

_MAX_ID = 2**63 - 1

_T = TypeVar("_T")
_Step = Generator[Request, Response | None, _T]
_Answer = tuple[Literal["done", "sent", "failed"], str, HubError | None]
_Mentions = Mapping[int, Mapping[str, Any]]
_Classify = Callable[[Response], HubError | None]


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What came in place of a good answer; *status* is None where nothing came at all."""

    reason: str
    status: int | None = None
    cause: HubError | None = None


@dataclass(slots=True)
class _Item:
    """What one mention is to become, and what became of each field so far."""

    mention: int
    tags: set[str] = field(default_factory=set)
    replaces: bool = False
    changes: dict[Field, Any] = field(default_factory=dict)
    answers: dict[Field, _Answer] = field(default_factory=dict)

    def take(self, action: Action) -> None:
        """Add *action*; of two that contradict each other the later one wins."""
        match action.name:
            case "add_tags":
                self.tags |= set(action.values)
            case "set_tags":
                self.tags, self.replaces = set(action.values), True
            case "set_sentiment":
                self.changes["sentiment"] = action.values[0]
            case _:
                self.changes[FIELDS[action.name]] = True

    @property
    def open_tags(self) -> bool:
        """Whether tags are wanted and nothing stands against them yet."""
        return (self.replaces or bool(self.tags)) and "tags" not in self.answers

    def fail(self, refusal: _Refusal) -> None:
        self.answers.update(dict.fromkeys(self.changes, ("failed", refusal.reason, refusal.cause)))


def act(actions: Sequence[Action], classify: _Classify) -> Steps:
    """Do *actions* topic by topic and say of each, in their order, what became of it.

    Args:
        actions: any number, of any topics.
        classify: what is wrong with a response, or None.
    """
    answers: dict[int, _Answer] = {
        n: ("failed", why, None) for n, action in enumerate(actions) if (why := _misuse(action))
    }
    topics: dict[str, dict[int, _Item]] = {}
    for n, action in enumerate(actions):
        if n not in answers:
            mention = int(action.source_id)
            topics.setdefault(action.stream, {}).setdefault(mention, _Item(mention)).take(action)
    for topic, items in topics.items():
        yield from _Topic(topic, classify).run(list(items.values()))
    for n, action in enumerate(actions):
        if n not in answers:
            answers[n] = topics[action.stream][int(action.source_id)].answers[FIELDS[action.name]]
    return tuple(ActionResult(action, *answers[n]) for n, action in enumerate(actions))


def _misuse(action: Action) -> str:
    """Return what is wrong with *action* before anything is asked; empty when nothing is."""
    if action.name not in FIELDS:
        return f"YouScan cannot do {action.name!r}; it can do {', '.join(FIELDS)}"
    if not _is_number(action.stream):
        return f"{action.stream!r} is no topic's id"
    if not _is_number(action.source_id):
        return f"{action.source_id!r} is no mention's id"
    if action.name == "add_tags" and not action.values:
        return "add_tags needs a tag"
    if action.name == "set_sentiment" and (len(action.values) != 1 or action.values[0] not in SENTIMENTS):
        return f"{', '.join(action.values) or 'nothing'} is no sentiment to set; choose one of {', '.join(SENTIMENTS)}"
    odd = [tag for tag in action.values if not 1 <= len(tag) <= MAX_TAG] if FIELDS[action.name] == "tags" else []
    return f"a tag has 1 to {MAX_TAG} characters, {odd[0][:MAX_TAG]!r} has {len(odd[0])}" if odd else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) <= _MAX_ID


class _Topic:
    """The actions of one topic."""

    def __init__(self, topic: str, classify: _Classify) -> None:
        self._path = f"/topics/{topic}"
        self._classify = classify

    def run(self, items: Sequence[_Item]) -> _Step[None]:
        yield from self._prepare_tags(items)
        for chunk in _chunks([item for item in items if item.changes], MAX_UPDATES):
            yield from self._update(chunk)
        yield from self._verify([item for item in items if item.changes.keys() - item.answers.keys()])

    def _ask(self, request: Request) -> _Step[Response | _Refusal]:
        """Return the answer, or why there is no good one."""
        try:
            response = yield request
        except HubError as error:  # refused credentials too: what was done before must be told all the same
            return _Refusal(str(error), cause=error)
        if response is None:
            return _Refusal("the engine answered a request with nothing")
        fault = self._classify(response)
        return _Refusal(str(fault), response.status, fault) if fault else response

    # --- tags ---------------------------------------------------------------------------------------------------

    def _prepare_tags(self, items: Sequence[_Item]) -> _Step[None]:
        """Put the whole set of tags of every item into its changes, or say why there is none."""
        missing = yield from self._create_tags({tag for item in items for tag in item.tags})
        for item in items:
            reasons = [missing[tag] for tag in sorted(item.tags) if tag in missing]
            if reasons:
                item.answers["tags"] = ("failed", *reasons[0])
        adding = [item for item in items if item.open_tags and not item.replaces]
        current, unread = yield from self._read(adding)
        for item in items:
            known = set() if item.replaces else _tags(current.get(item.mention, {}))
            if item.open_tags and known is None:
                # To write the new tags alone would take the others away.
                hidden = "the source does not show the mention's tags, so none is added"
                item.answers["tags"] = ("failed", unread.reason, unread.cause) if unread else ("failed", hidden, None)
            elif item.open_tags and known is not None:
                item.changes["tags"] = sorted(item.tags | known)

    def _create_tags(self, wanted: set[str]) -> _Step[dict[str, tuple[str, HubError | None]]]:
        """Create those of *wanted* that the topic lacks; return the ones that are missing still, with the reason."""
        if not wanted:
            return {}
        response = yield from self._ask(Request("GET", f"{self._path}/tags"))
        if isinstance(response, _Refusal):
            return dict.fromkeys(wanted, (response.reason, response.cause))
        known = {tag.get("name") for tag in _listed(response, "tags")}
        missing: dict[str, tuple[str, HubError | None]] = {}
        for name in sorted(wanted - known):
            # Safe to repeat: a tag that exists already is a success.
            made = yield from self._ask(Request("POST", f"{self._path}/tags", json={"name": name}, safe=True))
            if isinstance(made, _Refusal):
                missing[name] = (f"the tag {name!r} could not be created: {made.reason}", made.cause)
        return missing

    # --- mentions -----------------------------------------------------------------------------------------------

    def _update(self, items: Sequence[_Item]) -> _Step[None]:
        body = {"mentions": [{"id": item.mention, **item.changes} for item in items]}
        # Safe to repeat: every field is set to a value, none is counted up.
        answer = yield from self._ask(Request("POST", f"{self._path}/mentions/bulkupdate", json=body, safe=True))
        if isinstance(answer, Response):
            return
        if len(items) > 1 and assumed.may_be_one_bad_item(answer.status):
            middle = len(items) // 2
            yield from self._update(items[:middle])
            yield from self._update(items[middle:])
            return
        for item in items:
            item.fail(answer)

    def _verify(self, items: Sequence[_Item]) -> _Step[None]:
        seen, _ = yield from self._read(items)
        for item in items:
            mention = seen.get(item.mention)
            item.answers.update({name: _outcome(name, value, mention) for name, value in item.changes.items()})

    def _read(self, items: Sequence[_Item]) -> _Step[tuple[_Mentions, _Refusal | None]]:
        """Return the mentions that the source shows by id, and what went wrong, if anything did."""
        found: dict[int, Mapping[str, Any]] = {}
        for chunk in _chunks(items, MAX_IDS):
            body = {"ids": [item.mention for item in chunk]}
            answer = yield from self._ask(Request("POST", f"{self._path}/get-mentions", json=body, safe=True))
            if isinstance(answer, _Refusal):
                return found, answer
            mentions = _listed(answer, "mentions")
            found.update({int(item["id"]): item for item in mentions if _is_number(str(item.get("id")))})
        return found, None


def _outcome(name: Field, sent: Any, mention: Mapping[str, Any] | None) -> _Answer:
    if name in ("spam", "deleted"):
        return "sent", "taken; a sweep will see that the mention is hidden", None
    if mention is None:
        return "sent", "taken; the source did not show the mention again", None
    seen = sorted(_tags(mention) or ()) if name == "tags" else mention.get(name)
    if seen == sent:
        return "done", "", None
    return "failed", f"taken, but the source shows {name} {seen!r}, not {sent!r}", None


def _tags(mention: Mapping[str, Any]) -> set[str] | None:
    """Return the mention's tags; None where it does not say."""
    tags = mention.get("tags")
    return {tag for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else None


def _listed(response: Response, name: str) -> list[Mapping[str, Any]]:
    """Return the objects of the list *name*; none where the answer has another shape."""
    try:
        body = response.json()
    except SourceError:
        return []
    items = body.get(name) if isinstance(body, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _chunks(items: Sequence[_Item], size: int) -> Iterable[Sequence[_Item]]:
    return (items[start : start + size] for start in range(0, len(items), size))
