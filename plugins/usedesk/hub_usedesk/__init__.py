"""Tickets in Usedesk for helpdesk-hub."""

from typing import Any

from hub.sdk import Connector, hookimpl

requires_sdk = ">=1.0,<2"


@hookimpl
def register_connector() -> type[Connector[Any]]:
    """Return the connector's class."""
    from hub_usedesk.connector import Usedesk

    return Usedesk
