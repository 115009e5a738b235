"""The hook that wraps ``normalize`` of every source."""

from collections.abc import Generator, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from hub.sdk import Draft, FollowUp, MessageDraft, Read, Record, TicketDraft, hookimpl
from hub_mask.numbers import mask

Drafts = Draft | Sequence[Draft] | None


class MaskConfig(BaseModel):
    """Settings, under ``[plugins.mask]``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    cards: bool = Field(default=True, description="mask card numbers but for the last four digits")
    phones: bool = Field(default=True, description="mask phone numbers but for the last two digits")


class Mask:
    """Masks titles and bodies of drafts; nothing else of a draft is touched."""

    def __init__(self, config: MaskConfig) -> None:
        self._config = config

    @hookimpl(wrapper=True)
    def normalize(self, record: Record, read: Read) -> Generator[None, Drafts, Drafts]:
        """Let the source normalise, then mask what it gave."""
        drafts = yield
        if drafts is None:
            return None
        if isinstance(drafts, Draft):
            return self._masked(drafts)
        return tuple(self._masked(draft) for draft in drafts)

    def _masked(self, draft: Draft) -> Draft:
        if not isinstance(draft, TicketDraft | FollowUp):
            return draft
        changes: dict[str, Any] = {}
        if isinstance(draft, FollowUp):
            if draft.otherwise and (otherwise := self._masked(draft.otherwise)) is not draft.otherwise:
                changes["otherwise"] = otherwise
        elif draft.title and (title := self._text(draft.title)) != draft.title:
            changes["title"] = title
        messages = tuple(self._message(message) for message in draft.messages)
        if any(new is not old for new, old in zip(messages, draft.messages, strict=True)):
            changes["messages"] = messages
        return draft.model_copy(update=changes) if changes else draft

    def _message(self, message: MessageDraft) -> MessageDraft:
        body = self._text(message.body)
        return message if body == message.body else message.model_copy(update={"body": body})

    def _text(self, text: str) -> str:
        return mask(text, cards=self._config.cards, phones=self._config.phones)
