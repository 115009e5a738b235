"""Acme reviews as tickets.

Source: GET /v2/reviews of the Acme shop, an invented vendor that `sandbox.py` plays. Oldest change first, at most 100 a
page, `next` is a token or null, `since` is inclusive and about `updated`, times are UTC with `Z`, 60 requests a minute.
An edited review comes again with a later `updated`; a deleted one never does.
"""

from collections.abc import Sequence

from pydantic import Field

from hub.sdk import (
    Auth,
    Author,
    Bearer,
    Connector,
    ConnectorConfig,
    Cursor,
    Limit,
    Page,
    Read,
    Record,
    Request,
    Response,
    Secret,
    TicketDraft,
    plain_text,
)

PAGE_SIZE = 100


class AcmeConfig(ConnectorConfig):
    """Settings of one Acme account."""

    token: Secret = Field(description="made in the shop under Settings, API")


class Acme(Connector[AcmeConfig]):
    """Reviews of one Acme account."""

    name = "acme"
    title = "Acme reviews"
    Config = AcmeConfig
    base_url = "https://api.acme.example"

    def auth(self) -> Auth:
        return Bearer(self.config.token)

    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit(calls=60, per_s=60),)

    def request(self, read: Read) -> Request:
        since = read.cursor["updated"] if read.cursor else read.since
        return Request("GET", "/v2/reviews", params={"since": since, "limit": self.config.page_size or PAGE_SIZE})

    def parse(self, response: Response, read: Read) -> Page:
        body = response.json()
        token = body["next"]
        return Page(
            records=body["reviews"],
            next_request=response.request.with_params(token=token) if token else None,
        )

    def position(self, record: Record) -> Cursor:
        return {"updated": record["updated"]}

    def normalize(self, record: Record, read: Read) -> TicketDraft:
        return TicketDraft.of(
            source_id=record["id"],
            kind="review",
            platform="acme",
            author=Author(key=record["customer"]["id"], name=record["customer"]["name"]),
            body=plain_text(record["text"]),
            rating=record["stars"],
            created_at=record["created"],
            updated_at=record["updated"],
            url=f"https://acme.example/reviews/{record['id']}",
        )
