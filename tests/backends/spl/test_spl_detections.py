"""Random detections on random events: two-valued logic, types, missing values, in SPL."""

from __future__ import annotations

import re
from random import Random
from typing import Any

import pytest

from tests.backends.spl.model.commands import reads_only, run
from tests.backends.spl.run import profile, raw_events
from tests.support.generate import NETWORK, NOW, PROCESS, plan_documents
from trident.engines.spl import Config, SplEngine
from trident.meaning.evaluate import evaluate
from trident.meaning.events import SECOND, Event, Value
from trident.rule.plan import Run, Search, scheduled
from trident.translate.translate import translate

ITEMS: tuple[dict[str, Any], ...] = (
    {"DestinationHostname": "mail.example"},
    {"DestinationHostname": ""},
    {"DestinationHostname": None},
    {"DestinationHostname|exists": True},
    {"DestinationHostname|exists": False},
    {"DestinationHostname": "*"},
    {"DestinationHostname|contains": "ail"},
    {"DestinationHostname|contains|all": ["mail", "ample"]},
    {"DestinationHostname|startswith": ["mail", "WWW"]},
    {"DestinationHostname|endswith|cased": ".example"},
    {"DestinationHostname": ["mail.example", "w*w.example", ""]},
    {"DestinationHostname|cased": ["Mail.Example", "www.example"]},
    {"DestinationHostname|re": "^m.*e$"},
    {"DestinationHostname|re|i": "(^|[^A-Za-z0-9])(mail|www)([^A-Za-z0-9]|$)"},
    {"DestinationHostname|re": ".*"},
    {"DestinationHostname|fieldref": "User"},
    {"DestinationHostname|fieldref|startswith": "User"},
    {"DestinationHostname|fieldref|endswith": "User"},
    {"DestinationPort": 443},
    {"DestinationPort": "443"},
    {"DestinationPort": [80, 443]},
    {"DestinationPort|startswith": "4"},
    {"DestinationPort|gt": 80},
    {"DestinationPort|gte": 80},
    {"DestinationPort|lt": 443},
    {"DestinationPort|lte": 80},
    {"DestinationPort|lt": -1},
    {"DestinationIp|cidr": "10.0.0.0/8"},
    {"DestinationIp|cidr": ["10.1.0.0/16", "2001:db8::/33"]},
    {"Protocol": 6},
    {"Protocol": True},
    {"Image|windash|contains": " -enc "},
    {"Image|base64offset|contains": "steg"},
    {"DestinationHostname": "mail.example", "DestinationPort": 443},
    {"DestinationHostname": ["a", "b"], "DestinationPort|gt": 1, "DestinationIp": None},
)
CONDITIONS = (
    "a",
    "not a",
    "a and b",
    "a or b",
    "a and not b",
    "not (a and b)",
    "not (a or not b)",
    "(a or b) and c",
    "a and not (b or c)",
    "1 of them",
    "all of them",
    "not 1 of them",
)
VALUES: dict[str, tuple[Value, ...]] = {
    "DestinationHostname": ("mail.example", "Mail.Example", "www.example", "xmail.examplex", "m"),
    "User": ("mail.example", "mail", ".example", "MAIL.EXAMPLE"),
    "DestinationPort": (80, 443, 4430, 1),
    "DestinationIp": ("10.1.2.3", "10.0.0.0", "192.0.2.1", "2001:db8::1", "host"),
    "Protocol": (6, "6", True, "tcp"),
    "Image": ("x -enc y", "x /enc y", "x \u2013enc y", "c3RlZw"),
}


def make_plan(random: Random) -> Search:
    detection: dict[str, Any] = {name: random.choice(ITEMS) for name in "abc"}
    detection["condition"] = random.choice(CONDITIONS)
    plan = plan_documents(
        (
            {
                "title": "detection",
                "logsource": {"category": "network_connection", "product": "windows"},
                "detection": detection,
            },
        )
    )
    assert isinstance(plan, Search)
    return plan


def make_events(random: Random) -> list[Event]:
    events = []
    for number in range(25):
        fields = {name: random.choice((*values, "", None)) for name, values in VALUES.items()}
        present = {name: value for name, value in fields.items() if value is not None}
        events.append(Event(NOW - number * SECOND, NETWORK, present))
    return events


