"""``trident schema``: the schemas accept what the readers accept, and refuse what they refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.translator.conftest import Trident, base, count
from tests.translator.input import test_config
from trident.app.input import config
from trident.app.input.config import Config
from trident.app.run.convert import read_rules
from trident.app.schema.schemas import SCHEMAS, config_schema, rule_schema
from trident.base.diagnostics import TridentError
from trident.rule import extension
from trident.rule.planner import plan_all
from trident.target import registry

jsonschema = pytest.importorskip("jsonschema")

CONFIG, RULE = config_schema(), rule_schema()


def errors(schema: Any, document: Any) -> list[str]:
    """What a schema finds wrong with a document."""
    return [each.message for each in jsonschema.Draft7Validator(schema).iter_errors(document)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_command_prints_a_valid_schema(trident: Trident, name: str) -> None:
    ran = trident("schema", name)
    assert ran.json == SCHEMAS[name]()
    jsonschema.Draft7Validator.check_schema(ran.json)
    assert ran.out == trident("schema", name).out
    assert all(not set(each) - {"$ref"} for each in _references(ran.json)), "7: ignored beside $ref"


def _references(schema: Any) -> Iterator[Any]:
    if isinstance(schema, dict):
        if "$ref" in schema:
            yield schema
        for each in schema.values():
            yield from _references(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def test_the_configuration_is_the_default(trident: Trident) -> None:
    assert trident("schema").json == CONFIG
    assert trident("schema", "nothing").code == 2


def keys(schema: Any, *path: str) -> set[str]:
    for key in path:
        schema = schema["properties"][key]
    return set(schema["properties"])


def test_every_key_of_the_configuration() -> None:
    assert keys(CONFIG) == set(config._KEYS)
    assert keys(CONFIG, "check") == set(config._CHECK_KEYS)
    assert keys(CONFIG, "schedule") == {"frequency", "delay"}
    row = CONFIG["definitions"]["row"]
    assert keys(row) == set(config._FIELD_KEYS)
    assert keys(row, "logsource") == set(config._LOGSOURCE_KEYS)
    assert keys(CONFIG["definitions"]["columns"]) == set(config.COLUMN_TYPES)
    for section in ("profiles", "settings", "tables", "fields"):
        assert keys(CONFIG, section) == set(registry.names())


def test_every_key_of_the_extension() -> None:
    assert keys(RULE, "trident") == set(extension._KEYS)
    assert keys(RULE, "trident", "baseline") == set(extension._BASELINE_KEYS)
    assert keys(RULE, "trident", "baseline", "exceeds") == set(extension._EXCEEDS_KEYS)
    columns = RULE["properties"]["trident"]["properties"]["columns"]
    assert keys(columns["additionalProperties"]) == set(extension._COLUMN_KEYS)


@pytest.mark.parametrize("schema", [CONFIG, RULE], ids=["config", "rule"])
def test_what_a_key_is_for_is_said(schema: Any) -> None:
    for name, each in _described(schema):
        assert each.get("description", "").endswith("."), name


def _described(schema: Any) -> Iterator[tuple[str, Any]]:
    """The keys that users write, apart from names of theirs."""
    for name, each in schema.get("properties", {}).items():
        yield name, each
        if name not in ("profiles", "settings", "tables", "fields", "entities"):
            yield from _described(each)


PAGES = ["artifacts.md", "configuration.md", "capabilities.md", "check.md", "ci.md"]


def examples(root: Path) -> Iterator[Any]:
    """The YAML blocks of the documentation that are a ``trident.yml``."""
    for page in PAGES:
        path = root / "docs" / page
        text = path.read_text("utf-8") if path.is_file() else ""
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
            found = yaml.safe_load(block)
            if isinstance(found, dict) and set(found) <= set(config._KEYS):
                yield pytest.param(found, id=f"{page}: {', '.join(found)}")


ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("example", list(examples(ROOT)))
def test_the_documentation(example: Any) -> None:
    assert errors(CONFIG, example) == []


SECTIONS = [
    "",
    test_config.FULL,
    "author: me\nschedule: {frequency: 30m, delay: 0}\ncheck: {select: TRI, ignore: [TRI606]}",
    "profiles:\nsettings:\ntables: {kql: {Own_CL: }}\nfields:\nplaceholders:\nschedule:\ncheck:\n",
    "tables: {spl: {okta: {macro: okta, columns: {string: [actor]}}}}\n"
    "settings: {spl: {macros: {okta: okta_logs}}}",
    "tables: {eql: {own: {index: own_index, select: {event.module: own}}}}\n"
    "settings: {eql: {own_index: logs-own-*}, esql: {stack: '9.1'}}",
    "tables: {spl: {DeviceProcessEvents: {columns: {string: site}}}}",
]


@pytest.mark.parametrize("text", SECTIONS)
def test_what_the_reader_takes(tmp_path: Path, text: str) -> None:
    test_config.config(tmp_path, text)
    assert errors(CONFIG, yaml.safe_load(text)) == []


WRONG = [
    *[case[1] for case in test_config.WRONG if case[2] in ("TRI104", "TRI502", "TRI504")],
    "schedule: {frequency: 1 hour}",
    "schedule: {frequency: 0m}",
    "schedule: {every: 1h}",
    "check: {selects: TRI}",
    "settings: {kql: {index: a}}",
    "settings: {kql: }",
    "fields: {kql: }",
]

BEYOND = "settings: {spl: {macros: {cefs: a}}}\n"
"""A misspelt macro: a schema does not know the macros that the user's own tables name."""


