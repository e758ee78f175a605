"""Who may import whom: roots, rooms in their order, no circle. Imports for types count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOTS = {"backends": "trident", "engines": "trident.engines", "translator": "trident.app"}
"""Each source root and the package that it holds."""

TARGETS = {"kql", "spl", "eql", "esql"}
ORDER: Mapping[str, list[set[str]]] = {
    "trident": [
        *({"base"}, {"target"}, {"rule"}, {"meaning"}, {"result"}, {"mapping"}, {"predicates"}),
        *({"elastic"}, TARGETS, {"translate"}),
    ],
    "trident.engines": [{"clock", "process"}, {"kusto", "spl", "eql", "esql"}],
    "trident.app": [
        *({"files"}, {"input"}, {"report"}, {"run"}, {"parsing"}, {"artifacts"}),
        *({"schema", "explain", "check", "verify"}, {"build"}, {"plugin"}, {"commands"}),
    ],
}
"""The rooms of each root; those of one step do not import each other."""


@cache
def modules() -> Mapping[str, Path]:
    """Every module of the source roots by its name."""
    found = {}
    for root in ROOTS:
        folder = ROOT / root
        for file in (folder / "trident").rglob("*.py"):
            parts = file.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


@cache
def graph() -> Mapping[str, frozenset[str]]:
    """The modules that each module imports, wherever in it the import stands."""
    return {name: frozenset(_imports(name, file)) for name, file in modules().items()}


def _imports(name: str, file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner in modules() else node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def ours(name: str) -> Iterator[tuple[str, str]]:
    """The imports of a module that stay within the project, as (importer, imported)."""
    for imported in sorted(graph()[name]):
        if imported in modules() and imported != name:
            yield name, imported


def package(name: str) -> str:
    """The root's package that a module belongs to."""
    return max((each for each in ROOTS.values() if f"{name}.".startswith(f"{each}.")), key=len)


def room(name: str) -> str:
    """The room of a module within its root."""
    return name.removeprefix(f"{package(name)}.").partition(".")[0]


EVERY = [pair for name in modules() for pair in ours(name)]


def test_roots() -> None:
    """The library and the engines import nothing of another root."""
    crossing = [
        pair for pair in EVERY if package(pair[0]) != package(pair[1]) and "app" not in pair[0]
    ]
    assert [pair for pair in crossing if package(pair[0]) != "trident.app"] == []


@pytest.mark.parametrize("root", ROOTS.values())
def test_every_room_is_listed_and_says_what_lives_there(root: str) -> None:
    rooms = {room(name) for name in modules() if package(name) == root and name != root}
    assert rooms == set().union(*ORDER[root])
    for each in rooms:
        name = f"{root}.{each}"
        assert ast.get_docstring(ast.parse(modules()[name].read_text("utf-8"))), name


@pytest.mark.parametrize("root", ROOTS.values())
def test_no_import_runs_upwards(root: str) -> None:
    step = {each: index for index, rooms in enumerate(ORDER[root]) for each in rooms}
    upwards = [
        (importer, imported)
        for importer, imported in EVERY
        if package(importer) == package(imported) == root
        and importer != root
        and imported != root
        and room(importer) != room(imported)
        and step[room(importer)] <= step[room(imported)]
    ]
    assert upwards == []


def test_no_module_is_in_a_circle() -> None:
    """Removing modules that import nothing any more leaves those that import in circles."""
    left = {name: {imported for _, imported in ours(name)} for name in modules()}
    # A package's __init__ is run by each import below it; it imports nothing of its own rooms.
    while ends := [name for name, imported in left.items() if not imported & left.keys()]:
        for name in ends:
            del left[name]
    assert left == {}


def test_engines_know_nothing_of_sigma() -> None:
    foreign = [
        (name, imported)
        for name in modules()
        if package(name) == "trident.engines"
        for imported in graph()[name]
        if imported.partition(".")[0] == "sigma"
    ]
    assert foreign == []
