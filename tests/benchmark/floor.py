"""The floor: the least that anybody does to bring mentions from HTTP into SQLite. No checkpoint, no identity, no
events, no originals: httpx, orjson, one pydantic model a record, one upsert a page.

Run as ``python -m tests.benchmark.floor PORT FOLDER``; prints its figures as JSON.
"""

import resource
import sqlite3
import sys
import time
from datetime import datetime
from pathlib import Path

import httpx
import orjson
from pydantic import BaseModel

_SIZE = 1000
_COLUMNS = (
    "id",
    "seq",
    "published",
    "source",
    "title",
    "body",
    "author",
    "sentiment",
    "language",
    "url",
    "post_id",
    "raw",
)


class Profile(BaseModel):
    profileId: str | None = None  # noqa: N815 - the vendor's names
    url: str | None = None
    name: str | None = None
    subscribers: int | None = None


class Engagement(BaseModel):
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None
    engagement: int | None = None


class Mention(BaseModel):
    id: str
    seq: int
    published: datetime
    addedAt: datetime | None = None  # noqa: N815
    url: str | None = None
    title: str | None = None
    text: str | None = None
    fullText: str | None = None  # noqa: N815
    source: str
    author: Profile | None = None
    publicationPlace: Profile | None = None  # noqa: N815
    sentiment: str | None = None
    sourceType: str | None = None  # noqa: N815
    language: str | None = None
    postType: str | None = None  # noqa: N815
    tags: list[str] = []
    rating: float | None = None
    engagement: Engagement | None = None
    postId: str | None = None  # noqa: N815
    discussionId: str | None = None  # noqa: N815
    potentialReach: int | None = None  # noqa: N815


def _row(raw: dict[str, object]) -> tuple[object, ...]:
    mention = Mention.model_validate(raw)
    author = mention.author.name if mention.author else None
    return (
        mention.id,
        mention.seq,
        mention.published.isoformat(),
        mention.source,
        mention.title,
        mention.fullText or mention.text,
        author,
        mention.sentiment,
        mention.language,
        mention.url,
        mention.postId,
        orjson.dumps(mention.tags).decode(),
    )


def main() -> None:
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    database = sqlite3.connect(folder / "floor.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=NORMAL")
    database.execute(f"CREATE TABLE mentions ({', '.join(_COLUMNS)}, PRIMARY KEY (id))")
    moves = ", ".join(f"{name}=excluded.{name}" for name in _COLUMNS[1:])
    upsert = f"INSERT INTO mentions VALUES ({','.join('?' * len(_COLUMNS))}) ON CONFLICT (id) DO UPDATE SET {moves}"
    started, cpu = time.perf_counter(), time.process_time()
    since, records = 0, 0
    with httpx.Client(trust_env=False) as client:
        while True:
            answer = client.get(f"http://127.0.0.1:{port}/topics/1/mentions", params={"sinceSeq": since, "size": _SIZE})
            mentions = orjson.loads(answer.content)["mentions"]
            database.execute("BEGIN IMMEDIATE")
            database.executemany(upsert, [_row(raw) for raw in mentions])
            database.execute("COMMIT")
            records += len(mentions)
            if len(mentions) < _SIZE:
                break
            since = max(mention["seq"] for mention in mentions)
    figures = {
        "records": records,
        "cpu_s": time.process_time() - cpu,
        "wall_s": time.perf_counter() - started,
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }
    sys.stdout.buffer.write(orjson.dumps(figures))


if __name__ == "__main__":
    main()
