"""Files, folders and standard input to documents."""

from __future__ import annotations

import hashlib
import io
import os
from pathlib import Path

import pytest

from tests.translator.conftest import base, hunt, write
from trident.app.input import sources
from trident.app.input.load import load


def titles(*paths: Path | str, named_filters: bool = False) -> list[str]:
    """The titles of the documents under ``paths``, which load without a diagnostic."""
    loaded = load(map(str, paths), named_filters=named_filters)
    assert loaded.diagnostics == []
    return [str(document.data["title"]) for document in loaded.documents]


FILTER = """\
title: Filter
name: quiet
logsource: {product: windows}
filter:
  rules: [base]
  selection: {User: x}
  condition: not selection
"""


def test_folder(tmp_path: Path) -> None:
    write(
        tmp_path,
        b="title: b\ndetection: {}",
        a__z="title: z\ndetection: {}",
        a__hunt="title: hunt\ndetection: {}",
        trident="profiles: {}",
        filters__quiet=FILTER,
    )
    (tmp_path / "c.yaml").write_text("title: c\ndetection: {}")
    (tmp_path / "a" / "hunt.events.yml").write_text("now: x")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.yml").write_text("title: hidden")
    assert titles(tmp_path) == ["hunt", "z", "b", "c", "Filter"]


def test_symlink_loop(tmp_path: Path) -> None:
    write(tmp_path, a__rule="title: a\ndetection: {}")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "again").symlink_to(tmp_path / "a", target_is_directory=True)
    assert titles(tmp_path) == ["a"]


def test_a_file_given_twice_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, rule="title: a\ndetection: {}")
    assert titles(tmp_path / "rule.yml", tmp_path, tmp_path / "." / "rule.yml") == ["a"]


def test_filters_beside_a_file(tmp_path: Path) -> None:
    write(tmp_path, rule="title: a\ndetection: {}", filters__quiet=FILTER)
    assert titles(tmp_path / "rule.yml") == ["a"]
    assert titles(tmp_path / "rule.yml", named_filters=True) == ["a", "Filter"]


def test_a_rule_among_filters(tmp_path: Path) -> None:
    write(tmp_path, filters__rule=base())
    (found,) = load([str(tmp_path)]).diagnostics
    assert (found.code, found.span.line) == ("TRI004", 1)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(hunt().encode()))
    monkeypatch.setattr("sys.stdin", stream)
    loaded = load(["-"])
    assert [d.span.file for d in loaded.documents] == ["<stdin>", "<stdin>"]
    assert list(loaded.inputs) == ["<stdin>"]


def test_inputs_are_hashed(tmp_path: Path) -> None:
    write(tmp_path, rule=base())
    file = tmp_path / "rule.yml"
    loaded = load([str(file)])
    assert loaded.inputs == {file.as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()}


def test_unreadable_files_cost_only_themselves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "MAX_BYTES", 1000)
    write(tmp_path, good="title: good\ndetection: {}", broken="a: [1]]", many="a: 1\n" * 500)
    (tmp_path / "latin.yml").write_bytes("title: a\nb: ä\n".encode("latin-1"))
    (tmp_path / "gone.yml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "list.yml").write_text("- a\n")
    os.mkfifo(tmp_path / "pipe.yml")
    loaded = load([str(tmp_path)])
    assert [d.data["title"] for d in loaded.documents] == ["good"]
    found = {(Path(d.span.file).name, d.code, d.span.line) for d in loaded.diagnostics}
    assert found == {
        ("broken.yml", "TRI002", 1),
        ("many.yml", "TRI006", 0),
        ("latin.yml", "TRI001", 2),
        ("gone.yml", "TRI001", 0),
        ("list.yml", "TRI004", 1),
        ("pipe.yml", "TRI008", 0),
    }


def test_byte_order_mark(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"\xef\xbb\xbftitle: a\ndetection: {}\n")
    assert titles(tmp_path) == ["a"]


ACTIONS = """\
action: global
title: shared
logsource: {product: windows, category: file_event}
detection: {condition: a}
---
id: one
detection: {a: {x: 1}}
---
action: repeat
id: two
detection: {a: {y: 2}}
---
title: own
correlation: {type: event_count}
---
action: reset
---
title: three
logsource: {product: linux}
detection: {}
"""


def test_actions(tmp_path: Path) -> None:
    write(tmp_path, rule=ACTIONS)
    loaded = load([str(tmp_path)])
    assert loaded.diagnostics == []
    windows = {"product": "windows", "category": "file_event"}
    assert [document.data for document in loaded.documents] == [
        {
            "title": "shared",
            "id": "one",
            "logsource": windows,
            "detection": {"a": {"x": 1}, "condition": "a"},
        },
        {
            "title": "shared",
            "id": "two",
            "logsource": windows,
            "detection": {"a": {"x": 1, "y": 2}, "condition": "a"},
        },
        {"title": "own", "correlation": {"type": "event_count"}},
        {"title": "three", "logsource": {"product": "linux"}, "detection": {}},
    ]
    second = loaded.documents[1]
    assert second.at("detection", "a", "y").line == 11
    assert second.at("logsource", "product").line == 3


def test_unknown_action(tmp_path: Path) -> None:
    write(tmp_path, rule="title: a\naction: rewrite\n")
    (found,) = load([str(tmp_path)]).diagnostics
    assert (found.code, found.span.line) == ("TRI101", 2)
