"""One id in several texts is one id: at reading, and for everything that names a rule. A whole
build holds no two things of one id, name or path."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.translator.check.conftest import CLEAN
from tests.translator.conftest import Trident, base, count, write
from tests.translator.conftest import trident as trident  # the fixture
from trident.app.artifacts.unique import folded
from trident.rule.identifier import canonical, reference
from trident.rule.rules import Document, Ruleset

ID = "19c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3"
OTHER_FORMS = [
    ID.upper(),
    f"{{{ID}}}",
    f"urn:uuid:{ID}",
    f"URN:UUID:{{{ID.upper()}}}",
    ID.replace("-", ""),
    ID.replace("-", "", 2),
    f"1-9c1-{ID[4:]}",
]
NO_IDS = {
    "1_c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3": "",
    " 9c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3": "",
    "+9c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3": "",
    "\u06619c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3": "write 19c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3",
    "\uff119c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3": "write 19c1a9d1-2f3e-4b5a-8c6d-7e8f90a1b2c3",
    f"{{{ID}": "",
    f"{ID}\n": "",
    f"{ID}0": "",
    "rule-1": "",
    "": "",
}
"""What is no UUID, though Python's ``UUID`` takes most of it; the form that may be meant."""


def rules(*ids: object) -> Ruleset:
    """Rules of these ids, each with a name of its own."""
    detection = {"selection": {"Image": "a"}, "condition": "selection"}
    source = {"category": "process_creation", "product": "windows"}
    documents = [
        Document({"title": f"Rule {n}", "id": id_, "logsource": source, "detection": detection})
        for n, id_ in enumerate(ids)
    ]
    return Ruleset.from_documents(documents)


def test_every_form_is_one_id() -> None:
    for written in OTHER_FORMS:
        loaded = rules(written)
        assert [rule.identity.id for rule in loaded.rules] == [ID], written
        assert loaded.rules[0].document.data["id"] == ID
        (finding,) = loaded.diagnostics
        assert (finding.code, str(finding.severity)) == ("TRI119", "warning")
        assert finding.hint == f"write {ID}"
        (first, second) = rules(ID, written).diagnostics
        assert (first.code, second.code) == ("TRI119", "TRI103")
        assert loaded.find(ID) is loaded.find(written) is loaded.rules[0]
    assert rules(ID).diagnostics == []
    assert canonical(ID) == ID
    assert reference("Rule") == "Rule"


def test_what_is_no_id_is_an_error() -> None:
    for written, hint in NO_IDS.items():
        loaded = rules(written)
        assert loaded.rules == []
        (finding,) = loaded.diagnostics
        assert (finding.code, str(finding.severity)) == ("TRI119", "error"), written
        assert not hint or finding.hint == hint
    for other in (12, 1.5, True, [ID], {ID: ID}):
        (finding,) = rules(other).diagnostics
        assert finding.code == "TRI119"


def test_a_filter_takes_its_id_too() -> None:
    document = {
        "title": "Filter",
        "id": ID.upper(),
        "logsource": {"product": "windows"},
        "filter": {"rules": "any", "selection": {"User": "a"}, "condition": "not selection"},
    }
    both = Ruleset.from_documents([Document(document), Document(document)])
    assert [each.code for each in both.diagnostics] == ["TRI119", "TRI119", "TRI103"]


def test_a_reference_in_any_form(tmp_path: Path, trident: Trident) -> None:
    """Of a correlation, of a filter, on the command line: whatever part of a run each is in."""
    based = base().replace("name: base", f"id: {ID}")
    write(tmp_path, rules__a=based, rules__b=count().replace("[base]", f"[{ID.upper()}]"))
    write(
        tmp_path,
        rules__filters__f=f"""\
        title: Not of admins
        id: {ID.replace("19c1", "29c1")}
        logsource: {{category: process_creation, product: windows}}
        filter:
          rules: ['{{{ID}}}']
          selection: {{User: admin}}
          condition: not selection
        """,
    )
    ran = trident("convert", "rules", "-t", "kql", "--no-cache", cwd=tmp_path)
    assert (ran.code, "evil" in ran.out, "admin" in ran.out) == (0, True, False), ran.err
    named = ID.replace("19c1", "29c1").upper()
    filtered = ("--filter", f"urn:uuid:{named}")
    ran = trident("convert", "rules", "-t", "kql", "--no-cache", *filtered, cwd=tmp_path)
    assert (ran.code, "evil" in ran.out, "admin" in ran.out) == (0, True, True), ran.err
    ran = trident("check", "rules", "-t", "kql", "--unchecked", cwd=tmp_path)
    assert "TRI641" not in ran.out + ran.err
    ran = trident("explain", f"rules/a.yml:{ID.upper()}", cwd=tmp_path)
    assert ran.code == 0, ran.err


