"""File names from any text."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trident.app.run.naming import safe_name, safe_names

NAMES = [
    ("steganography_then_webmail", "steganography_then_webmail"),
    ("e0003bf6-b5f2-4dd1-a130-8651eb0b9f04", "e0003bf6-b5f2-4dd1-a130-8651eb0b9f04"),
    ("../../etc/passwd", "etc_passwd"),
    ("..\\..\\windows", "windows"),
    ("/absolute", "absolute"),
    ("C:\\x", "C_x"),
    ("CON", "CON_"),
    ("nul.kql", "nul_kql"),
    ("a\0b\nc", "a_b_c"),
    ("-rf", "rf"),
    (".hidden", "hidden"),
    ("", "rule"),
    ("...", "rule"),
    ("пример", "rule"),
    ("a" * 300, f"{'a' * 91}-9835fa6b"),
]


@pytest.mark.parametrize(("name", "stem"), NAMES, ids=[repr(n[0][:20]) for n in NAMES])
def test_safe_name(name: str, stem: str) -> None:
    assert safe_name(name) == stem


@given(st.text())
def test_a_plain_name_on_every_system(name: str) -> None:
    stem = safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", stem)
    assert PurePosixPath(stem).name == stem
    assert not PureWindowsPath(stem).is_reserved()


@given(st.lists(st.text(max_size=4)))
def test_distinct_even_without_case(names: list[str]) -> None:
    stems = safe_names(dict(enumerate(names)))
    assert len({stem.casefold() for stem in stems.values()}) == len(names)


def test_a_collision_does_not_depend_on_order() -> None:
    names = {1: "Rule", 2: "rule", 3: "other", 4: "ru/le", 5: "ru le"}
    stems = safe_names(names)
    assert stems[3] == "other"
    assert len(set(stems.values())) == 5
    assert safe_names(dict(reversed(names.items()))) == stems
