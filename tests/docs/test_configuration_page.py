"""Every example of docs/configuration.md and docs/pipelines.md, run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.translator.conftest import Ran, base
from trident.app.commands.cli import main

SECTION = re.compile(r"^## (.*?)$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)

DOOR = """\
title: door
name: door
logsource: {product: door}
detection: {s: {Computer: gate, User|startswith: a, Door: 7}, condition: s}
"""
FIELD = base().replace("condition: s", "site: {Door: front}\n  condition: site and s")
NOWHERE = DOOR.replace("product: door", "product: door, service: badge")
OR_HASH = base().replace('CommandLine|contains: "evil"', "Hashes|contains: [IMPHASH=00, SHA1=00]")
EXPAND = base().replace('CommandLine|contains: "evil"', "User|expand: '%it_admin_users%'")

RUN = {
    # section: (rule, arguments, what the output has)
    "Default profiles": [
        (base(), "-t kql", ["profile sentinel", "profile defender"]),
        (base(), "-t spl", ["profile windows_ta"]),
    ],
    "Settings: index names, macros, the version of Elastic": [
        (base(), "-t spl --profile windows_ta", ["`soc_sysmon`"]),
        (base(), "-t eql --profile sysmon --format json", ["/logs-corp.sysmon-*/_eql/search"]),
        (base(), "-t esql --profile sysmon", ["FROM logs-corp.sysmon-*"]),
    ],
    "Fields": [(FIELD, "-t kql", ['Door_s =~ "front"'])],
    "Tables and log sources": [
        (DOOR, "-t kql", ["Badge_CL", 'Host_s =~ "gate"', "Door_d == 7"]),
        (DOOR, "-t spl", ["`soc_badges`", "person"]),
        (DOOR, "-t eql --format json", ['== \\"corp.badge\\"', "/logs-corp.badge-*/"]),
    ],
    "What has no mapping": [
        (FIELD, "-t kql", ['Door =~ "front"', "TRI409"]),
        (NOWHERE, "-t spl", ["`trident_door_badge`", "TRI400"]),
        (NOWHERE, "-t esql", ["FROM trident_door_badge"]),
        (NOWHERE, "-t eql --format json", ["/trident_door_badge/"]),
    ],
    "What is accepted": [(OR_HASH, "-t kql", ["sound (executed)", "TRI418", "SHA1 starts"])],
    "Placeholders": [(EXPAND, "-t kql", ['"alice", "bob"'])],
    "Pipelines": [
        (base().replace("CommandLine", "Cmd"), "-t kql", ["TRI480", "ProcessCommandLine"]),
    ],
}  # fmt: skip

CASES = [(section, *case) for section, cases in RUN.items() for case in cases]


def sections(page: Path) -> dict[str, str]:
    """The page's sections with their first example."""
    return {
        title: found[1]
        for title, text in SECTION.findall(page.read_text())
        if (found := EXAMPLE.search(text))
    }


def converted(folder: Path, rule: str, arguments: str, monkeypatch: pytest.MonkeyPatch) -> Ran:
    """What ``convert --strict`` says about a rule in ``folder``."""
    from click.testing import CliRunner

    (folder / "rule.yml").write_text(rule)
    monkeypatch.chdir(folder)
    result = CliRunner().invoke(main, ["convert", "rule.yml", "--strict", *arguments.split()])
    return Ran(result.exit_code, result.stdout, result.stderr)


def test_every_section_with_an_example_is_run(root: Path) -> None:
    assert set(sections(root / "docs" / "configuration.md")) == set(RUN)


@pytest.mark.parametrize(("section", "rule", "arguments", "wanted"), CASES)
def test_configuration(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    section: str,
    rule: str,
    arguments: str,
    wanted: list[str],
) -> None:
    (tmp_path / "trident.yml").write_text(sections(root / "docs" / "configuration.md")[section])
    page = EXAMPLE.search((root / "docs" / "pipelines.md").read_text())
    assert page
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "site.yml").write_text(page[1])
    ran = converted(tmp_path, rule, arguments, monkeypatch)
    assert ran.code == 0, ran.err
    assert [text for text in wanted if text not in ran.out] == [], ran.out


def test_the_refusal_shown(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page's finding is what the rule gets, up to the dots."""
    ran = converted(tmp_path, FIELD, "-t kql", monkeypatch)
    shown = re.search(r"^```\n(rule.yml.*?)^```$", (root / "docs" / "configuration.md").read_text(),
                      re.MULTILINE | re.DOTALL)  # fmt: skip
    assert shown
    found = ran.err.splitlines()
    for number, line in enumerate(shown[1].splitlines()):
        begin = line.removesuffix(" ...")
        assert found[number].startswith(begin) if line.endswith("...") else found[number] == line


def test_the_pipeline_shown(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = EXAMPLE.search((root / "docs" / "pipelines.md").read_text())
    assert page
    (tmp_path / "site.pipeline").write_text(page[1])
    rule = (
        base()
        .replace("CommandLine", "Cmd")
        .replace("selection: {", "selection: {User|expand: '%admins%', ")
    )
    ran = converted(tmp_path, rule, "-t kql -p site.pipeline", monkeypatch)
    assert ran.code == 0, ran.err
    assert (
        'AccountName in~ ("ada", "bob")' in ran.out
        and 'not(AccountName =~ "svc_scanner")' in ran.out
    )
    proxy = base().replace("category: process_creation, product: windows", "category: proxy")
    ran = converted(tmp_path, proxy, "-t kql -p site.pipeline", monkeypatch)
    assert (ran.code, "TRI124" in ran.err) == (1, True)
    assert "the pipeline Site refuses the rule: the proxy's logs are not kept" in ran.err
