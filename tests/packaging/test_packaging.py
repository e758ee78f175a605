"""An installed Trident has every module and data file that the source tree has."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

PLUGIN = Path("backends/sigma_plugin")


@pytest.fixture(scope="module")
def setuptools(root: Path) -> Any:
    """The ``[tool.setuptools]`` table."""
    return tomllib.loads((root / "pyproject.toml").read_text())["tool"]["setuptools"]


def test_every_package_is_listed(setuptools: Any, root: Path) -> None:
    found = {
        path.parent.relative_to(root)
        for top in ("backends", "translator")
        for path in (root / top).rglob("__init__.py")
    }
    plain = {".".join(folder.parts) for folder in found if PLUGIN not in folder.parents}
    listed = {name for name in setuptools["packages"] if not name.startswith("sigma.")}
    assert listed == plain
    plugins = {folder.relative_to(PLUGIN) for folder in found if PLUGIN in folder.parents}
    parents = {f"sigma.{folder.parts[0]}" for folder in plugins}
    leaves = {"sigma." + ".".join(folder.parts) for folder in plugins}
    assert set(setuptools["packages"]) - listed == parents | leaves


def test_every_data_file_is_packaged(setuptools: Any, root: Path) -> None:
    packages = {path.parent for path in root.rglob("__init__.py")}
    packaged = {
        file
        for package in packages
        for pattern in setuptools["package-data"]["*"]
        for file in package.glob(pattern)
    }
    for top in ("backends", "translator"):
        for path in (root / top).rglob("*"):
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                assert path in packaged, path
