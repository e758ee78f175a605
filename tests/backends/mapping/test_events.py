"""What is known of Windows' events: the data's form, what is said not to be there, and where."""

from __future__ import annotations

import re
from typing import Any

from tests.support.generate import plan_documents
from tests.support.targets import SHIPPED
from trident.mapping.events import channels, event_fields
from trident.mapping.known import known_in
from trident.mapping.profiles import load_profiles
from trident.mapping.resolver import resolve_source
from trident.predicates.never import why_never
from trident.rule.plan import LogSource, Search
from trident.translate.translate import translate

SECURITY = LogSource(None, "windows", "security")


def search(service: str, **tests: Any) -> Search:
    rule = {
        "title": "x",
        "logsource": {"product": "windows", "service": service},
        "detection": {"selection": tests, "condition": "selection"},
    }
    plan = plan_documents((rule,))
    assert isinstance(plan, Search)
    return plan


def test_the_data() -> None:
    for channel in channels():
        assert channel.confidence in ("high", "med", "low")
        assert "https://" in channel.source
        for event, names in channel.events.items():
            assert isinstance(event, int)
            assert names, event
            assert all(re.fullmatch(r"\w+", name) for name in names), (channel.channel, event)
    assert sum(len(channel.events) for channel in channels()) > 900


LACKS = """
security 4624: User Image CommandLine ObjectName TargetUserNam TargetUesrName Details
security 4624: ipaddress IPAddress
security 4625: User TargetLogonId AccountName NewProcessName
security 4688: CommandLin Image ParentImage LogonType
security 4768: LogonType ProcessName WorkstationName
security 4776: IpAddress WorkstationName LogonType
security 5140: CommandLine AttributeValue
security 4720: MemberName MemberSid
sysmon 1: TargetFilename QueryName ImageLoaded DestinationIp
sysmon 3: CommandLine ParentImage Hashes
sysmon 29: CommandLine
powershell 4104: CommandLine Payload
taskscheduler 106: CommandLine ImagePath
windefend 1116: Image CommandLine TargetUserName
system 7045: CommandLine Image ServiceFileName TargetUserName
"""
HAS = """
security 4624: TargetUserName IpAddress LogonType ProcessName ElevatedToken RemoteCredentialGuard
security 4624: Computer Channel EventID Level Provider_Name UserID ProcessID Message
security 4624: Anything NewThing
security 4688: NewProcessName ParentProcessName CommandLine MandatoryLabel TargetUserName
security 4697: ServiceName ServiceFileName ClientProcessId ParentProcessId
security 4698: TaskName TaskContent ClientProcessId FQDN
security 4768: TicketEncryptionType ClientAdvertizedEncryptionTypes
security 9999: User Image
sysmon 1: Image CommandLine User ParentUser
sysmon 10: SourceProcessGUID SourceProcessGuid CallTrace
powershell 4104: ScriptBlockText Path
windefend 1116: ThreatName ProcessName DetectionUser
system 7045: ServiceName ImagePath
"""


def test_what_is_there_and_what_is_not() -> None:
    for lines, lacking in ((LACKS, True), (HAS, False)):
        for service, event, names in re.findall(r"(\S+) (\d+): (.*)", lines):
            known = event_fields(LogSource(None, "windows", service))
            assert known
            for name in names.split():
                assert known.lacks(name, {int(event)}) is lacking, (service, event, name)


def test_several_events() -> None:
    known = event_fields(SECURITY)
    assert known
    assert not known.lacks("IpAddress", {4624, 4776})
    assert known.lacks("User", {4624, 4776})
    assert not known.lacks("User", {4624, 9999})


def test_other_log_sources_are_open() -> None:
    assert event_fields(LogSource("webserver", "windows", None)) is None
    assert event_fields(LogSource("process_creation", "windows", "sysmon")) is None
    assert event_fields(LogSource(None, "linux", "security")) is None
    assert event_fields(LogSource(None, "windows", "application")) is None


def test_on_every_profile_that_stores_windows_logs() -> None:
    """A field that the events lack: the query says so. One that they have, one of no known
    EventID, and an EventID that is open: it says nothing."""
    dead = search("security", EventID=[4624, 4625], User="admin")
    open_ones = [
        search("security", EventID=4624, TargetUserName="admin"),
        search("security", User="admin"),
        search("security", EventID=4624, User=None),
        search("security", **{"EventID|gte": 4624, "User": "admin"}),
    ]
    stored = 0
    for target in SHIPPED:
        for profile in load_profiles(target).values():
            translation = translate(dead, profile)
            if translation.query is None:
                continue
            stored += 1
            (note,) = [each for each in translation.notes if each.code == "TRI481"]
            assert "no event with EventID 4624 or 4625 has a field User" in note.text
            for each in open_ones:
                assert why_never(each, known_in(profile)) == "", (target, profile.name)
    assert stored >= 6


def test_a_column_of_another_name_may_be_filled_from_elsewhere() -> None:
    """Elastic's integration puts what stands for a Sysmon event's user into user.name."""
    plan = search("sysmon", EventID=6, User="x")
    for target in SHIPPED:
        for profile in load_profiles(target).values():
            known = known_in(profile)(plan)
            if known is None:
                continue
            column = resolve_source(plan.logsource, profile).column("User")
            assert column
            own = column.name.rpartition(".")[2] == "User"
            assert bool(known.why_not("User", frozenset({6}))) is own, (target, profile.name)


def test_categories_where_they_are_the_channel_s_own_events() -> None:
    """Sysmon's network connections have no call trace and no command line; the table of another
    product may have, and a column of another name."""
    for field, lacking in (
        ("CallTrace", {"spl windows_ta", "eql sysmon", "esql sysmon"}),
        ("CommandLine", {"spl windows_ta"}),
        ("DestinationPort", set()),
    ):
        rule = {
            "title": "x",
            "logsource": {"product": "windows", "category": "network_connection"},
            "detection": {"selection": {field: "x"}, "condition": "selection"},
        }
        plan = plan_documents((rule,))
        reasons = {
            f"{target} {profile.name}": why_never(plan, known_in(profile))
            for target in SHIPPED
            for profile in load_profiles(target).values()
        }
        assert {name for name, reason in reasons.items() if reason} == lacking
        assert set(reasons.values()) <= {"", f"no event with EventID 3 has a field {field}"}
