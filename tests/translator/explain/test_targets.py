"""Where the parts of a query come from: what is said of a query is in the query."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.support.features import feature_rules
from tests.support.generate import plan_documents
from tests.support.targets import SHIPPED
from trident.app.explain.meaning import Items, items_of, meanings
from trident.app.explain.printed import explanation
from trident.app.explain.target import TargetOrigin, idiom, idioms, target_origin
from trident.app.explain.values import Shown
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles, chosen_targets, read_rules
from trident.base.diagnostics import codes
from trident.mapping.profiles import Profile, default_profile, load_profiles
from trident.result.capabilities import FEATURES, capability
from trident.result.translation import Fidelity
from trident.rule.plan import Plan
from trident.rule.planner import Planned, plan_all
from trident.rule.rules import Ruleset
from trident.target import registry
from trident.translate.translate import translate

WHOLE = Shown(True)
DEFAULTS = [load_profiles(target)[default_profile(target)] for target in registry.names()]


def no_items(_: object) -> object:
    return lambda leaf: None


def flat(text: str) -> str:
    """Without the breaks of lines, which may stand behind a parenthesis, too."""
    return " ".join(text.split()).replace("( ", "(").replace("[ ", "[")


def checked(plan: Plan, profile: Profile, items: Items) -> TargetOrigin:
    """The origin, each of its pieces found in the query that it is of."""
    origin = target_origin(plan, profile, items, WHOLE)
    translation = translate(plan, profile)
    assert origin.fidelity == str(translation.fidelity)
    if translation.query is None:
        assert origin.refused and translation.error
        assert origin.refused[0].code == translation.error.code
        return origin
    query = flat(" ".join(translation.query.texts))
    for rule in origin.rules:
        assert rule.table
        for piece in rule.records:
            assert flat(piece) in query
        for test in rule.tests:
            assert test.pieces and not test.refused, test
            for each in test.pieces:
                assert flat(each.text) in query, (each, query)
    return origin


@pytest.mark.parametrize("profile", DEFAULTS, ids=lambda profile: profile.target)
@pytest.mark.parametrize("feature", FEATURES)
def test_every_feature(profile: Profile, feature: str) -> None:
    for documents in feature_rules(feature):
        origin = checked(plan_documents(documents), profile, no_items)
        cells = {each.feature: each for each in origin.features}
        cell = capability(profile.target, feature)
        assert cells[feature].level == str(cell.level)
        assert bool(cells[feature].carried_by) is (cell.level is not Fidelity.REFUSED)
        if cell.level is Fidelity.REFUSED:
            assert cell.reason in {refused.message for refused in origin.refused}


@pytest.mark.parametrize("target", registry.names())
def test_idioms(target: str) -> None:
    """Each stands for a feature that the target has, and shows in the queries with it."""
    profile = load_profiles(target)[default_profile(target)]
    used = []
    for feature in FEATURES:
        found = idiom(target, feature)
        if not found or capability(target, feature).level is Fidelity.REFUSED:
            continue
        used.append(found["words"])
        for documents in feature_rules(feature):
            query = translate(plan_documents(documents), profile).query
            if query is not None:
                assert any(found["shows"] in text for text in query.texts), query.text
    assert {each["words"] for each in idioms(target).values()} == set(used)


def shipped(root: Path) -> Iterator[tuple[Planned, Ruleset]]:
    _, ruleset = read_rules([str(root / "rules")], Config())
    for planned in plan_all(ruleset):
        yield planned, ruleset


def test_every_shipped_rule_on_every_profile(root: Path) -> None:
    profiles = chosen_profiles(chosen_targets(SHIPPED), (), Config(), every=True)
    for planned, ruleset in shipped(root):
        assert planned.plan is not None
        items = items_of(ruleset)
        words = meanings(planned.plan, items, WHOLE)
        origins = [checked(planned.plan, profile, items) for profile in profiles]
        text = explanation(words, origins, WHOLE)
        assert " at 0x" not in text and "backends." not in text
        for origin in origins:
            for rule in origin.rules:
                for use in rule.fields:
                    assert use.reason or (
                        use.confidence and set(use.sources) <= set(origin.sources)
                    )


def test_labels_name_the_selections(root: Path) -> None:
    """Each test of a shipped rule is traced to a selection that the rule has."""
    for planned, ruleset in shipped(root):
        assert planned.plan is not None
        origin = target_origin(planned.plan, DEFAULTS[0], items_of(ruleset), WHOLE)
        known = {
            name
            for rule in ruleset.rules
            for name in rule.document.data.get("detection", {})
            if name != "condition"
        }
        for rule in origin.rules:
            for test in rule.tests:
                assert test.test.detection and set(test.test.detection) <= known


def test_refusals_are_all_given() -> None:
    """Not only the first: the field without a column, the regex, the keyword, each at its test."""
    plan = plan_documents(
        (
            {
                "title": "r",
                "logsource": {"category": "process_creation", "product": "windows"},
                "detection": {
                    "a": {"CommandLine|re": r"a\Bx", "Nowhere": "z"},
                    "b": ["word"],
                    "condition": "a and b",
                },
            },
        )
    )
    profile = load_profiles("eql")[default_profile("eql")]
    origin = target_origin(plan, profile, no_items, WHOLE)
    assert {each.code for each in origin.refused} == {"TRI202", "TRI302", "TRI303"}
    assert all(each.help for each in origin.refused)
    (rule,) = origin.rules
    assert [test.refused for test in rule.tests] == ["TRI303", "TRI202", "TRI302"]
    assert {use.field: bool(use.reason) for use in rule.fields} == {
        "CommandLine": False,
        "Nowhere": True,
    }


def test_no_table() -> None:
    document = {
        "title": "r",
        "logsource": {"product": "nothing"},
        "detection": {"a": {"f": 1}, "condition": "a"},
    }
    origin = target_origin(plan_documents((document,)), DEFAULTS[0], no_items, WHOLE)
    assert [each.code for each in origin.refused] == ["TRI201"]
    assert origin.rules[0].table == ""


def test_a_list_that_is_written_in_one() -> None:
    """Elastic writes a list of one field in one, SPL as one regular expression."""
    document = {
        "title": "r",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {
            "a": {"Image|endswith": [r"\x.exe", r"\y.exe"]},
            "b": {"Image|endswith": r"\z.exe", "CommandLine": "q"},
            "condition": "a or b",
        },
    }
    plan = plan_documents((document,))
    by_target = {
        profile.target: target_origin(plan, profile, no_items, WHOLE).rules[0].tests
        for profile in DEFAULTS
    }
    assert [len(test.pieces) for test in by_target["kql"]] == [2, 1, 1]
    assert [len(test.pieces) for test in by_target["spl"]] == [1, 1, 1]
    assert [len(test.pieces) for test in by_target["eql"]] == [1, 1, 1]
    assert not any(piece.shared for test in by_target["eql"] for piece in test.pieces)


def test_below_not() -> None:
    """A piece is the test without its not, so the words beside it are, too."""
    document = {
        "title": "r",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {
            "a": {"Image": "x"},
            "b": {"Image|contains": "y"},
            "c": {"User": "z", "CommandLine": "w"},
            "condition": "a and not b and not (c or not a)",
        },
    }
    (rule,) = target_origin(plan_documents((document,)), DEFAULTS[0], no_items, WHOLE).rules
    assert [(test.below_not, test.test.text, test.pieces[0].text) for test in rule.tests] == [
        (False, 'Image is "x", ignoring case', 'FolderPath =~ "x"'),
        (True, 'Image contains "y", ignoring case', 'FolderPath contains "y"'),
        (True, 'User is "z", ignoring case', 'AccountName =~ "z"'),
        (True, 'CommandLine is "w", ignoring case', 'ProcessCommandLine =~ "w"'),
        (False, 'Image is "x", ignoring case', 'FolderPath =~ "x"'),
    ]


def test_values_in_the_records_own_words() -> None:
    """Hashes are looked for in fields of their own; the test leads to them."""
    document = {
        "title": "r",
        "logsource": {"category": "process_creation", "product": "windows"},
        "detection": {
            "a": {"Hashes|contains": ["MD5=" + "a" * 32, "SHA1=" + "b" * 40]},
            "condition": "a",
        },
    }
    origin = checked(plan_documents((document,)), DEFAULTS[0], no_items)
    (rule,) = origin.rules
    (test,) = rule.tests
    assert len(test.pieces) == 2
    columns = {use.field: use.column or use.reason for use in rule.fields}
    assert (columns["md5"], columns["sha1"]) == ("MD5", "SHA1")
    assert columns["Hashes"] == "tested on other fields here"


def test_notes_come_with_their_way_out(root: Path) -> None:
    for planned, ruleset in shipped(root):
        assert planned.plan is not None
        for profile in DEFAULTS:
            origin = target_origin(planned.plan, profile, items_of(ruleset), WHOLE)
            for note in origin.notes:
                assert note.help == codes()[note.code]["help"]
            given = {note.code for note in origin.notes}
            for feature in origin.features:
                assert set(feature.notes) <= given or origin.refused


def test_public_rules(shared: Path) -> None:
    """A sample of the public set: words for all, and each piece is in the query."""
    folder = shared / "corpus" / "sigmahq" / "rules"
    if not folder.is_dir():
        pytest.skip("no public rules beside the project")
    files = sorted(folder.rglob("*.yml"))
    sample = Random("explain").sample(files, 150)
    _, ruleset = read_rules(map(str, sample), Config())
    items = items_of(ruleset)
    for planned in plan_all(ruleset):
        if planned.plan is None:
            continue
        words = meanings(planned.plan, items, Shown())
        origins = [checked(planned.plan, profile, items) for profile in DEFAULTS]
        assert explanation(words, origins, Shown())
