"""What waits for an instance that has another name now is sent by that name."""

import logging
from collections.abc import Iterator

from hub.runtime.config import Settings
from hub.runtime.outbox_run import OUTBOX
from hub.runtime.side_run import side_lock
from hub.store import Store

_log = logging.getLogger(__name__)


def readdress(settings: Settings, store: Store) -> dict[str, str]:
    """Address deliveries for names that are gone to the instances that have them now; return new names by old.

    A name is gone that is nowhere in the settings: what is switched off or broken keeps its deliveries.
    """
    gone = store.outbox_gone(settings.deliver.connectors)
    if not gone:
        return {}
    places = dict(_places(settings))
    found: dict[str, str] = {}
    for old in gone:
        held = side_lock(store, old, OUTBOX)
        if held is None:
            continue  # a run by the old settings is sending
        with held:
            new = store.outbox_readdress(old, places)
        if new is not None:
            _log.info("deliveries readdressed", extra={"instance": new, "earlier_name": old})
            found[old] = new
    return found


def _places(settings: Settings) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield every instance with its connector and namespace."""
    for name, one in settings.instances.items():
        try:
            connector = one.connector_class(one.config)
            yield name, (connector.name, connector.namespace())
        except Exception as error:  # a connector's own fault concerns that instance alone, and is told when it runs
            _log.info("connector not made", extra={"instance": name, "error": type(error).__name__})
