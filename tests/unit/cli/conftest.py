"""A folder with settings and a small real store, and a way to run ``hub`` in it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.cli import main
from hub.sdk import Author, MessageDraft, Place, TicketDraft
from hub.store import Checkpoint, Rejected, Router, Store, StreamKey, open_store

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KEY = StreamKey("main", "101", "poll", title="Bank")

SETTINGS = """\
timezone = "Europe/Moscow"
[instances.main]
connector = "youscan"
api_key = { env = "A_KEY_THAT_NOBODY_SET" }
[instances.maps]
connector = "pointer"
token = { env = "A_TOKEN_THAT_NOBODY_SET" }
"""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


Hub = Callable[..., Ran]


@pytest.fixture
def hub(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Hub:
    """Run ``hub`` with these words in a folder of its own; no terminal is attached."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HUB_CONFIG", raising=False)

    def run(*words: object) -> Ran:
        code = main([str(word) for word in words])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings whose credentials are not there: what only looks into the store needs none."""
    path = tmp_path / "hub.toml"
    path.write_text(SETTINGS, encoding="utf-8")
    return path


def mention(number: int, body: str, *, minutes: int = 0, **more: Any) -> TicketDraft:
    """Return a mention of one author in one thread."""
    message = {"author": Author(key=f"a{number}", name=f"Author {number}"), **more}
    return TicketDraft.of(
        source_id=number,
        kind="mention",
        platform="vk.com",
        body=body,
        created_at=NOW - timedelta(days=1, minutes=minutes),
        **message,
    )


def review(number: int, rating: float, body: str) -> TicketDraft:
    """Return a review with our answer."""
    first = MessageDraft(
        source_id=f"r{number}", body=body, rating=rating, created_at=NOW, author=Author(key="x", name="=cmd()")
    )
    answer = MessageDraft(
        source_id=f"r{number}-a", body="-answer", direction="out", created_at=NOW + timedelta(hours=1)
    )
    place = Place(key="p", name="Office", city="Omsk")
    return TicketDraft(
        thread=f"r{number}", kind="review", platform="2gis", messages=(first, answer), place=place, title="Review"
    )


def put(
    store: Store,
    *drafts: TicketDraft,
    rejected: tuple[Rejected, ...] = (),
    key: StreamKey = KEY,
    router: Router | None = None,
) -> None:
    """Commit one page."""
    store.checkpoint(
        Checkpoint(
            key=key,
            connector="youscan",
            namespace="",
            drafts=drafts,
            now=NOW,
            router=router,
            rejected=rejected,
            cursor={"seq": 1},
            records=len(drafts) + len(rejected),
        )
    )


@pytest.fixture
def filled(tmp_path: Path, config: Path) -> Path:
    """A store with two mentions, a review and two dead letters; returns the settings."""
    with open_store(f"sqlite:///{tmp_path / 'hub.db'}", now=lambda: NOW) as store:
        put(store, mention(1, "Спасибо за карту"), mention(2, "Верните деньги\x1b[31m", minutes=5), review(3, 1, "Bad"))
        put(store, rejected=(Rejected(b'{"id": 1, "t": "\xd1\x91"}', "no time"), Rejected(b"\xff\x00", "not JSON")))
        store.stream_finished(KEY, None)
        while store.index_batch():
            pass
    return config
