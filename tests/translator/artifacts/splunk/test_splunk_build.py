"""``trident build`` writes the Splunk artifacts and names them in the manifest."""

from __future__ import annotations

import json
from pathlib import Path

from tests.translator.artifacts.splunk.reader import read
from tests.translator.conftest import Trident, hunts, trident

__all__ = ["hunts", "trident"]  # fixtures


def test_build(trident: Trident, hunts: Path, tmp_path: Path) -> None:
    (tmp_path / "trident.yml").write_text(
        "settings:\n"
        "  spl:\n"
        "    app: {id: blue_team, label: Blue, version: 3.0.0}\n"
        "    definitions: {cef: index=proxy}\n"
        "schedule: {frequency: 45m, delay: 10m}\n"
    )
    dist = tmp_path / "dist"
    ran = trident("build", hunts, "-o", dist, cwd=tmp_path)
    assert ran.code == 1
    assert "TRI730 error: Splunk's label: 4 characters" in ran.err
    assert not dist.exists()

    config = tmp_path / "trident.yml"
    config.write_text(config.read_text().replace("Blue", "Blue Team"))
    ran = trident("build", hunts, "-o", dist, cwd=tmp_path)
    assert ran.code == 0, ran.err
    folder = dist / "spl" / "microsoft_addon" / "app" / "blue_team" / "default"
    found = read((folder / "savedsearches.conf").read_text())
    assert len(found) == 2
    for name, search in found.items():
        assert name.startswith("Blue Team - ")
        assert "_time>now()-2400" in search["search"]  # every 30 minutes, 10 minutes later
        assert len(search["cron_schedule"].split()[0].split(",")) == 2
    macros = read((folder / "macros.conf").read_text())
    assert macros["trident_cef"]["definition"] == "index=proxy"
    manifest = json.loads((dist / "manifest.json").read_text())
    for each in manifest["translations"]:
        if each["target"] == "spl" and each["profile"] == "microsoft_addon":
            files = [file for file in each["files"] if "/app/" in file or "/contentctl/" in file]
            assert len(files) >= 7
