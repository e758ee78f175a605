"""The command that compares real events with the mapping, on events of our own making."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mapping.compare import Seen, compare
from tests.mapping.page import TARGETS, counts, page, seen_file, unexplained
from tests.mapping.readings import RawEvent, json_event, pairs_event, windows_event
from tests.mapping.seen import occurrences, sources
from trident.mapping.evidence import native_name, seen, with_evidence
from trident.mapping.profiles import Profile, Source, load_profiles
from trident.rule.plan import LogSource

DNS = LogSource("dns_query", "windows")
SYSMON = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>"
    "<Provider Name='Microsoft-Windows-Sysmon'/><EventID>22</EventID>"
    "<Channel>Microsoft-Windows-Sysmon/Operational</Channel><Computer>pc</Computer></System>"
    "<EventData><Data Name='QueryName'>example.org</Data><Data Name='User'>LAB\\ann</Data>"
    "<Data Name='Image'>C:\\a.exe</Data><Data Name='ProcessId'>7</Data></EventData></Event>"
)


def document(**changed: Any) -> dict[str, Any]:
    """What the integration makes of SYSMON; ``changed`` replaces whole parts."""
    made = {
        "event": {"code": "22", "original": SYSMON},
        "dns": {"question": {"name": "example.org"}},
        "process": {"executable": "C:\\a.exe", "pid": 7},
        "user": {"name": "ann", "domain": "LAB"},
        "winlog": {
            "channel": "Microsoft-Windows-Sysmon/Operational",
            "computer_name": "pc",
            "provider_name": "Microsoft-Windows-Sysmon",
        },
    }
    return {**made, **changed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "packages/windows/data_stream/sysmon_operational/_dev/test/pipeline"
    place.mkdir(parents=True)
    expected = [document(), None, document(dns={"question": {"name": "wrong.example"}})]
    (place / "test-a.json-expected.json").write_text(json.dumps({"expected": expected}))
    (place / "test-a.json").write_text(json.dumps({"events": [{}, {}, {}]}))
    return tmp_path


def result(folder: Path) -> Seen:
    return compare(occurrences({"elastic": [folder]}), {DNS: {"QueryName", "RuleName"}})


def test_agreement_absence_and_difference_are_told_apart(folder: Path) -> None:
    fields = result(folder).fields
    query = fields["eql/sysmon", DNS, "QueryName"]
    assert (query.agreed, query.differed, query.native) == (1, 1, "dns.question.name")
    assert "'example.org' -> ['wrong.example']" in query.sample
    user = fields["eql/sysmon", DNS, "User"]  # the mapping itself says that the domain is elsewhere
    assert (user.agreed, user.differed) == (2, 0)
    assert ("eql/sysmon", DNS, "RuleName") not in fields, "in neither reading"
    left = {key for key in unexplained(result(folder), ()) if key[1] == DNS}
    assert left == {(f"eql/{name}", DNS, "QueryName") for name in ("integrations", "sysmon")}


def test_a_field_that_only_differs_is_not_seen(folder: Path) -> None:
    file = next(folder.rglob("*-expected.json"))
    file.write_text(json.dumps({"expected": [document(dns={}), None, None]}))
    written = yaml.safe_load(seen_file(result(folder), "eql"))
    fields = written["sysmon"]["dns_query/windows/*"]["EIT"]
    assert fields["Image"] == "process.executable" and "QueryName" not in fields
    assert yaml.safe_load(seen_file(result(folder), "spl")) == {}


def test_a_reason_stands_for_a_difference(folder: Path) -> None:
    reason = {"target": "eql", "fields": ["QueryName"], "logsource": "dns_query", "reason": "r"}
    assert not unexplained(result(folder), [reason])
    assert unexplained(result(folder), [{**reason, "target": "kql"}])


def test_raw_events_are_read_under_the_names_of_the_taxonomy() -> None:
    event = windows_event(SYSMON)
    assert event["Provider_Name"] == "Microsoft-Windows-Sysmon" and event["EventID"] == "22"
    assert event["QueryName"] == "example.org"
    assert pairs_event('type=PATH name="/a b" uid=0 x=1 uid=5')["uid"] == "0"
    assert json_event('{"a": {"b": [{"c": 1}, {"c": 2}]}}')["a.b.c"] == [1, 2]
    raw = RawEvent({"properties.resultType": "0", "who": "ann"}, {"User": "who"}, ("properties.",))
    assert raw.value("User") is None and raw.value("resultType") == "0"
    assert RawEvent({"who": "ann"}, {"User": "who"}).value("User") == "ann"
    assert RawEvent({"p.resultType": "0"}, {}, ("p.", ""), True).value("ResultType") == "0"


def test_splunk_and_sentinel_records_are_read(tmp_path: Path) -> None:
    (tmp_path / "data_sources").mkdir()
    sample = {
        "sourcetype": "XmlWinEventLog",
        "fields": ["EventCode", "Channel", "Computer", "Name", "QueryName", "Image", "User"],
        "example_log": SYSMON,
    }
    (tmp_path / "data_sources/a.yml").write_text(yaml.safe_dump(sample))
    (tmp_path / "CommonSecurityLog_a.csv").write_text("SourceIP,RequestURL\n192.0.2.1,\n")
    read = compare(
        occurrences({"splunk": [tmp_path], "sentinel": [tmp_path]}), {DNS: {"QueryName"}}
    )
    found = {key for key, tally in read.fields.items() if tally.seen}
    assert ("spl/windows_ta", DNS, "QueryName") in found
    proxy = {name for place, source, name in found if str(source) == "proxy/*/*"}
    assert proxy == {"src_ip"} and not read.different


def sources_of(target: str) -> dict[tuple[str, str], tuple[Profile, Source]]:
    return {
        (profile.name, str(source.logsource)): (profile, source)
        for profile in load_profiles(target).values()
        for source in profile.sources
    }


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_seen_is_what_is_mapped(target: str) -> None:
    """A mapping that changes loses its evidence: the command is to be run again."""
    known = sources_of(target)
    for name, part in seen(target).items():
        for logsource, codes in part.items():
            profile, source = known[name, logsource]
            for code, fields in codes.items():
                for field, native in fields.items():
                    column = source.column(field)
                    assert column is not None, (logsource, field)
                    assert native_name(column) == native, (logsource, field)
                    shown = with_evidence(column, field, source, profile)
                    assert shown.confidence == "seen" and code in shown.sources.split()


def test_the_page_says_what_the_data_say(root: Path) -> None:
    text = (root / "docs/mapping-evidence.md").read_text("utf-8")
    reasons = sources()["reasons"]
    made = page({}, [], reasons)
    assert made.split("Log sources by")[0] == text.split("Log sources by")[0]
    assert made.partition("## Differences")[2] == text.partition("## Differences")[2]
    profile, source = sources_of("eql")["sysmon", "dns_query/windows/*"]
    number = counts(profile, source, ("QueryName", "Nothing.of.the.kind"))
    assert number["seen"] >= 8 and set(number) == {"seen", "documented", "believed"}
    assert "| dns_query/windows/* |" in text
