"""Every hook. Connector hooks are what the engine asks of one source; hub hooks are about the hub as a whole.

Each running instance has a small plugin manager of its own that holds its connector and the cross-cutting plugins,
so that a plugin can wrap ``normalize`` of every source without knowing any of them.
"""

# A spec is a signature and has no body.
# mypy: disable-error-code="empty-body"

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from hub.sdk.actions import Action, Delivery, Steps, Webhook, Writes
    from hub.sdk.classify import Classified, Undecided
    from hub.sdk.connector import Connector
    from hub.sdk.customer import Inquiry, Lookup
    from hub.sdk.drafts import Draft
    from hub.sdk.messages import Page, Read, Record, Request, Response

PROJECT = "hub"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
"""Marks a function of a plugin as the implementation of the hook with its name."""


class ConnectorSpec:
    """What the engine asks of one source; the first result wins."""

    @hookspec(firstresult=True)
    def request(self, read: "Read") -> "Request | None":
        """Runs when a read begins. Returns its first request, or None when there is nothing to read.

        An exception stops the stream's run.
        """

    @hookspec(firstresult=True)
    def parse(self, response: "Response", read: "Read") -> "Page":
        """Runs for every response. Returns the page it holds.

        An exception stops the stream's run; its cursor stays.
        """

    @hookspec(firstresult=True)
    def normalize(self, record: "Record", read: "Read") -> "Draft | Sequence[Draft] | None":
        """Runs for every record. Returns what it says, or None when it says nothing to us.

        An exception makes the record a dead letter; the others go on.
        """

    @hookspec(firstresult=True)
    def deliver(self, delivery: "Delivery") -> "Writes":
        """Runs when a ticket is to reach this destination, or its case there to be told or changed.

        Returns a generator of requests. An exception is tried again, then the delivery is set aside.
        """

    @hookspec(firstresult=True)
    def escalate(self, delivery: "Delivery") -> "Writes":
        """Runs when a task or issue is to be opened for a ticket, to be told what is new, or to be changed.

        Returns a generator of requests. An exception is tried again, then the delivery is set aside.
        """

    @hookspec(firstresult=True)
    def act(self, actions: "Sequence[Action]") -> "Steps":
        """Runs when something is to be done with records at their source. Returns a generator of requests.

        An exception makes every action of the batch that has no answer yet a failed one.
        """

    @hookspec(firstresult=True)
    def receive(self, webhook: "Webhook") -> "Sequence[str]":
        """Runs when the vendor calls us. Returns the streams that have news; empty: all of them.

        An exception refuses the call.
        """

    @hookspec(firstresult=True)
    def identify(self, inquiry: "Inquiry") -> "Lookup":
        """Runs when a customer has said a phone or an e-mail and nobody knows yet who it is, and again when that was
        long ago. Returns a generator of requests.

        An exception is tried again, then the inquiry is set aside.
        """


class HubSpec:
    """What plugins tell the hub, and what the hub tells plugins."""

    @hookspec(firstresult=True)
    def register_connector(self) -> "type[Connector[Any]]":
        """Runs when an instance of the connector is configured. Returns the connector's class.

        An exception keeps the plugin out; it is reported by name.
        """

    @hookspec(firstresult=True)
    def classify_ticket(self, ticket: "Undecided") -> "Classified | None":
        """Runs after the rules for a ticket that none of them gave a category. Returns one, or None.

        The first result stands, and the rules decide once more with it. An exception is logged with the plugin's name,
        and the next classifier is asked.
        """

    @hookspec
    def ticket_stored(self, instance: str, ticket_id: str, created: bool) -> None:
        """Runs after the checkpoint for every ticket that is new (*created*) or changed.

        The result is ignored; an exception is logged with the plugin's name.
        """

    @hookspec
    def poll_finished(self, instance: str, stream: str, mode: str, counts: dict[str, int], error: str | None) -> None:
        """Runs when a run of a stream ends, well or not.

        *counts* has records, created, updated, unchanged and rejected. The result is ignored; an exception is logged
        with the plugin's name.
        """

    @hookspec
    def record_rejected(self, instance: str, stream: str, reason: str) -> None:
        """Runs after the checkpoint for every record that became a dead letter.

        The result is ignored; an exception is logged with the plugin's name.
        """
