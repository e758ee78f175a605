"""One id in several texts is one id: at reading, and for everything that names a rule."""

from __future__ import annotations

from pathlib import Path

from tests.translator.check.conftest import CLEAN
from tests.translator.conftest import Trident, base, count, write
from tests.translator.conftest import trident as trident  # the fixture
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
    ran = trident("check", "rules", "-t", "kql", cwd=tmp_path)
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
