"""What tasks, leads and deals of the sandboxes say: written for them, nobody's words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from hub.sandbox import SandboxOptions, Text, endless, load

TASK, LEAD = "task", "lead"
WRITTEN = Path(__file__).with_name("texts.jsonl")


def texts(options: SandboxOptions, kind: str) -> Iterator[Text]:
    """Yield texts of *kind* for ever: those of the options' corpus, else our own."""
    return endless(load(options.corpus or WRITTEN), kind, options.seed)
