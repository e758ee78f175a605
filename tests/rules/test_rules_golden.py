"""What every shipped rule becomes on every target and profile, as files under ``golden/``.

They show what a change changes and prove nothing; the other tests run the queries. Written again
by ``pytest tests/rules/test_rules_golden.py --update-golden`` and by nothing else.
"""

from __future__ import annotations

from contextlib import chdir
from pathlib import Path

import pytest

from tests.support.targets import SHIPPED
from trident.app.build.build import build
from trident.app.explain.run import explain
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles, chosen_targets
from trident.target import registry

GOLDEN = Path(__file__).with_name("golden")

EXPLAINED = {
    # What is explained, with the targets.
    "steganography_then_webmail": ("kql", "spl", "eql", "esql"),
    "large_jpeg_from_new_source": ("kql", "eql"),
    "examples/archive_sent_without_backup": (),
    "examples/brute_force_of_several_accounts": ("spl",),
    "examples/credential_fan_out": ("eql",),
    "examples/dropped_then_run": (),
    "examples/living_off_the_land_burst": ("kql",),
    "examples/mostly_large_uploads": (),
    "examples/remote_tool_without_deployment": ("esql",),
    "examples/upload_above_own_maximum": (),
}

QUERIES = {".json", *(f".{registry.target(name).extension}" for name in SHIPPED)}


@pytest.fixture(scope="module")
def built(root: Path) -> dict[str, bytes]:
    """Every artifact of the shipped rules, with a list of the refusals in place of the manifest,
    whose version and digests say nothing about a query."""
    config = Config()
    profiles = chosen_profiles(chosen_targets(SHIPPED), (), config, every=True)
    outcome, files = build(root / "rules", config, profiles)
    assert not outcome.errors
    files = {name: text for name, text in files.items() if _is_shown(name)}
    refused = sorted(
        f"{t.rule.slug} {t.target} {t.profile}: {t.error.code}\n"
        for t in outcome.translations
        if t.error
    )
    files["refused.txt"] = "".join(refused).encode()
    with chdir(root):
        for name, targets in EXPLAINED.items():
            found = explain([f"rules/{name}.yml"], None, targets, (), (), config, "text", False)
            files[f"explain/{Path(name).name}.txt"] = found.product.encode()
    return files


def _is_shown(name: str) -> bool:
    """Queries with their companions, and hunting queries; other artifacts carry the same query."""
    *folder, file = name.split("/")
    plain = len(folder) == 2 and Path(file).suffix in QUERIES
    return plain or folder[2:] == ["hunting"]


def test_update(built: dict[str, bytes], pytestconfig: pytest.Config) -> None:
    if not pytestconfig.getoption("--update-golden"):
        pytest.skip("writes only with --update-golden")
    for file in GOLDEN.rglob("*.*"):
        file.unlink()
    for name, content in built.items():
        (GOLDEN / name).parent.mkdir(parents=True, exist_ok=True)
        (GOLDEN / name).write_bytes(content)


def test_the_same_files(built: dict[str, bytes]) -> None:
    known = {file.relative_to(GOLDEN).as_posix() for file in GOLDEN.rglob("*") if file.is_file()}
    assert known == set(built)


def test_the_same_content(built: dict[str, bytes]) -> None:
    for name, content in built.items():
        assert (GOLDEN / name).read_text("utf-8") == content.decode(), name
