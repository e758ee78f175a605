"""What is installed: two top-level names, every module and data file, beside any folder."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOTS = ("backends", "translator", "engines")


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's wheel, built from its files alone; skipped where nothing can build one."""
    pytest.importorskip("hatchling")
    source = tmp_path_factory.mktemp("source")
    for name in (*ROOTS, "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (root / name).is_dir() else shutil.copy
        copy(root / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "out"],
        cwd=source,
        check=True,
        capture_output=True,
    )
    (built,) = (source / "out").glob("*.whl")
    return built


def test_the_wheel_has_every_file(wheel: Path, root: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        str(PurePosixPath(*file.relative_to(root / top).parts))
        for top in ROOTS
        for file in (root / top).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert packed == files
    assert {name.partition("/")[0] for name in packed} == {"trident", "sigma"}


def test_the_wheel_works_elsewhere(wheel: Path, root: Path, tmp_path: Path) -> None:
    """Unpacked beside the dependencies and away from the checkout, in a project folder whose own
    packages have the names of our source roots."""
    installed, project = tmp_path / "installed", tmp_path / "project"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    for name in ("backends", "translator", "engines"):
        (project / name).mkdir(parents=True)
        (project / name / "__init__.py").write_text("raise ImportError('not yours')\n")
    shutil.copytree(root / "rules", project / "rules")
    script = (
        "import sys\n"
        "checkout = {sys.argv[1], *(f'{sys.argv[1]}/{name}' for name in sys.argv[3:])}\n"
        "sys.path[:] = [path for path in sys.path if path.rstrip('/') not in checkout]\n"
        "sys.path[:0] = [sys.argv[2], '']\n"
        "import trident, trident.rule\n"
        "assert list(trident.__path__)[0].startswith(sys.argv[2]), trident.__path__\n"
        "from sigma.plugins import InstalledSigmaPlugins\n"
        "plugins = InstalledSigmaPlugins.autodiscover()\n"
        "assert 'trident_kql' in plugins.backends, plugins.backends\n"
        "assert 'trident_sentinel' in plugins.pipelines\n"
        "from trident.app.commands.cli import main\n"
        "main(['convert', 'rules/steganography_then_webmail.yml', '-t', 'all'])\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, str(root), str(installed), *ROOTS],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert (ran.returncode, ran.stderr.count("Traceback")) == (0, 0), ran.stderr


def test_beside_folders_of_the_same_names(tmp_path: Path) -> None:
    """In a checkout's own environment, too: ``python -m`` puts the current folder first."""
    for name in ROOTS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise ImportError('not yours')\n")
    script = (
        "import trident, trident.app.run.convert\n"
        "from sigma.plugins import InstalledSigmaPlugins\n"
        "assert 'trident_eql' in InstalledSigmaPlugins.autodiscover().backends\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True)
