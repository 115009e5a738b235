"""A source without limits: YouScan's wire format on loopback, any number of mentions of about 1.2 KB, from a formula.

Run as ``python -m tests.benchmark.server MENTIONS [LATENCY_MS]``; prints its port. Answers are made on the fly, so its
memory does not grow with the number of mentions.
"""

import asyncio
import random
import sys
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import orjson

_WORDS = (
    "карта банк перевод деньги звонок оператор очередь отделение приложение ошибка платёж кредит вклад ответ поддержка"
    " курьер заказ возврат тариф связь интернет списали вернули ждём третий день никто помощь спасибо быстро вопрос"
    " почему снова опять работает закрыли открыть счёт договор страховка бонусы магазин доставка сервис жалоба отзыв"
).split()
_FIRST = 1_760_000_000  # seconds; the first publication
_TEXTS = 997  # a prime, so that texts do not repeat in step with pages


def _mention(seed: int) -> bytes:
    rng = random.Random(seed)
    text = " ".join(rng.choice(_WORDS) for _ in range(15)).capitalize()
    body = {
        "id": "@ID@",
        "seq": 900000000000000,
        "published": "@AT@+00:00",
        "addedAt": "2026-10-29T11:02:07.1234567Z",
        "url": "https://vk.example/wall-1_@ID@",
        "title": " ".join(rng.choice(_WORDS) for _ in range(4)),
        "text": text,
        "fullText": text,
        "imageUrl": None,
        "images": None,
        "source": rng.choice(["vk.com", "ok.ru", "banki.ru", "telegram.me"]),
        "author": {
            "profileId": "@AU@",
            "url": "https://vk.example/id@AU@",
            "name": rng.choice(["Анна", "Пётр", "Ольга", "Иван"]),
            "nickname": None,
            "subscribers": rng.randint(0, 5000),
            "gender": "female",
        },
        "publicationPlace": {"profileId": "-1", "url": "https://vk.example/club1", "name": "Отзывы", "subscribers": 90},
        "sentiment": rng.choice(["negative", "neutral", "positive", "undefined"]),
        "sourceType": "social",
        "language": "rus",
        "postType": "comment",
        "contentTypes": ["text"],
        "tags": ["Доставка"] if rng.random() < 0.3 else [],
        "rating": None,
        "autoCategories": ["wom"],
        "starred": False,
        "processed": False,
        "engagement": {"likes": rng.randint(0, 90), "comments": 1, "reposts": None, "engagement": 5},
        "postId": "-1_@ID@",
        "parentPostId": "-1_2",
        "discussionId": "-1_@DI@",
        "country": "ru",
        "potentialReach": 214,
        "categories": [],
    }
    return orjson.dumps(body)


class _Template:
    """One text's mention, cut where the numbers go: filling it in costs little."""

    def __init__(self, seed: int) -> None:
        raw = _mention(seed).replace(b"900000000000000", b"@ID@")
        raw = raw.replace(b"%", b"%%").replace(b"@ID@", b"%(i)d").replace(b"@AU@", b"%(a)d")
        self.form = raw.replace(b"@DI@", b"%(d)d").replace(b"@AT@", b"%(t)b")

    def fill(self, number: int) -> bytes:
        """Return mention *number*: published in about the order of saving, as with a real topic."""
        minute = number // 10 + number * 7919 % 60
        at = datetime.fromtimestamp(_FIRST + 60 * minute, UTC).isoformat()[:19].encode()
        return self.form % {b"i": number, b"a": number % 50_000, b"d": number // 3, b"t": at}


class Source:
    def __init__(self, mentions: int, latency_s: float) -> None:
        self._mentions = mentions
        self._latency_s = latency_s
        self._templates = [_Template(seed) for seed in range(_TEXTS)]

    def answer(self, target: str) -> bytes:
        url = urlsplit(target)
        if url.path.endswith("/topics"):
            return b'{"topics":[{"id":1,"name":"benchmark"}]}'
        query = parse_qs(url.query)
        since, size = int(query.get("sinceSeq", ["0"])[0]), int(query.get("size", ["1000"])[0])
        numbers = range(since + 1, min(since + size, self._mentions) + 1)
        found = b",".join(self._templates[number % _TEXTS].fill(number) for number in numbers)
        head = b'{"total":%d,"lastSeq":%d,"mentions":[' % (self._mentions - since, self._mentions)
        return head + found + b"]}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except (asyncio.IncompleteReadError, ConnectionResetError):
                break
            await asyncio.sleep(self._latency_s)
            body = self.answer(head.split(b" ", 2)[1].decode())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body)
            await writer.drain()
        writer.close()


async def main() -> None:
    latency_ms = float(sys.argv[2]) if len(sys.argv) > 2 else 0.0
    source = Source(int(sys.argv[1]), latency_ms / 1000)
    server = await asyncio.start_server(source.serve, "127.0.0.1", 0, limit=1 << 20)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
