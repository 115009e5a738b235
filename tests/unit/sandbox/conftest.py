import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.sandbox import SandboxOptions

START = datetime(2026, 10, 20, 9, 0, tzinfo=UTC)


def rows(count: int) -> list[dict[str, object]]:
    """Texts of the demo's form, all different."""
    tones = ("complaint", "praise", "consultation")
    return [
        {
            "lang": "ru",
            "kind": ("mention", "review")[number % 2],
            "tone": tones[number % 3],
            "source": None,
            "title": None,
            "text": f"Текст {number} о доставке и 250 рублях",
            "rating": 1 + number % 5,
            "reply": None,
        }
        for number in range(count)
    ]


@pytest.fixture(scope="session")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "texts.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows(80)), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def options(texts: Path) -> SandboxOptions:
    """Small, still, and without limits."""
    return SandboxOptions(
        items=60, corpus=texts, start=START, limits={"youscan": "off", "pointer": "off"}, slow_s=0.04, stall_s=0.05
    )
