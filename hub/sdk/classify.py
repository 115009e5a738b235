"""What a classifier is asked and what it answers: for tickets that no rule gave a category."""

from dataclasses import dataclass

from hub.sdk.ticket import Category


@dataclass(frozen=True, slots=True)
class Undecided:
    """A ticket without a category.

    Args:
        title: as the source has it.
        texts: what the customer wrote and everybody can read, oldest first.
        platform: ``vk.com``, ``yandex_maps``, …
        kind: mention, review, task or issue.
        language: ISO 639-1 where it is known.
        rating: stars, 0 to 5.
    """

    title: str | None
    texts: tuple[str, ...]
    platform: str
    kind: str
    language: str | None = None
    rating: float | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """What a classifier says.

    Args:
        category: the rules decide once more with it.
        by: the classifier's name; it stands behind the rules in the ticket's decision.
        tags: beside those of the rules.
    """

    category: Category
    by: str
    tags: tuple[str, ...] = ()
