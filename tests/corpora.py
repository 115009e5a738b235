"""Real texts for trials, read from `shared/corpora` in a folder above the project and never copied in."""

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

_PLACES = [above / "shared" / "corpora" for above in Path(__file__).resolve().parents]
FOLDER = next((place for place in _PLACES if place.is_dir()), None)
ABSENT = "no folder shared/corpora above the project: real texts are left out"


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    """Return the items of one set, such as `bank_reviews_ru`; none where the corpora are absent."""
    path = FOLDER / f"{name}.jsonl.gz" if FOLDER else None
    if path is None or not path.exists():
        return ()
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return tuple(json.loads(line) for line in file)


def texts(*names: str) -> list[str]:
    """Return the texts of some sets, in their order."""
    return [row["text"] for name in names for row in rows(name)]
