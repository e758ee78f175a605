"""YAML text to data: as PyYAML reads it, and what is wrong at its place."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from trident.app.input.yamltext import BrokenDocument, YamlDocument, locate, read_documents

BROKEN = [
    ("unclosed list", "a: [1, 2\nb: 3\n", "TRI002", 2),
    ("tab as indentation", "a:\n\tb: 1\n", "TRI002", 2),
    ("unknown tag", "a: !!python/object:os.system x\n", "TRI002", 1),
    ("impossible date", "a: 1\nb: 2022-13-45\n", "TRI002", 2),
    ("number of 5,000 digits", f"a: {'9' * 5000}\n", "TRI002", 1),
    ("NUL", "a: 1\nb: \0\n", "TRI002", 2),
    ("undefined alias", "a: *b\n", "TRI002", 1),
    ("list as key", "? [a]\n: 1\n", "TRI002", 1),
    ("merge of a scalar", "a: {<<: 1}\n", "TRI002", 1),
    ("duplicate key", "a: 1\nb:\n  c: 1\n  c: 2\n", "TRI003", 4),
    ("duplicate key, other spelling", "1: a\n0x1: b\n", "TRI003", 2),
    ("duplicate key in a flow mapping", "a: {b: 1, b: 2}\n", "TRI003", 1),
    ("value that holds itself", "a: &x [*x]\n", "TRI005", 1),
    ("101 levels", "[" * 101 + "]" * 101, "TRI007", 1),
    ("as deep as the C stack would not bear", "[" * 300_000, "TRI007", 1),
    ("deep block sequence", "- " * 300_000 + "a", "TRI007", 1),
]


@pytest.mark.parametrize(
    ("text", "code", "line"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN]
)
def test_broken(text: str, code: str, line: int) -> None:
    (broken,) = read_documents(text, "f.yml")
    assert isinstance(broken, BrokenDocument)
    found = broken.diagnostic
    assert (found.code, found.span.file, found.span.line) == (code, "f.yml", line)
    assert found.span.column >= 1
    assert found.hint


def test_alias_bomb() -> None:
    levels = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 9)]
    text = "\n".join(["l0: &l0 [1, 2]", *levels])
    (broken,) = read_documents(text)
    assert isinstance(broken, BrokenDocument)
    assert broken.diagnostic.code == "TRI005"


def test_aliases_within_bounds() -> None:
    (document,) = read_documents("a: &x [1, 2]\nb: *x\nc: {d: *x}\n")
    assert isinstance(document, YamlDocument)
    assert document.data == {"a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]}}


def test_a_broken_document_costs_only_itself() -> None:
    text = (
        "title: one\n---\nname: two\nid: 'u-2'\na: 'open\n---\ntitle: three\n"
        "---\nname: four\na: 1\na: 2\n---\n# nothing\n---\n---\ntitle: five\n"
    )
    read = list(read_documents(text))
    good = [(d.data["title"], d.span.line) for d in read if isinstance(d, YamlDocument)]
    broken = [(d.diagnostic.code, d.names) for d in read if isinstance(d, BrokenDocument)]
    assert good == [("one", 1), ("three", 7), ("five", 16)]
    assert broken == [("TRI002", ("two", "u-2")), ("TRI003", ("four",))]


SAME = [
    ("types", "a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf: 2020-01-02\ng: 0x1F\nh: '1'\ni: yes\n"),
    ("times", "a: 2020-01-02T03:04:05Z\n"),
    ("block scalars", "a: |\n  x\n  y\nb: >-\n  x\n  y\n"),
    ("merge", "x: &m {a: 1, b: 2}\ny: {<<: *m, b: 3}\nz: {<<: [*m, {a: 9, c: 4}], d: 1}\n"),
    ("directives and comments", "# c\n%YAML 1.1\n--- # d\na: 1\n...\n"),
    ("binary and set", "a: !!binary aGk=\nb: !!set {x, y}\n"),
    ("CRLF", "a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n"),
    ("a scalar that looks like a separator", "a: '--- x'\nb: |\n  ---\n"),
    ("on one line with its separator", "--- {a: 1}\n--- [2]\n"),
    ("no document", "# only a comment\n"),
]


@pytest.mark.parametrize("text", [c[1] for c in SAME], ids=[c[0] for c in SAME])
def test_data_as_pyyaml(text: str) -> None:
    read = [d.data for d in read_documents(text) if isinstance(d, YamlDocument)]
    assert read == [d for d in yaml.load_all(text, yaml.CSafeLoader) if d is not None]


def test_corpus_as_pyyaml(shared: Path) -> None:
    files = sorted((shared / "corpus" / "sigmahq").rglob("*.yml"))[::10]
    assert len(files) > 100
    for file in files:
        text = file.read_text(encoding="utf-8")
        read = [d.data for d in read_documents(text, str(file)) if isinstance(d, YamlDocument)]
        assert read == [d for d in yaml.load_all(text, yaml.CSafeLoader) if d is not None], file


PLACES = [
    (("title",), (4, 1)),
    (("correlation", "group-by"), (6, 3)),
    (("correlation", "rules", 1), (8, 5)),
    (("correlation", "rules", 7), (7, 3)),
    (("correlation", "absent"), (5, 1)),
    ((), (3, 1)),
    (("correlation", "condition", "gte"), (9, 15)),
]


@pytest.mark.parametrize(("path", "place"), PLACES, ids=[str(p[0]) for p in PLACES])
def test_locate(path: tuple[str | int, ...], place: tuple[int, int]) -> None:
    text = (
        "a: 1\n---\nb: 1\ntitle: t\ncorrelation:\n  group-by: [x]\n  rules: [a,\n"
        "    b]\n  condition: {gte: 1}\n"
    )
    document = list(read_documents(text, "f.yml"))[1]
    assert isinstance(document, YamlDocument)
    span = locate((document.place,), path)
    assert (span.file, span.line, span.column) == ("f.yml", *place)


def test_headline() -> None:
    (document,) = read_documents("id: 1\ndetection: {}\ntitle: t\n")
    assert isinstance(document, YamlDocument)
    assert document.span.line == 3
