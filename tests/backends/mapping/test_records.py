"""What is known of records by type: the data's form, what is said not to be there, and where."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mapping.possible import wrong_records
from tests.support.generate import plan_documents
from tests.support.targets import SHIPPED
from trident.mapping.known import known_in
from trident.mapping.profiles import Profile, load_profile, load_profiles
from trident.mapping.records import all_records, record_fields
from trident.mapping.resolver import resolve
from trident.predicates.never import why_never
from trident.rule.plan import LogSource, Search

LACKS = """
aws/cloudtrail: accountId accessKeyId principalId invokedBy mfaAuthenticated sessionContext
aws/cloudtrail: sessionIssuer userIdentity.sessionIssuer.userName userIdentity.mfaAuthenticated
aws/cloudtrail: userIdentity.eventName eventname errorcode sourceIpAddress userAgnet tlsVersion
aws/cloudtrail: eventNames
kubernetes/audit: resource namespace apiGroup username subresource user.resource objectRef.verb code
kubernetes/audit: requestUri responseStatus.resource
okta/okta: alternateId displayName ipAddress isProxy rawUserAgent actor.ipAddress evnetType
zeek/dce_rpc: path query uri cipher fuid operatoin
zeek/smb_files: endpoint operation uri user_agent
zeek/kerberos: cookie path query
zeek/rdp: operation query uri
zeek/dns: uri path cipher user_agent
zeek/http: path query qtype_name cipher
linux/auditd SYSCALL: name nametype cwd proctitle a0_len argc item
linux/auditd EXECVE: exe comm key uid name proctitle success SYSCALL
linux/auditd PATH: exe comm a0 key syscall
linux/auditd CWD: exe name
linux/auditd PROCTITLE: exe name a1
"""
HAS = """
aws/cloudtrail: eventName userIdentity userIdentity.type requestParameters
aws/cloudtrail: requestParameters.accountId responseElements.ConsoleLogin
aws/cloudtrail: additionalEventData.MFAUsed userName status user src_ip
aws/cloudtrail: userIdentity.sessionContext.sessionIssuer.userName
aws/cloudtrail: tlsDetails eventContext.tagContext
aws/cloudtrail: userIdentity.sessionContext.attributes.mfaAuthenticated
aws/cloudtrail: newThing userIdentity.newThing resources{}.accountId resources{}
kubernetes/audit: verb objectRef objectRef.resource user.username responseStatus.code
kubernetes/audit: requestObject.spec
kubernetes/audit: annotations.x sourceIPs sourceIPs{} user.groups{} newThing
kubernetes/audit: impersonatedUser.username
okta/okta: eventType actor.alternateId debugContext.debugData.requestUri target.displayName newThing
okta/okta: target{}.displayName request.ipChain{}.ip
zeek/dce_rpc: endpoint operation id.orig_h ts uid name host newThing _path id.orig_host
zeek/smb_files: path name action size newThing
zeek/http: uri host method user_agent newThing
linux/auditd SYSCALL: a0 a3 exe comm key SYSCALL AUID newThing
linux/auditd EXECVE: a0 a12 a3[2] argc a1_len host newThing
linux/auditd PATH: name nametype ouid OUID
linux/auditd USER_LOGIN: name a0 exe cwd
"""


ELASTIC = {f"{target} {name}" for target in ("eql", "esql") for name in ("integrations", "sysmon")}
SPLUNK = {"spl microsoft_addon", "spl windows_ta"}


def known(service: str) -> Any:
    product, _, name = service.partition("/")
    found = record_fields(LogSource(None, product, name))
    assert found, service
    return found


def search(product: str, service: str, **tests: Any) -> Search:
    rule = {
        "title": "x",
        "logsource": {"product": product, "service": service},
        "detection": {"selection": tests, "condition": "selection"},
    }
    plan = plan_documents((rule,))
    assert isinstance(plan, Search)
    return plan


def reasons(plan: Search) -> dict[str, str]:
    return {
        f"{target} {profile.name}": why_never(plan, known_in(profile))
        for target in SHIPPED
        for profile in load_profiles(target).values()
    }


def test_the_data() -> None:
    for each in all_records():
        assert each.confidence == "high"
        assert "https://" in each.source
        for names in each.types.values():
            assert names
            assert all(re.fullmatch(r"[\w.#\[\]]+", name) for name in names), each.record
            assert not any(each._may_have(part, names) for part in ("", "newThing"))


def test_what_is_there_and_what_is_not() -> None:
    for lines, lacking in ((LACKS, True), (HAS, False)):
        for service, kind, names in re.findall(r"(\S+?)(?: (\w+))?: (.*)", lines):
            log = known(service)
            kinds = {kind} if kind else log.alone
            for name in names.split():
                assert log.lacks(name, kinds) is lacking, (service, kind, name)


def test_several_types() -> None:
    log = known("linux/auditd")
    assert not log.lacks("exe", {"EXECVE", "SYSCALL"})
    assert log.lacks("cwd", {"EXECVE", "SYSCALL"})
    assert not log.lacks("exe", {"EXECVE", "AVC"})


def test_other_log_sources_are_open() -> None:
    for logsource in (
        LogSource(None, "aws", "guardduty"),
        LogSource(None, "zeek", "conn"),
        LogSource(None, "linux", "sshd"),
        LogSource("process_creation", "linux", None),
        LogSource("application", "python", None),
    ):
        assert record_fields(logsource) is None


def test_where_the_record_is_kept_as_it_is() -> None:
    """Every profile that keeps a record's own names says so, and no other."""
    cases = [
        (search("aws", "cloudtrail", eventName="x", accountId="1"), SPLUNK, "CloudTrail record"),
        (search("kubernetes", "audit", namespace="x"), SPLUNK, "Kubernetes audit event"),
        (search("okta", "okta", isProxy="true"), SPLUNK, "Okta log event"),
        (search("zeek", "dce_rpc", path="x"), SPLUNK | ELASTIC, "record of Zeek's dce_rpc.log"),
        (
            search("linux", "auditd", type="execve", key="x"),
            SPLUNK | ELASTIC,
            "audit record with type EXECVE",
        ),
        (
            search("linux", "auditd", type=["PATH", "CWD"], key="x"),
            SPLUNK | ELASTIC,
            "audit record with type CWD or PATH",
        ),
    ]  # fmt: skip
    for plan, profiles, called in cases:
        found = {name: reason for name, reason in reasons(plan).items() if reason}
        assert found.keys() == profiles, called
        assert all(f"no {called} has a field " in reason for reason in found.values()), found
    for plan in (
        search("linux", "auditd", type=["PATH", "SYSCALL"], key="x"),
        search("linux", "auditd", key="x"),
        search("linux", "auditd", type="AVC", key="x"),
        search("aws", "cloudtrail", accountId=None),
        search("aws", "cloudtrail", newThing="x"),
    ):
        assert set(reasons(plan).values()) == {""}