def test_the_same_id_in_two_files_far_apart(tmp_path: Path, trident: Trident) -> None:
    """``convert`` cuts a run into parts by what their texts name."""
    one = CLEAN.replace("6a29edbe-1f7a-4b2e-9a53-5b8a0d7f3a10", ID)
    filler = "\n".join(f"# {n} {'-' * 80}" for n in range(2000))
    files = {
        f"rules__r{number}": f"{one.replace(ID, written)}{filler}"
        for number, written in enumerate([ID, f"'{{{ID.upper()}}}'"])
    }
    write(tmp_path, **files)
    ran = trident("convert", "rules", "-t", "kql", "--no-cache", cwd=tmp_path)
    assert (ran.code, ran.err.count("TRI103")) == (1, 1), ran.err


ALIKE = [
    ("Encoded PowerShell", "ENCODED POWERSHELL"),
    ("Encoded PowerShell", "Encoded\u00a0PowerShell"),
    ("Encoded PowerShell", "\uff25ncoded PowerShell"),
    ("Encoded PowerShell", "Encoded\u200b PowerShell"),
    ("Stra\u00dfe", "STRASSE"),
    ("Caf\u00e9", "Cafe\u0301"),
    ("\ufb01le", "FILE"),
]
"""Titles that a SIEM, a file system or a person takes for one."""


def test_names_that_some_system_takes_for_one() -> None:
    for one, other in ALIKE:
        assert folded(one) == folded(other)
    assert folded("Encoded PowerShell") != folded("Encoded PowerShel1")


def titled(number: int, title: str) -> str:
    """A rule that differs from the others in id, value and title."""
    text = CLEAN.replace("6a29edbe", f"6a29ed{number:02x}").replace(" -enc", f" -enc{number}")
    return text.replace("title: Encoded PowerShell", f"title: {json.dumps(title)}")


def test_a_build_with_two_things_of_one_name_fails(tmp_path: Path, trident: Trident) -> None:
    """Both places are named, for each SIEM that would have two, and nothing is written."""
    titles = ["Encoded PowerShell", "ENCODED POWERSHELL"]
    write(tmp_path, **{f"rules__r{n}": titled(n, title) for n, title in enumerate(titles)})
    ran = trident("build", "--unchecked", "--no-cache", cwd=tmp_path)
    assert ran.code == 1
    assert not (tmp_path / "dist").exists()
    clashing = [line for line in ran.err.splitlines() if "TRI535" in line]
    for siem in ("Sentinel analytics rule", "Defender detection", "Elastic rule of eql"):
        (told,) = [line for line in clashing if siem in line][:1]
        assert told.startswith("rules/r1.yml:1:1")
        assert "at rules/r0.yml:1:1" in told
    assert not [line for line in clashing if "Splunk" in line]  # they get the start of their ids


def test_a_build_of_odd_titles_loses_no_file(tmp_path: Path, trident: Trident) -> None:
    """Reserved names, nothing but punctuation, other scripts, the name that another would get."""
    titles = ["CON", "con.", "aux", "!!!", "???", "\u65e5\u672c", "\u4e2d\u56fd", "A b", "A_B"]
    titles += ["x" * 200, f"{'x' * 199}y"]
    files = {f"rules__r{n:02}": titled(n, title) for n, title in enumerate(titles)}
    write(tmp_path, **files)
    ran = trident("build", "--unchecked", "--no-cache", "--format", "json", cwd=tmp_path)
    made = json.loads((tmp_path / "dist" / "manifest.json").read_text())
    paths = list(made["outputs"])
    assert ran.code == 0
    assert len({folded(path) for path in paths}) == len(paths)
    assert len([path for path in paths if path.startswith("kql/sentinel/analytics/")]) == 22
    reserved = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
    assert not [path for path in paths for part in path.split("/") if reserved.fullmatch(part)]
    app = tmp_path / "dist/spl/windows_ta/app/trident_windows_ta/default/savedsearches.conf"
    stanzas = re.findall(r"^\[(.*)\]$", app.read_text(), re.MULTILINE)
    left_out = [line for line in ran.out.splitlines() if "stanza" in line]
    assert len({folded(name) for name in stanzas}) == len(stanzas) >= 9, left_out

    write(tmp_path, rules__s=titled(99, "A b 6a29ed07"))
    ran = trident("build", "--unchecked", "--no-cache", cwd=tmp_path)
    assert ran.code == 1
    assert "search in the Splunk app" in ran.err


def test_one_macro_for_two_sources(tmp_path: Path, trident: Trident) -> None:
    write(tmp_path, rules__r=titled(0, "Encoded"))
    (tmp_path / "trident.yml").write_text(
        "settings: {spl: {macros: {windows_security: ours, entra: ours}}}\n"
    )
    ran = trident("build", "--unchecked", "--no-cache", cwd=tmp_path)
    assert (ran.code, "TRI535" in ran.err) == (1, True), ran.err
    assert "has two definitions" in ran.err
