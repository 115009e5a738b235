"""Where else a ticket is, and what is said of it there."""

from dataclasses import replace

from hub.store.page import Checkpoint


def without_follow_ups(checkpoint: Checkpoint) -> Checkpoint:
    """Return *checkpoint* with what its follow-ups are where no ticket has the case."""
    if not checkpoint.follow_ups:
        return checkpoint
    own = [one.otherwise for one in checkpoint.follow_ups if one.otherwise is not None]
    return replace(checkpoint, drafts=[*checkpoint.drafts, *own], follow_ups=())