@pytest.mark.parametrize("text", [text for text in WRONG if "---" not in text and text != BEYOND])
def test_what_the_reader_refuses(tmp_path: Path, text: str) -> None:
    with pytest.raises(TridentError):
        test_config.config(tmp_path, text)
    assert errors(CONFIG, yaml.safe_load(text))


def test_what_a_schema_cannot_know(tmp_path: Path) -> None:
    with pytest.raises(TridentError):
        test_config.config(tmp_path, BEYOND)
    assert errors(CONFIG, yaml.safe_load(BEYOND)) == []


def documents(root: Path) -> Iterator[Any]:
    for path in sorted((root / "rules").rglob("*.yml")):
        if not path.name.endswith(".events.yml"):
            for number, each in enumerate(yaml.safe_load_all(path.read_text("utf-8"))):
                yield pytest.param(each, id=f"{path.stem}-{number}")


@pytest.mark.parametrize("document", list(documents(ROOT)))
def test_the_shipped_rules(document: Any) -> None:
    assert errors(RULE, document) == []


GOOD_RULES = [
    "lookback: 30d",
    "baseline: {window: 7d..1d, unseen: [Image]}",
    "baseline: {window: 7d .. 1d, exceeds: {field: ProcessId, percentile: 95, factor: 2}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: avg, stdevs: 3, by: [Use]}}",
    "baseline: {window: 7d..1d, unseen: [Image], unseen_empty: true}",
    "columns: {Last: {field: Image, after_last: '\\'}}",
    "schedule: {frequency: 1h, delay: 0}\n  risk_score: 47",
    "entities: [{type: Host, HostName: Computer}]\n  source_name: x\n  hypothesis: y",
]

BAD_RULES = [
    "lookback: 0d",
    "lookback: 30 days",
    "lookbak: 30d",
    "lookback: 30d\n  baseline: {window: 7d..1d, unseen: [Image]}",
    "baseline: {window: 7d, unseen: [Image]}",
    "baseline: {window: 7d..1d}",
    "baseline: {window: 7d..1d, unseen: []}",
    "baseline: {unseen: [Image]}",
    "baseline: {window: 7d..1d, unseen: [Image], unseen_empty: 1}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId}}",
    "baseline: {window: 7d..1d, exceeds: {percentile: 95}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, percentile: 0}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, percentile: 95.5}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: median}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: avg, percentile: 5}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: max, stdevs: 1}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: avg, stdevs: 1, factor: 1}}",
    "baseline: {window: 7d..1d, exceeds: {field: ProcessId, statistic: avg, factor: -1}}",
    "columns: {Last Name: {field: Image}}",
    "columns: {Last: {}}",
    "columns: {Last: {field: ''}}",
    "columns: {Last: {field: Image, after_last: ''}}",
    "columns: {Last: {after_last: /, stage: 1}}",
    "columns: {Last: {stage: 0}}",
    "columns: [Last]",
]

BAD_DEPLOYMENTS = [
    "schedule: {frequency: hourly}",
    "schedule: {period: 1h}",
    "risk_score: 101",
    "risk_score: 47.5",
    "risk_score: true",
    "entities: [{type: Hosts, HostName: Computer}]",
    "entities: [{type: Host, Hostname: Computer}]",
    "entities: [{type: Host}]",
    "entities: [{HostName: Computer}]",
]


def findings(tmp_path: Path, text: str) -> list[Any]:
    """What planning finds wrong with a rules file."""
    path = tmp_path / "rule.yml"
    path.write_text(text, "utf-8")
    loaded, ruleset = read_rules([str(path)], Config())
    found = [*loaded.diagnostics, *ruleset.diagnostics]
    return [*found, *(each for planned in plan_all(ruleset) for each in planned.diagnostics)]


def correlation(extension: str) -> str:
    return f"{count()}trident:\n  {extension}\n"


@pytest.mark.parametrize("text", GOOD_RULES)
def test_what_the_planner_takes(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, f"{base()}---\n{correlation(text)}") == []
    assert errors(RULE, yaml.safe_load(correlation(text))) == []


@pytest.mark.parametrize("text", BAD_RULES)
def test_what_the_planner_refuses(tmp_path: Path, text: str) -> None:
    assert findings(tmp_path, f"{base()}---\n{correlation(text)}")
    assert errors(RULE, yaml.safe_load(correlation(text)))


@pytest.mark.parametrize("text", BAD_DEPLOYMENTS)
def test_what_a_deployment_refuses(trident: Trident, tmp_path: Path, text: str) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "rule.yml").write_text(f"{base()}---\n{correlation(text)}", "utf-8")
    assert trident("build", cwd=tmp_path).code == 1
    assert errors(RULE, yaml.safe_load(correlation(text)))


def test_a_detection_rule_only_says_how_it_is_deployed(tmp_path: Path) -> None:
    good, bad = (f"{base()}trident: {{{each}}}\n" for each in ("risk_score: 5", "lookback: 3d"))
    assert findings(tmp_path, good) == []
    assert errors(RULE, yaml.safe_load(good)) == []
    assert findings(tmp_path, bad)
    assert errors(RULE, yaml.safe_load(bad))
