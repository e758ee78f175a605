"""``trident build --diff``: the diff, applied by others' tools, makes what a build would."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.translator.build.test_build import files
from tests.translator.conftest import Trident, hunt, write
from trident.app.build.difftext import unified_diff
from trident.app.build.tree import TOOL, replace_tree

Tree = dict[str, bytes]

TOOLS = {
    "patch": ["patch", "-p1", "--silent", "--binary"],
    "git": ["git", "apply", "--whitespace=nowarn", "-"],
}

OLD: Tree = {
    "same": b"a\n",
    "gone/deep": b"a\nb\n",
    "changed": b"".join(b"%d\n" % number for number in range(40)),
    "loses its last newline": b"a\nb\n",
    "gets its last newline": b"a\nb",
    "returns": b"a\r\nb\rc\n",
    "not a diff": b"--- a\n+++ b\n@@ -1 +1 @@\n-x\n",
    "\u00fcml\u00e4ut": b"a\n",
}
NEW: Tree = {
    "same": b"a\n",
    "new/deep/file": b"a\n",
    "changed": b"".join(b"%d\n" % number for number in range(40) if number not in (3, 30)),
    "loses its last newline": b"a\nb",
    "gets its last newline": b"a\nb\n",
    "returns": b"a\r\nb\rd\r\n",
    "not a diff": b"+++ b\n--- a\n\\ No newline at end of file\n",
    "\u00fcml\u00e4ut": "\u2028 \x0c \x85\n".encode(),
}


def with_manifest(tree: Tree) -> Tree:
    """The files and the manifest that makes them ours."""
    outputs = dict.fromkeys(tree, "")
    return tree | {
        "manifest.json": json.dumps({"tool": {"name": TOOL}, "outputs": outputs}).encode()
    }


@pytest.mark.parametrize("tool", TOOLS)
def test_other_tools_apply_it(tmp_path: Path, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"no {tool}")
    dist, new = tmp_path / "dist", with_manifest(NEW)
    replace_tree(with_manifest(OLD), dist)
    (dist / "mine").write_text("mine")
    diff = "".join(unified_diff(new, dist)).encode()
    subprocess.run(TOOLS[tool], input=diff, cwd=dist, check=True, capture_output=True)
    assert files(dist) == new | {"mine": b"mine"}
    assert list(unified_diff(new, dist)) == []


def test_what_is_no_text(tmp_path: Path) -> None:
    replace_tree(with_manifest({"a": b"\xff", "b": b"a\n", "c": b"\0"}), tmp_path / "dist")
    new = with_manifest({"a": b"a\n", "b": b"a\0", "d": b"\xfe"})
    named = [line for line in unified_diff(new, tmp_path / "dist") if line.startswith("Binary")]
    assert named == [
        "Binary files a/a and b/a differ\n",
        "Binary files a/b and b/b differ\n",
        "Binary files a/c and /dev/null differ\n",
        "Binary files /dev/null and b/d differ\n",
    ]


def test_a_name_cannot_be_a_line(tmp_path: Path) -> None:
    new = {"a\n+++ b/x\x1b[31m": b"a\n"}
    assert "".join(unified_diff(new, tmp_path)).splitlines()[1] == "+++ b/a\\n+++ b/x\\x1b[31m\t"


def test_the_command(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=hunt("door"), rules__gone=hunt("gone"))
    assert trident("build", "--diff", cwd=tmp_path).code == 1
    assert not (tmp_path / "dist").exists()
    trident("build", cwd=tmp_path)
    ran = trident("build", "--diff", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "")
    write(tmp_path, rules__door=hunt("door").replace("evil", "wicked"), rules__added=hunt("added"))
    (tmp_path / "rules" / "gone.yml").unlink()
    before = files(tmp_path / "dist")
    ran = trident("build", "--diff", cwd=tmp_path)
    assert ran.code == 1
    assert files(tmp_path / "dist") == before
    lines = ran.out.splitlines()
    assert "+++ b/kql/sentinel/many_added.kql" in lines
    assert "--- a/kql/sentinel/many_gone.kql" in lines
    assert lines.count("--- /dev/null") == lines.count("+++ /dev/null") > 5
    if shutil.which("patch"):
        subprocess.run(TOOLS["patch"], input=ran.out.encode(), cwd=tmp_path / "dist", check=True)
        assert trident("build", "--check", cwd=tmp_path).code == 0


def test_of_a_part(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=hunt("door"))
    trident("build", cwd=tmp_path)
    write(tmp_path, rules__door=hunt("door").replace("evil", "wicked"))
    ran = trident("build", "--diff", "--only", "spl/windows_ta", cwd=tmp_path)
    named = {line for line in ran.out.splitlines() if line.startswith("+++ ")}
    assert named == {
        "+++ b/manifest.json",
        "+++ b/spl/windows_ta/many_door.spl",
        "+++ b/spl/windows_ta/app/trident_windows_ta/default/savedsearches.conf",
        "+++ b/spl/windows_ta/contentctl/detections/many_door.yml",
    }


def test_one_product(trident: Trident, tmp_path: Path) -> None:
    write(tmp_path, rules__door=hunt("door"))
    assert trident("build", "--diff", "--format", "json", cwd=tmp_path).code == 2
