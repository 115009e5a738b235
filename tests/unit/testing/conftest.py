"""Recorded pages of the toy source."""

from pathlib import Path

import pytest

from tests.unit.testing.toys import write_pages


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return write_pages(tmp_path)