@pytest.mark.parametrize("block", range(6))
def test_predicate_equals_the_evaluator(block: int) -> None:
    random = Random(f"detections-{block}")
    for number in range(60):
        plan, events = make_plan(random), make_events(random)
        translation = translate(plan, profile())
        assert translation.query is not None, translation.error
        text = translation.query.text
        rows = run(text, raw_events(events, profile(), number), NOW // SECOND, seed=number)
        found = {round(row["_time"] * SECOND) for row in rows}
        assert found == {alert.time for alert in evaluate(plan, events, NOW)}, text


def test_every_item_alone_and_negated() -> None:
    for item in ITEMS:
        for condition in ("a", "not a"):
            detection = {"a": item, "condition": condition}
            plan = plan_documents(
                (
                    {
                        "title": "item",
                        "logsource": {"category": "network_connection", "product": "windows"},
                        "detection": detection,
                    },
                )
            )
            events = make_events(Random(str(item)))
            translation = translate(plan, profile())
            assert translation.query is not None, (item, translation.error)
            rows = run(translation.query.text, raw_events(events, profile()), NOW // SECOND)
            found = {round(row["_time"] * SECOND) for row in rows}
            want = {alert.time for alert in evaluate(plan, events, NOW)}
            assert found == want, translation.query.text


PREFILTERS = [
    ({"CommandLine|contains": "mimikatz"}, 'properties.ProcessCommandLine="*mimikatz*"', "a word"),
    ({"CommandLine|contains": "a b"}, None, "no word of two characters"),
    ({"CommandLine": "a b"}, 'properties.ProcessCommandLine="a b"', "a whole value is itself"),
    ({"FileName": "cmd.exe"}, 'properties.FileName="cmd.exe"', "punctuation without a wildcard"),
    ({"FileName|cased": "Cmd"}, 'properties.FileName="Cmd"', "where minds the case"),
    (
        {"CommandLine": "10.0.0.0/8"},
        'properties.ProcessCommandLine="*10.0.0.0*"',
        "search reads a network in the whole value",
    ),
    ({"CommandLine": "é"}, None, "JSON may escape the letter"),
    (
        {"CommandLine|startswith": "power-shell"},
        'properties.ProcessCommandLine="power*"',
        "no punctuation before a wildcard",
    ),
    (
        {"CommandLine|startswith": r"C:\Temp\evil"},
        'properties.ProcessCommandLine="*Temp*"',
        "a word where the beginning is short",
    ),
    (
        {"CommandLine|endswith": r"C:\Temp\évil.exe"},
        'properties.ProcessCommandLine="*vil.exe"',
        "JSON escapes the backslash and may escape the letter",
    ),
    (
        {"CommandLine|contains": ["alpha", "beta"]},
        'properties.ProcessCommandLine IN ("*alpha*", "*beta*")',
        "any of a list",
    ),
    ({"CommandLine|contains": ["alpha", "+"]}, None, "one of the list has no word"),
    (
        {"CommandLine|contains|all": ["alpha", "beta"]},
        'properties.ProcessCommandLine="*alpha*" properties.ProcessCommandLine="*beta*"',
        "all of a list",
    ),
    (
        {"CommandLine|contains": ["Alpha", "alphabet", "alpha", "beta"]},
        'properties.ProcessCommandLine IN ("*Alpha*", "*beta*")',
        "what another value finds, in any case, is left out",
    ),
    (
        {"CommandLine": ["*x.alpha", "beta", "*alpha", "gammax", "*amma*a", "*ammax*"]},
        'properties.ProcessCommandLine IN ("beta", "*alpha", "*amma*")',
        "an end that another one ends with",
    ),
    (
        {"CommandLine|startswith": ["alphabet", "alpha"], "ProcessId": [4, 8]},
        'properties.ProcessCommandLine="alpha*" properties.ProcessId IN (4, 8)',
        "a beginning that another one begins with; numbers of a list",
    ),
    (
        {"CommandLine|re": "x(alpha|beta)+[0-9]"},
        'properties.ProcessCommandLine IN ("*alpha*", "*beta*")',
        "the words of a regular expression",
    ),
    (
        {"CommandLine|re": "(alpha)?betas?"},
        'properties.ProcessCommandLine="*beta*"',
        "what is sure",
    ),
    ({"CommandLine|re": "(alpha)?beta?"}, None, "a short word narrows nothing"),
    ({"CommandLine|contains": ["alpha", " am "]}, None, "nor does one of a list"),
    ({"CommandLine|contains": "am"}, 'properties.ProcessCommandLine="*am*"', "it may be the test"),
    ({"CommandLine|re": "(alpha|[0-9])"}, None, "one way without a word"),
    ({"ProcessId": 4}, "properties.ProcessId=4", "a whole number"),
    ({"ProcessId|gt": 4}, None, "comparisons are left to where"),
    ({"CommandLine": None}, None, "missing values are left to where"),
]


@pytest.mark.parametrize(("item", "terms"), [row[:2] for row in PREFILTERS])
def test_prefilter(item: dict[str, Any], terms: str | None) -> None:
    where = '`trident_microsoft_addon` category="AdvancedHunting-DeviceProcessEvents"'
    for condition in ("a", "not a"):
        plan = plan_documents(
            (
                {
                    "title": "prefilter",
                    "logsource": {"category": "process_creation", "product": "windows"},
                    "detection": {"a": item, "condition": condition},
                },
            )
        )
        query = translate(plan, profile()).query
        assert query is not None
        first = " ".join(query.text.partition("\n| ")[0].split())
        expected = f"{where} {terms}" if terms and condition == "a" else where
        assert first == expected
        assert reads_only(query.text, 0).earliest is None


A, B, C = ({"Image|endswith": r"\a.exe"}, {"User": "bob"}, {"ProcessId|gt": 4})
GUARDS: list[tuple[dict[str, Any], str, str]] = [
    ({"a": A}, r"""match('properties.FolderPath',"(?i)\\\\a[.]exe\\z")""", "where drops a null"),
    (
        {"a": A, "c": C},
        r"""match('properties.FolderPath',"(?i)\\\\a[.]exe\\z")"""
        " AND tonumber('properties.ProcessId')>4",
        "so it does beside other tests",
    ),
    (
        {"a": {"ProcessId|gt": [4, 8]}},
        "tonumber('properties.ProcessId')>4 OR tonumber('properties.ProcessId')>8",
        "numbers of one field are null together",
    ),
    (
        {"a": {"User": ["bob", "", "b*"]}},
        """coalesce('properties.AccountName',"")=="" OR """
        r"""match(coalesce('properties.AccountName',""),"(?i)^bob\\z|^b")""",
        "a missing field is looked for",
    ),
    (
        {"a": A, "b": B, "condition": "a or b"},
        r"""match(coalesce('properties.FolderPath',""),"(?i)\\\\a[.]exe\\z")"""
        """ OR lower(coalesce('properties.AccountName',""))=="bob\"""",
        "what OR makes of null no page says",
    ),
    (
        {"a": C, "b": B, "condition": "b and not a"},
        "NOT (if(tonumber('properties.ProcessId')>4,1,0)==1)",
        "nor what NOT makes of it; the search says the other test",
    ),
    (
        {"a": A, "b": {"Image|contains": ["x-", "y"]}, "condition": "a or b"},
        r"""match('properties.FolderPath',"(?i)\\\\a[.]exe\\z|x-|y")""",
        "what one field can be, in several selections, is one test",
    ),
    (
        {"a": A, "b": B, "c": C, "condition": "(a or c) or b and not (b or (a and c))"},
        r"""match(coalesce('properties.FolderPath',""),"(?i)\\\\a[.]exe\\z")"""
        """ OR if(tonumber('properties.ProcessId')>4,1,0)==1"""
        """ OR (lower(coalesce('properties.AccountName',""))=="bob" AND"""
        """ NOT (lower(coalesce('properties.AccountName',""))=="bob" OR"""
        r""" (match(coalesce('properties.FolderPath',""),"(?i)\\\\a[.]exe\\z") AND"""
        """ if(tonumber('properties.ProcessId')>4,1,0)==1)))""",
        "parentheses where AND and OR meet, and nowhere else",
    ),
]


@pytest.mark.parametrize(("detection", "test"), [row[:2] for row in GUARDS])
def test_guards_stand_where_a_null_counts(detection: dict[str, Any], test: str) -> None:
    names = " and ".join(name for name in detection if name != "condition")
    plan = plan_documents(
        (
            {
                "title": "guards",
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {"condition": names, **detection},
            },
        )
    )
    query = translate(plan, profile()).query
    assert query is not None
    assert " ".join(query.text.split("| where ")[1].split()) == test


RAW: list[tuple[list[str], str | None, str]] = [
    (["(2 users now present)"], '"2 users now present"', "a phrase between breakers of the value"),
    (["no logging"], "logging*", "the last word may go on"),
    (["a: password -x file"], "password", "one whole word"),
    (["promiscuous"], '_raw="*promiscuous*"', "both ends are open"),
    (["IP-TCP-3-BADAUTH"], "BADAUTH*", "minor breakers are breakers"),
    (["x%20password "], '_raw="*20password*"', "a sign of several characters is one perhaps"),
    (["rm -rf"], None, "short words narrow nothing"),
    (["no logging", "clear archive"], "(logging* OR archive*)", "any of a list"),
    (["no logging", "rm -rf"], None, "one of the list has none"),
]


def test_a_keyword_of_a_line_is_a_term_of_the_index() -> None:
    """What contains the keyword is found, whatever stands around it; the second test is exact."""
    engine = SplEngine(Config())
    for words, term, why in RAW:
        document = {
            "title": "line",
            "logsource": {"product": "linux"},
            "detection": {"words": words, "condition": "words"},
        }
        query = translate(plan_documents((document,)), profile()).query
        assert query is not None
        head, _, test = query.text.partition("\n| where ")
        assert head == " ".join(filter(None, ("`trident_linux_syslog`", term))), why
        assert test.startswith("match(_raw,")
        lines = [f"{a}{word}{b}" for word in words for a in ("", "x", " ") for b in ("", "x", ".")]
        lines += [line.upper() for line in lines] + ["other", words[0][:-1], words[0][1:]]
        events = [{"_time": n, "_raw": line, "index": "i"} for n, line in enumerate(lines)]
        any_word = re.compile("|".join(map(re.escape, words)), re.IGNORECASE)
        want = {number for number, line in enumerate(lines) if any_word.search(line)}
        rows = engine.run(query.text, events, now=99, macros={"trident_linux_syslog": "index=i"})
        assert {int(float(str(row["_time"]))) for row in rows} == want, why
        marked = [{**each, "_macro": "trident_linux_syslog"} for each in events]
        assert {row["_time"] for row in run(query.text, marked, 99)} == want, why


SAID: list[tuple[dict[str, Any], bool, str]] = [
    ({"User": "bob"}, True, "a whole text, in any case"),
    (
        {"User": ["bob", "CORP bob.b_c", "svc-*"]},
        False,
        "one of them has punctuation and a wildcard",
    ),
    ({"User": ["bob", "CORP bob.b_c", "serv*"]}, True, "a list on one field"),
    ({"CommandLine|contains|all": ["alpha", "Beta1"]}, True, "words of letters and digits"),
    ({"CommandLine|contains": "al-pha"}, False, "punctuation between wildcards"),
    ({"CommandLine|endswith": "alpha"}, True, "an end"),
    ({"CommandLine|startswith": "alph"}, True, "a beginning"),
    ({"CommandLine|startswith": "alpha beta"}, False, "more than the search asks for"),
    ({"CommandLine": "alpha\\*"}, False, "a star that is none of search"),
    ({"CommandLine": "alp?a"}, False, "one character"),
    ({"CommandLine": "*alp*ha*"}, False, "a wildcard inside"),
    ({"CommandLine|cased": "Alpha"}, False, "case counts"),
    ({"CommandLine": "10.0.0.1"}, False, "search may read an address or a number"),
    ({"CommandLine": "443"}, False, "a number, as text"),
    ({"ProcessId": [4, 8]}, True, "whole numbers"),
    ({"ProcessId": 4.5}, False, "a fraction"),
    ({"ProcessId": "4"}, False, "a number that a text is compared with"),
    ({"CommandLine": 4}, False, "a number on a text"),
    ({"ProcessId|gt": 4}, False, "a comparison"),
    ({"CommandLine": ["alpha", ""]}, False, "a missing field"),
    ({"CommandLine|re": "alpha"}, False, "an expression minds the case"),
]


@pytest.mark.parametrize(("item", "said"), [row[:2] for row in SAID])
def test_what_the_search_says_is_not_tested_again(item: dict[str, Any], said: bool) -> None:
    source = {"category": "process_creation", "product": "windows"}
    detection = {"a": item, "condition": "a"}
    base = {"title": "said", "name": "said", "logsource": source, "detection": detection}
    query = translate(plan_documents((base,)), profile()).query
    assert query is not None
    assert ("| where" not in query.text) is said
    values = ("alpha", "ALPHAbeta1", "xalphax", "alph", "alpha*", "al-pha", "Alpha", "10.0.0.1")
    texts = (*values, "443", "bob", "Corp Bob.b_c", "serv1", "serv-1", "4", "", None)
    fields = [
        {"CommandLine": text, "User": text, "ProcessId": number}
        for text in texts
        for number in (4, 8, 44, None)
    ]
    events = [
        Event(NOW - age * SECOND, PROCESS, {n: v for n, v in each.items() if v is not None})
        for age, each in enumerate(fields)
    ]
    rows = run(query.text, raw_events(events, profile()), NOW // SECOND)
    wanted = {alert.time for alert in evaluate(plan_documents((base,)), events, NOW)}
    assert {round(row["_time"] * SECOND) for row in rows} == wanted


def test_one_run_bounds_every_alternative() -> None:
    """The times of a scheduled run hold for all sides of an OR."""
    random = Random("runs")
    for number in range(40):
        plan = scheduled(make_plan(random), Run(frequency=10, delay=5))
        events = make_events(random)
        translation = translate(plan, profile())
        assert translation.query is not None, translation.error
        text = translation.query.text
        rows = run(text, raw_events(events, profile(), number), NOW // SECOND, seed=number)
        found = {round(row["_time"] * SECOND) for row in rows}
        assert found == {alert.time for alert in evaluate(plan, events, NOW)}, text
