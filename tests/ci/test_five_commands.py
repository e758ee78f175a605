"""``docs/from-rule-to-detections.md``, run as it is written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path


def test_the_page(root: Path, tmp_path: Path) -> None:
    page = (root / "docs" / "from-rule-to-detections.md").read_text("utf-8")
    project, bin_ = tmp_path / "project", tmp_path / "bin"
    for name, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", page, re.DOTALL):
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    (commands,) = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert commands.count("\n") == 5
    assert all(line.startswith("trident ") for line in commands.splitlines())

    bin_.mkdir()
    program = (
        f"exec {shlex.quote(sys.executable)} -c 'from trident.app.commands.cli import main; main()'"
    )
    (bin_ / "trident").write_text(f'#!/bin/sh\n{program} "$@"\n')
    (bin_ / "trident").chmod(0o755)
    path = f"{bin_}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(root)}
    ran = subprocess.run(
        ["bash", "-e", "-c", commands], cwd=project, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " 0 failed" in ran.stdout
    assert "no findings" in ran.stderr

    taken = re.findall(r"`(dist/[^`]+)`", page)
    assert {file.split("/")[1] for file in taken} == {"kql", "spl", "esql"}
    for file in taken:
        assert (project / file).stat().st_size > 0
