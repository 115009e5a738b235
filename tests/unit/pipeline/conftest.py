from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.store import Store
from tests.unit.store.pages import new_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with new_store(tmp_path) as store:
        yield store
