"""What docs/architecture.md says a change touches, counted on the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.packaging.test_layers import ROOT, TARGETS, modules

ELASTIC = "elastic"
"""What EQL and ES|QL share."""


def own(name: str) -> bool:
    """Whether a module belongs to a target: its folder, its engine, its runner."""
    return bool(TARGETS & set(name.split("."))) or ELASTIC in name.split(".")


@cache
def outside() -> Mapping[str, ast.Module]:
    """The modules that belong to no target."""
    return {
        name: ast.parse(file.read_text("utf-8"))
        for name, file in modules().items()
        if not own(name) and not name.startswith("trident.engines")
    }


def mentioning(pattern: str) -> set[str]:
    """The modules outside of the targets whose code has a name that matches."""
    return {
        name
        for name, tree in outside().items()
        for node in ast.walk(tree)
        if re.fullmatch(pattern, getattr(node, "id", getattr(node, "attr", "")) or "")
    }


def stated(what: str) -> str:
    """The files that the table of "How to add" gives for a kind of change."""
    page = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    (number,) = re.findall(rf"^\| {re.escape(what)} \| ([^|]*) \|", page, re.M)
    return str(number).strip()


def test_no_module_outside_names_a_target() -> None:
    naming = [
        f"{name}:{node.lineno}"
        for name, tree in outside().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in TARGETS
    ]
    assert naming == []


def test_a_target_is_its_folder() -> None:
    """The fixture target has no file outside its folder and its package's metadata."""
    named = [
        file.relative_to(ROOT).as_posix()
        for root in ("backends", "engines", "translator", "tests")
        for file in (ROOT / root).rglob("*")
        if file.suffix in (".py", ".yml", ".txt")
        and "__pycache__" not in file.parts
        and re.search(r"\btoy_target\b", file.read_text("utf-8"))
    ]
    assert all(
        name.startswith("tests/fixture_target/") for name in named if "packaging" not in name
    )
    assert stated("a target") == "its folder"


def test_a_correlation_type_touches_what_the_page_says() -> None:
    touched = mentioning("RuleCount")
    assert touched == {
        "trident.rule.plan",
        "trident.rule.triggers",
        "trident.rule.monotone",
        "trident.meaning.evaluate",
        "trident.result.capabilities",
        "trident.predicates.never",
        "trident.app.explain.triggers",
    }
    assert stated("a correlation type").startswith(f"{len(touched)} ")


def test_a_modifier_touches_what_the_page_says() -> None:
    touched = mentioning("CIDR|SigmaCIDRExpression") | {"trident.result.capabilities"}
    assert stated("a modifier").startswith(f"{len(touched)} "), touched


def test_a_command_is_a_module_and_its_name() -> None:
    folder = "trident.app.commands."
    commands = {name.removeprefix(folder) for name in modules() if name.startswith(folder)}
    cli = (Path(modules()["trident.app.commands.cli"])).read_text("utf-8")
    for name in commands - {"cli", "options"}:
        assert re.search(rf"\b{name}\b", cli), name
    assert stated("a command") == "2"
