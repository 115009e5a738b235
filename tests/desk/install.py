"""The desk's connector installed as a distribution would be, on a path of its own."""

from pathlib import Path

_INIT = """
from hub.sdk import hookimpl

requires_sdk = ">=1.0,<2"


@hookimpl
def register_connector():
    from tests.desk.connector import Desk

    return Desk
"""


def install(folder: Path) -> Path:
    """Install it below *folder*; return what ``PYTHONPATH`` is to begin with."""
    site = folder / "site"
    (site / "hub_desk").mkdir(parents=True)
    (site / "hub_desk" / "__init__.py").write_text(_INIT)
    info = site / "hub_desk-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hub-desk\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[hub]\ndesk = hub_desk\n")
    return site
