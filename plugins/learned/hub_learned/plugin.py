"""The hook ``classify_ticket``: what the examples say of a ticket that no rule gave a category."""

import csv
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any, cast, get_args

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from hub.sdk import Category, Classified, Undecided, hookimpl
from hub_learned.bayes import Bayes

FEWEST = 20
"""Examples that a label needs to be told apart."""

NAME = "learned"


class LearnedConfig(BaseModel):
    """Settings, under ``[plugins.learned]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    examples: str = Field(
        description='labelled texts, JSON Lines or CSV: { file = "labelled.jsonl" } with `text` (or `title` and `body`)'
        " and `category`"
    )
    sure: float = Field(default=0.9, ge=0.5, lt=1, description="how probable a category must be to be said")

    @field_validator("examples")
    @classmethod
    def _enough(cls, given: str) -> str:
        labels = Bayes(read_examples(given)).labels
        if len(labels) < 2 or min(labels.values()) < FEWEST:
            seen = ", ".join(f"{label}: {number}" for label, number in sorted(labels.items())) or "none"
            raise ValueError(f"needs two categories with {FEWEST} examples each or more; there are {seen}")
        return given


class Learned:
    """A classifier that has read its examples."""

    name = NAME

    def __init__(self, config: LearnedConfig) -> None:
        self._sure = config.sure
        self._learned = Bayes(read_examples(config.examples))

    @hookimpl
    def classify_ticket(self, ticket: Undecided) -> Classified | None:
        """Return the likeliest category where it is sure enough; nothing for a ticket without words."""
        texts = (ticket.title or "", *ticket.texts)
        if not any(text.strip() for text in texts):
            return None
        label, probability = self._learned.likeliest(texts)
        return Classified(cast(Category, label), by=NAME) if probability >= self._sure else None


def read_examples(given: str) -> Iterator[tuple[str, str]]:
    """Yield text and category of every example of a file's content.

    Raises:
        ValueError: a line has no text or no category; says which.
    """
    for number, row in _rows(given):
        text = str(row.get("text") or " ".join(str(row.get(key) or "") for key in ("title", "body"))).strip()
        label = row.get("category")
        if not text or not label:
            raise ValueError(f"line {number} of the examples has no {'category' if text else 'text'}")
        if label not in get_args(Category):
            raise ValueError(f"line {number}: {label!r} is no category; write one of {', '.join(get_args(Category))}")
        yield text, str(label)


def _rows(given: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    if not given.lstrip("\ufeff \n").startswith("{"):
        yield from enumerate(csv.DictReader(StringIO(given.lstrip("\ufeff"))), 2)
        return
    for number, line in enumerate(given.lstrip("\ufeff").splitlines(), 1):
        if line.strip():
            try:
                yield number, orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise ValueError(f"line {number} of the examples is no JSON: {error}") from error
