"""The Splunk artifacts before Splunk's own tools: contentctl builds the detections,
splunk-appinspect inspects the app.

``python -m tests.translator.artifacts.splunk_tools [--environments FOLDER]``

Each tool gets a virtual environment (contentctl pins an old pydantic; splunk-appinspect needs
libmagic), kept in FOLDER when one is given. Needs a package index once, about two minutes; then
one minute. Exit code 1 and the tool's output when a tool objects.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

import click
import yaml

from tests.translator.artifacts.splunk.deployed import HOSTILE, PROFILES, deployed, rule
from tests.translator.artifacts.splunk.reader import read
from trident.app.artifacts.deployment import Deployment
from trident.app.artifacts.splunk import app, contentctl

REQUIREMENTS = {"contentctl": "contentctl==5.6.2", "appinspect": "splunk-appinspect==4.3.1"}

# Prints what splunk-appinspect's own reader of configuration files makes of one.
READER = """
import io, json, sys
from splunk_appinspect.configuration_file import ConfigurationFile
from splunk_appinspect.configuration_parser import configuration_lexer, parse
with open(sys.argv[1], "rb") as file:
    found = parse(file, ConfigurationFile(name="x.conf"), configuration_lexer)
assert not list(found.errors), list(found.errors)
stanzas = {s.name: {o.name: o.value for o in s.settings()} for s in found.sections()}
print(json.dumps(stanzas))
"""


@click.command()
@click.option("--environments", type=click.Path(file_okay=False, path_type=Path))
def main(environments: Path | None) -> None:
    """Check the shipped rules under every profile, and rules with hostile texts."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        tools = {name: _environment((environments or work) / name, name) for name in REQUIREMENTS}
        for name, deployments in _inputs(work):
            folder = work / name
            _write(deployments, folder)
            build_detections(tools["contentctl"], folder, deployments)
            (package,) = (folder / "app").iterdir()
            inspect(tools["appinspect"], package)
            read_alike(tools["appinspect"], package)
            built = len(list((folder / "contentctl" / "detections").iterdir()))
            click.echo(f"{name}: app with {len(deployments)} rules, {built} detections pass")


def build_detections(binaries: Path, folder: Path, deployments: list[Deployment]) -> None:
    """contentctl validates and builds; what it writes holds the detections' searches."""
    pack = folder / "pack"
    pack.mkdir()
    run([binaries / "contentctl", "init"], pack)
    shutil.rmtree(pack / "detections")
    shutil.copytree(folder / "contentctl", pack, dirs_exist_ok=True)
    settings = yaml.safe_load((pack / "contentctl.yml").read_text())
    settings["app"]["label"] = deployments[0].profile.settings["app"]["label"]
    (pack / "contentctl.yml").write_text(yaml.safe_dump(settings))
    run([binaries / "contentctl", "validate"], pack)
    run([binaries / "contentctl", "build"], pack)
    (written,) = (pack / "dist").glob("*/default/savedsearches.conf")
    searches = read(written.read_text().replace("\n### ", "\n# "))
    for file in sorted((pack / "detections").iterdir()):
        wanted = yaml.safe_load(file.read_text())
        label = settings["app"]["label"]
        found = searches[f"{label} - {wanted['name']} - Rule"]
        assert _flat(found["search"]) == _flat(wanted["search"]), file.name
        schedule = wanted["deployment"]["scheduling"]
        assert found["cron_schedule"] == schedule["cron_schedule"]
        assert found["dispatch.earliest_time"] == schedule["earliest_time"]


def inspect(binaries: Path, package: Path) -> None:
    """splunk-appinspect finds no error, failure or warning with Splunk Cloud's checks."""
    archive = package.parent.parent / f"{package.name}.tgz"
    with tarfile.open(archive, "w:gz") as file:
        file.add(package, package.name)
    report = archive.with_suffix(".json")
    options = ["--included-tags", "cloud", "--data-format", "json", "--output-file", report]
    run([binaries / "splunk-appinspect", "inspect", archive, *options], package.parent)
    summary = json.loads(report.read_text())["summary"]
    assert not any(summary[kind] for kind in ("error", "failure", "warning")), summary
    assert summary["success"] > 50, summary


def read_alike(binaries: Path, package: Path) -> None:
    """splunk-appinspect's reader and our tests' find the same in each file."""
    for file in (package / "default").iterdir():
        found = run([binaries / "python", "-c", READER, file], package)
        assert json.loads(found) == read(file.read_text()), file.name


def run(command: list[object], folder: Path) -> str:
    """Standard output of a command; its failure ends the check."""
    done = subprocess.run(
        list(map(str, command)), cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        click.echo(done.stdout + done.stderr, err=True)
        sys.exit(1)
    return done.stdout


def _inputs(work: Path) -> Iterator[tuple[str, list[Deployment]]]:
    root = Path(__file__).resolve().parents[3]
    for profile in PROFILES:
        yield profile, deployed(root / "rules", profile)
    folder = work / "rules"
    folder.mkdir()
    for number, text in enumerate(HOSTILE.values()):
        name = f"rule{number}"
        document = rule(
            text if len(text) < 60 else name, text, more=f"author: {json.dumps(text)}\n"
        )
        document = document.replace("0a6be1a1", f"{number:08x}").replace(
            "name: base", f"name: {name}"
        )
        (folder / f"{name}.yml").write_text(document)
    yield "hostile", deployed(folder)


def _write(deployments: list[Deployment], folder: Path) -> None:
    for writer in (app, contentctl):
        for artifact in writer(deployments).artifacts:
            path = folder / artifact.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")


def _environment(folder: Path, name: str) -> Path:
    if not (folder / "made").exists():
        venv.create(folder, with_pip=True)
        run([folder / "bin" / "pip", "install", "--quiet", REQUIREMENTS[name]], folder)
        (folder / "made").touch()
    return folder / "bin"


def _flat(search: str) -> str:
    return re.sub(r"\s*\n\s*", " ", search).strip()


if __name__ == "__main__":
    main()
