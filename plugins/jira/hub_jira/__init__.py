"""Jira issues for helpdesk-hub: Cloud and Data Center."""

from typing import Any

from hub.sdk import Connector, hookimpl

requires_sdk = ">=1.0,<2"


@hookimpl
def register_connector() -> type[Connector[Any]]:
    """Return the connector's class."""
    from hub_jira.connector import Jira

    return Jira