def test_vendors_samples_are_held_against_it(tmp_path: Path) -> None:
    """The command of tests/mapping/possible.py, on samples of our own making."""
    place = tmp_path / "packages/aws/data_stream/cloudtrail/_dev/test/pipeline"
    place.mkdir(parents=True)
    good, bad = {"eventName": "x"}, {"eventName": "x", "accountId": "1"}
    documents = [{"event": {"original": json.dumps(each)}} for each in (good, bad)]
    (place / "test-a.log-expected.json").write_text(json.dumps({"expected": documents}))
    (tmp_path / "data_sources").mkdir()
    source = {"fields": ["argc", "exe"], "example_log": 'type=EXECVE msg=audit(1): argc=1 a0="x"'}
    (tmp_path / "data_sources/linux_auditd_execve.yml").write_text(yaml.safe_dump(source))
    wrong = {
        each for each in wrong_records({"elastic": [tmp_path], "splunk": [tmp_path]}) if each[1]
    }
    assert wrong == {("CloudTrail record", "accountId"), ("audit record", "exe")}


def defender(name: str = "sentinel") -> Profile:
    """A site that passes fields without a mapping through: the tables' own columns are there."""
    return replace(load_profile("kql", name), keep=True)


@pytest.mark.parametrize("profile", ["sentinel", "defender"])
def test_an_action_type_of_another_table(profile: str) -> None:
    cases = {
        "file_event": ("ProcessCreated filecraeted FileCreate", "FileCreated filedeleted x"),
        "registry_event": ("FileCreated RegistryValueSets", "RegistryKeyCreated RegistryNew"),
        "image_load": ("ProcessCreated", "ImageLoaded ImageUnloaded"),
        "process_creation": ("DriverLoad FileDeleted", "ProcessCreated New"),
        "network_connection": ("FileRenamed", "ConnectionFailed InboundConnectionAttempt"),
        "dns_query": ("ConnectionSuccess", "DnsQueryResponse SomethingNew"),
    }  # fmt: skip
    for category, (never, open_ones) in cases.items():
        for text in (*never.split(), *open_ones.split()):
            plan = plan_documents(
                (
                    {
                        "title": "x",
                        "logsource": {"product": "windows", "category": category},
                        "detection": {"s": {"ActionType": text}, "condition": "s"},
                    },
                )
            )
            reason = why_never(plan, known_in(defender(profile)))
            assert bool(reason) is (text in never.split()), (category, text)
            assert not reason or reason.endswith(f"has ActionType {text}")


def test_the_kinds_of_tables() -> None:
    """Every value that a log source is selected by, or a test becomes, is one of the table's."""
    seen = set()
    for profile in load_profiles("kql").values():
        for source in profile.sources:
            kinds = source.table.kinds
            if kinds is None:
                continue
            assert kinds.column in source.table.columns
            assert (kinds.confidence, "https://" in kinds.source) == ("high", True)
            by_field = source.wording.values.items()
            mapped = [
                native
                for name, values in by_field
                if source.fields[name].name == kinds.column
                for natives in values.values()
                for native in natives
            ]
            for value in (*source.wording.where.get(kinds.column, ()), *mapped):
                assert kinds.has(str(value)), (source.table.name, value)
            seen.add(source.table.name)
    assert len(seen) == 6


def test_user_data_is_not_event_data() -> None:
    """Elastic's agent keeps what the event of a cleared log has as winlog.user_data."""
    rule = search("windows", "security", EventID=1102, SubjectUserName="x")
    dead = {name for name, reason in reasons(rule).items() if reason}
    assert dead == ELASTIC
    both = search("windows", "security", EventID=[1102, 4624], SubjectUserName="x")
    assert set(reasons(both).values()) == {""}
    every = reasons(search("windows", "security", EventID=1102, TargetUserName="x"))
    assert {name for name, reason in every.items() if reason} == dead | SPLUNK | {"kql sentinel"}


def test_channels_of_user_data_on_elastic() -> None:
    for service in (
        "applocker",
        "capi2",
        "printservice-admin",
        "wmi",
        "terminalservices-localsessionmanager",
    ):
        for name, profile in load_profiles("eql").items():
            column = resolve(LogSource(None, "windows", service), "FilePath", profile)
            assert column.name == "winlog.user_data.FilePath", (service, name)
