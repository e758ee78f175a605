"""Characters that nobody sees: escapes in queries and artifacts, with the meaning that they have,
or a refusal."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.texts import SEEN_BY_NOBODY, hidden_in
from tests.support.selection import Bench, lab_profile, missing_engine
from tests.support.targets import SHIPPED
from tests.translator.artifacts.splunk.reader import read
from tests.translator.conftest import base, count
from tests.values.cases import FIELD, case
from trident.app.artifacts import yaml_text
from trident.app.artifacts.elastic.files import toml
from trident.app.artifacts.splunk import conf, detections
from trident.app.build.build import build
from trident.app.input.config import Config
from trident.app.run.convert import chosen_profiles
from trident.base.diagnostics import TridentError
from trident.engines.kusto.engine import bind_query
from trident.kql.syntax import literal
from trident.target import registry
from trident.translate.translate import translate

FIELDS = {FIELD: (FIELD, "string")}
WITHOUT_ESCAPES = ("esql",)
"""Languages whose strings have no escape by number."""
WAYS = ("", "contains", "endswith|cased", "re")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)


@pytest.mark.parametrize("target", SHIPPED)
def test_values(benches: Callable[[str], Bench], target: str) -> None:
    """Each kind, tested in each way: no hidden character in the query; with the meaning of the
    rule, on events."""
    profile, random = lab_profile(target, FIELDS), Random(7)
    texts = [text.replace("[", "x") for text in SEEN_BY_NOBODY.values()]
    refused = target in WITHOUT_ESCAPES
    for number, way in enumerate(WAYS):
        for text in texts:
            made = case(text, way)
            assert made is not None, text
            translation = translate(made.plan, profile)
            if refused:
                assert translation.error is not None and translation.error.code == "TRI301"
            else:
                assert translation.query is not None, (text, way)
                assert not hidden_in(translation.query.text), (text, way)
        listed = case(texts[number :: len(WAYS)], way, negated=number == 1)
        assert listed is not None
        code = benches(target).check(listed.plan, profile, listed.events(random))
        assert code == ("TRI301" if refused else ""), way


@pytest.mark.parametrize("target", SHIPPED)
def test_what_a_reader_sees_stays(target: str) -> None:
    """An emoji's joiner and selector, letters of any script."""
    for text in ("\U0001f468\u200d\U0001f469", "\u2642\ufe0f", "\u0645\u0631", "\u65e5"):
        made = case(text, "contains")
        assert made is not None
        query = translate(made.plan, lab_profile(target, FIELDS)).query
        assert query is not None and not hidden_in(query.text)


@pytest.mark.parametrize("target", SHIPPED)
def test_names(target: str) -> None:
    """No language writes a hidden character in a name."""
    made = case("a", "")
    assert made is not None
    for kind, text in SEEN_BY_NOBODY.items():
        translation = translate(made.plan, lab_profile(target, {FIELD: (text, "string")}))
        assert translation.error is not None, kind
        assert translation.error.code == "TRI304", kind


def test_microsofts_library_reads_the_numbers() -> None:
    if package := missing_engine("kql"):
        pytest.skip(f"{package} is not installed")
    for text in SEEN_BY_NOBODY.values():
        value = literal(text)
        query = f"T | project x = {value}, ['{value[1:-1]}'] = 1"
        bound = bind_query(query, {"T": {"a": "string"}})
        assert bound.errors == ()
        assert list(bound.columns) == ["x", text]


def test_comments() -> None:
    for target in registry.targets().values():
        for text in SEEN_BY_NOBODY.values():
            line = target.comment.lines([text])
            assert not hidden_in(line) and line.count("\n") == 1


@settings(max_examples=25)
@given(TEXTS)
def test_writers(text: str) -> None:
    """Each writer's file shows every character, and reads back as the same text."""
    content = {"a": text, "b": [f"x {text}\nz"], f"k{text}": {"c": text}}
    for written, reader in (
        (yaml_text.as_yaml(content), yaml.safe_load),
        (detections.as_yaml(content), yaml.safe_load),
        (toml({"m": 1}, content), lambda made: tomllib.loads(made)["rule"]),
    ):
        assert not hidden_in(written)
        assert reader(written) == content
    block = yaml_text.as_yaml({"a": yaml_text.block(text)})
    assert not hidden_in(block)
    assert yaml.safe_load(block) == {"a": text.strip() + "\n"}
    kept = conf.prose(text)
    assert not hidden_in(kept)
    if kept:
        assert read(conf.conf("", {"s": {"k": kept}}))["s"]["k"] == kept
    if hidden_in(text.strip(" \t\n").replace("\t", "")):
        with pytest.raises(TridentError):
            conf.conf("", {"s": {"k": text}})


def test_a_build(tmp_path: Path) -> None:
    """Every file of every artifact of rules with such texts, under a profile of each kind."""
    for number, text in enumerate(SEEN_BY_NOBODY.values()):
        rule = yaml.safe_load(base(f"r{number}"))
        said = {"description": text, "author": text, "falsepositives": [text], "references": [text]}
        hunt: dict[str, Any] = yaml.safe_load(count(f"r{number}"))
        said |= {"title": f"{number} {text}", "trident": {"hypothesis": text}}
        file = yaml.safe_dump_all([rule, hunt | said])
        (tmp_path / f"{number}.yml").write_text(file, "utf-8")
    places = {"kql": "sentinel", "spl": "windows_ta", "eql": "integrations", "esql": "integrations"}
    profiles = [
        profile
        for target, name in places.items()
        for profile in chosen_profiles((target,), (name,), Config())
    ]
    outcome, files = build(tmp_path, Config(), profiles, jobs=1)
    assert not outcome.errors and len(files) > 8 * len(SEEN_BY_NOBODY)
    for path, content in files.items():
        assert not hidden_in(content.decode()), path
    manifest = json.loads(files["manifest.json"])
    titles = {each["rule"]["title"] for each in manifest["translations"]}
    assert titles == {f"{number} {text}" for number, text in enumerate(SEEN_BY_NOBODY.values())}
    for number, text in enumerate(SEEN_BY_NOBODY.values()):
        place = f"kql/sentinel/analytics/many_r{number}"
        assert text in yaml.safe_load(files[f"{place}.yaml"])["description"]
        resource = json.loads(files[f"{place}.json"])["resources"][0]
        assert text in resource["properties"]["description"]
        for target in ("eql", "esql"):
            rules = f"{target}/integrations/rules"
            written = tomllib.loads(files[f"{rules}/many_r{number}.toml"].decode())["rule"]
            assert written["description"] == text
            assert not hidden_in(written["note"])
