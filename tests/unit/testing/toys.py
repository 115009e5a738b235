"""A small source that keeps the contract, and the pages it gives."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from hub.sdk import (
    Auth,
    Bearer,
    Connector,
    ConnectorConfig,
    Cursor,
    Limit,
    Page,
    Read,
    Record,
    Reference,
    Request,
    Response,
    Secret,
    Stream,
    TicketDraft,
)

SECRET = "kept-secret"


class ToyConfig(ConnectorConfig):
    token: Secret = Field(description="the token")


class Toy(Connector[ToyConfig]):
    """Notes of one account, oldest first, two a page; `after` is exclusive."""

    name = "toy"
    Config = ToyConfig
    references = (Reference("boxes"),)

    def auth(self) -> Auth:
        return Bearer(self.config.token)

    def streams(self, reference: Mapping[str, Sequence[Any]]) -> Sequence[Stream]:
        return [Stream(box["name"]) for box in reference["boxes"]]

    def limits(self, request: Request) -> Sequence[Limit]:
        return (Limit("requests", calls=10, per_s=10),)

    def request(self, read: Read) -> Request | None:
        if read.mode == "reference":
            return Request("GET", "/boxes")
        after = read.cursor["n"] if read.cursor else None
        return Request("GET", f"/boxes/{read.stream}/notes", params={"after": after, "limit": 2})

    def parse(self, response: Response, read: Read) -> Page:
        items = response.json()["items"]
        if read.mode == "reference" or len(items) < 2:
            return Page(records=items)
        last = max(item["n"] for item in items if isinstance(item, dict) and "n" in item)
        return Page(records=items, next_request=response.request.with_params(after=last))

    def position(self, record: Record) -> Cursor:
        return {"n": record["n"]}

    def normalize(self, record: Record, read: Read) -> TicketDraft:
        return TicketDraft.of(
            source_id=record["id"], kind="mention", platform="toy", body=record["text"], created_at=record["at"]
        )


def toy(kind: type[Toy] = Toy) -> Toy:
    return kind(ToyConfig.model_validate({"connector": "toy", "token": SECRET}))


def note(n: int) -> dict[str, Any]:
    return {"id": f"n{n}", "n": n, "text": f"Заметка {n}", "at": "2026-11-20T10:00:00+03:00"}


def write_page(folder: Path, name: str, path: str, items: Sequence[Any], **params: Any) -> None:
    told = {"request": {"method": "GET", "path": path, "params": params}, "body": {"items": list(items)}}
    (folder / f"{name}.json").write_text(json.dumps(told), encoding="utf-8")


def write_pages(folder: Path) -> Path:
    write_page(folder, "01", "/boxes", [{"name": "in"}])
    write_page(folder, "02", "/boxes/in/notes", [note(1), note(2)], limit=2)
    write_page(folder, "03", "/boxes/in/notes", [note(3), note(5)], limit=2, after=2)
    write_page(folder, "04", "/boxes/in/notes", [], limit=2, after=5)
    return folder
