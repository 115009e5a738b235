"""What is handed out: each distribution with its licence, nothing that is another's, no pin for nothing."""

import tarfile
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
FOLDERS = [ROOT, ROOT / "examples" / "acme", *(path.parent for path in sorted(ROOT.glob("plugins/*/pyproject.toml")))]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_every_wheel_carries_the_licence(folder: Path, tmp_path: Path) -> None:
    (built,) = WheelBuilder(str(folder)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(built) as wheel:
        (licence,) = (name for name in wheel.namelist() if name.endswith(".dist-info/licenses/LICENSE"))
        assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_source_distribution_of_the_hub_holds_the_hub_alone(tmp_path: Path) -> None:
    (built,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with tarfile.open(built) as archive:
        names = {Path(name).parts[1] for name in archive.getnames() if len(Path(name).parts) > 1}
    assert names == {"hub", "README.md", "LICENSE", "CHANGELOG.md", "pyproject.toml", "PKG-INFO", ".gitignore"}


def test_every_pin_is_of_something_that_is_installed() -> None:
    installed = {canonicalize_name(one.metadata["Name"]) for one in distributions()}
    pinned = [line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()]
    assert pinned
    assert [name for name in pinned if canonicalize_name(name) not in installed] == []
