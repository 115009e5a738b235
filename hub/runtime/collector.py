"""The garbage collector during bulk work.

A page makes some hundred thousand objects that reference counts free again a moment later; with the usual thresholds
the collector walks through them dozens of times and finds nothing. That was up to half of the CPU of a sync.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_THRESHOLDS = (100_000, 20, 50)


@contextmanager
def relaxed_collector() -> Iterator[None]:
    """Let the collector run rarely inside; everything that exists at entry is left out of its rounds."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
