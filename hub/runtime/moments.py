"""What the clock brings to tickets (warnings, breaches, scores that age over a band): a queue that is worked off."""

from collections.abc import Callable

from hub.runtime.sources import Workshop
from hub.store import Store


async def pass_moments(workshop: Workshop, store: Store, goes_on: Callable[[], bool] = lambda: True) -> int:
    """Let the rules decide again for every ticket to which the clock has brought something; return how many.

    Args:
        goes_on: asked between two batches.
    Raises:
        StoreError: the store cannot be read or written; what was decided stays.
    """
    router, total = workshop.router, 0
    while router is not None and goes_on() and (done := await store.run(store.pass_moments, router)):
        total += done
    return total
