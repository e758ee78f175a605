"""Hostile texts of rules come back as they were, and show as text where Kibana renders Markdown."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.translator.artifacts.elastic.conftest import build
from tests.translator.conftest import base, count, write
from trident.app.artifacts.elastic.files import line, ndjson, portions, toml
from trident.app.artifacts.elastic.guide import markdown

HOSTILE = [
    'quote " and \'\'\' and """ end',
    "ends with a backslash \\",
    "two lines\n[rule]\nrisk_score = 0",
    "a return\r\nin it\r",
    "{{ template }} ${x} $x$ %s %% {0}",
    "control \x00\x07\x1b[31m\x7f\x85\u2028\u2029 characters",
    "right to left \u202e and \u200f",
    "# heading\n- item\n\n    code\n\n| a | b |\n",
    "![image](http://x) [link](javascript:alert(1)) <script>alert(1)</script>",
    '!{investigate{"label":"x"}} !{osquery{"query":"x"}}',
    "a" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
def test_texts_come_back(tmp_path: Path, text: str) -> None:
    hunt = yaml.safe_load(count())
    hunt |= {
        "title": text[:200],
        "description": text,
        "author": text,
        "references": [text],
        "falsepositives": [text],
        "trident": {"hypothesis": text},
    }
    documents = [yaml.safe_load(base()), hunt]
    built = build(write(tmp_path, rule=yaml.safe_dump_all(documents)))
    for place in ("eql/integrations", "esql/integrations"):
        (rule,) = built.rules(place)
        (file,) = (text for path, text in built.files.items() if path.startswith(f"{place}/rules/"))
        read = tomllib.loads(file)["rule"]
        for found in (rule, read):
            assert found["description"] == text.strip()
            assert found["name"] == text[:200]
            assert found["author"] == found["references"] == found["false_positives"]
            assert found["references"] == [text.strip()]
            assert found["note"] == rule["note"]
        assert read["risk_score"] == 47
        assert len(built.files[f"{place}/rules.ndjson"].splitlines()) == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_the_text(text: str) -> None:
    tokens = MarkdownIt("commonmark").parse(f"before\n\n{markdown(text)}")
    inside = [child.type for token in tokens for child in token.children or ()]
    assert not {"link_open", "image", "html_inline", "code_inline"} & set(inside)
    assert not {"heading_open", "html_block", "fence"} & {token.type for token in tokens}
    assert "!{" not in markdown(text), "what Kibana's own Markdown starts with"


@given(st.text())
def test_a_toml_text_comes_back(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    read = tomllib.loads(toml({"a": text}, {"b": [text], "c": [{"d": text}]}))
    assert read == {"metadata": {"a": text}, "rule": {"b": [text], "c": [{"d": text}]}}


def test_portions() -> None:
    rules = [{"name": "x" * size} for size in (1, 1, 1, 50, 1)]
    cut = [rules[portion] for portion in portions(rules, most=2, size=80)]
    assert [len(each) for each in cut] == [2, 2, 1]
    assert [rule for each in cut for rule in each] == rules
    assert list(portions([])) == [slice(0, 0)]
    big = [rules[portion] for portion in portions(rules, most=9, size=len(line(rules[0])) * 3)]
    assert [len(each) for each in big] == [3, 1, 1], "one that is too large stands alone"


def test_lines_are_lines() -> None:
    text = ndjson([{"name": "a\u2028b\nc"}])
    assert text.isascii()
    assert json.loads(text.splitlines()[0]) == {"name": "a\u2028b\nc"}
