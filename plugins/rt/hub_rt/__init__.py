"""Request Tracker for helpdesk-hub: tickets delivered over REST 2.0, and followed back."""

from typing import Any

from hub.sdk import Connector, hookimpl

requires_sdk = ">=1.0,<2"


@hookimpl
def register_connector() -> type[Connector[Any]]:
    """Return the connector's class."""
    from hub_rt.connector import RequestTracker

    return RequestTracker
