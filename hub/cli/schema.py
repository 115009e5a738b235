"""``hub schema``: JSON Schemas on standard output."""

import click

from hub.cli.lazy import Group
from hub.cli.output import print_json


@click.group(cls=Group)
def schema() -> None:
    """Print JSON Schemas for editors and other programs."""


@schema.command
def ticket() -> None:
    """Print the schema of a ticket, one line of `hub tickets export`."""
    from hub.sdk import SCHEMA_VERSION, Ticket

    about = {"$schema": "https://json-schema.org/draft/2020-12/schema", "version": SCHEMA_VERSION}
    print_json({**about, **Ticket.model_json_schema(mode="serialization")})


@schema.command
def config() -> None:
    """Print the schema of hub.toml, with the settings of every installed connector."""
    from hub.runtime.config import config_schema
    from hub.runtime.plugins import discover

    print_json(config_schema(discover()))


@schema.command
def rules() -> None:
    """Print the schema of a file of rules."""
    from hub.routing.schema import rules_schema

    print_json(rules_schema())
