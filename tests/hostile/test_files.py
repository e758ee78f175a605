"""No file makes a command wait, eat memory or end in a traceback: one reader opens them all."""

from __future__ import annotations

import ast
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.packaging.test_layers import modules
from tests.translator.conftest import Trident, hunt, write
from trident.app.files import reading
from trident.app.files.reading import content, lines, opened, read
from trident.app.input.sources import read_sources
from trident.base.diagnostics import TridentError

READING, WRITING = "trident.app.files.reading", "trident.app.files.writing"
SHIPPED = {
    "trident.base.data",
    "trident.app.schema.schemas",
    "trident.engines.spl.parser",
    "trident.engines.spl.checks",
}
"""The modules that read data which ships inside a package: nobody else names it."""
NOWHERE = {"trident.app.parsing.serve"}
"""Opens the null device, where what parsers print goes."""

Special = Callable[[Path], object]


def device(path: Path) -> None:
    """A link to the device that has no end."""
    path.symlink_to("/dev/zero")


def bound(path: Path) -> None:
    """A socket; its name is relative, for a socket's may have some 100 characters only."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def sparse(path: Path) -> None:
    """A file that is far larger than it takes on the disk."""
    with path.open("wb") as file:
        file.truncate(10**13)


KINDS: dict[str, tuple[Special, str]] = {
    "pipe": (os.mkfifo, "TRI008"),
    "device": (device, "TRI008"),
    "socket": (bound, "TRI008"),
    "folder": (Path.mkdir, "TRI001"),
    "huge": (sparse, "TRI006"),
    "loop": (lambda path: path.symlink_to(path.name), "TRI001"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_reader(tmp_path: Path, kind: str) -> None:
    make, code = KINDS[kind]
    make(tmp_path / "it")
    with pytest.raises(TridentError) as caught:
        read(tmp_path / "it", "shown")
    assert (caught.value.diagnostic.code, caught.value.diagnostic.span.file) == (code, "shown")
    assert caught.value.diagnostic.hint
    assert content(tmp_path / "it") is None


def test_reader_limits(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"12345\n1234567\n")
    link.symlink_to("file")
    assert read(link, limit=14) == file.read_bytes()
    assert content(file, 13) is None
    assert content(link, follow=False) is None
    assert content("a\0b") is None and content("a\ud800b") is None
    assert read("/proc/self/cmdline")  # of size 0, as it says
    with pytest.raises(TridentError) as caught, opened(file) as stream:
        list(lines(stream, "it", 7))
    assert caught.value.diagnostic.code == "TRI006"
    assert caught.value.diagnostic.span.line == 2
    with opened(file) as stream:
        assert list(lines(stream, "it", 8)) == [b"12345\n", b"1234567\n"]


def test_what_stands_there_when_it_is_opened_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that becomes a pipe after it was looked at."""
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    whole = os.open
    monkeypatch.setattr(reading.os, "open", lambda _, *flags: whole(tmp_path / "pipe", *flags))
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(TridentError) as caught:
        read(tmp_path / "file")
    assert caught.value.diagnostic.code == "TRI008"
    assert len(list(Path("/proc/self/fd").iterdir())) == before


FILTER = """\
title: own
name: own
logsource: {product: windows}
filter: {rules: any, selection: {User: scanner}, condition: not selection}
"""
SITE = "profiles: {kql: sentinel, spl: microsoft_addon, eql: sysmon, esql: sysmon}\n"
COMMANDS: list[tuple[str, str]] = [
    # The file that is special, and the arguments of the command.
    ("it.yml", "check it.yml"),
    ("it.yml", "convert it.yml -t kql"),
    ("it.yml", "explain it.yml"),
    ("it.yml", "verify it.yml"),
    ("it.yml", "list filters it.yml"),
    ("rules/it.yml", "check rules"),
    ("rules/it.yml", "convert rules -t kql"),
    ("rules/it.yml", "build rules"),
    ("rules/filters/it.yml", "convert rules/good.yml -t kql --filter own"),
    ("rules/good.events.yml", "verify rules --against rules"),
    ("rules/good.events.yml", "verify rules --update"),
    ("old.yml", "verify rules --against old.yml"),
    ("logs.jsonl", "verify rules --events logs.jsonl --source sentinel"),
    ("p.yml", "check rules -p p.yml"),
    ("p.yml", "convert rules -t kql -p p.yml"),
    ("p.yml", "build rules -p p.yml"),
    ("p.yml", "explain rules -p p.yml"),
    ("it.yml", "convert rules -t kql --config it.yml"),
    ("trident.yml", "check rules"),
    ("trident.yml", "convert rules -t kql"),
    ("trident.yml", "build rules"),
    ("dist/manifest.json", "build rules"),
    ("dist/manifest.json", "build rules --check"),
    ("dist/manifest.json", "build rules --diff"),
    ("dist/manifest.json", "build rules --only kql"),
    ("dist/kql/sentinel/many_good.kql", "build rules"),
    ("dist/kql/sentinel/many_good.kql", "build rules --diff"),
    ("../cache/checked.digests", "check rules --select TRI0 --cache-dir ../cache"),
    ("../cache/secret", "convert rules -t kql --cache-dir ../cache"),
]


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_every_command_on_a_special_file(trident: Trident, tmp_path: Path, kind: str) -> None:
    """No command waits, and none passes what it cannot read over in silence. A manifest or an
    entry of the cache that cannot be read is none: there the command goes on, or says whose the
    folder is."""
    for number, (place, arguments) in enumerate(COMMANDS[:: 1 if kind == "pipe" else 3]):
        folder = tmp_path / str(number)
        write(folder, rules__good=hunt("good"), rules__filters__own=FILTER)
        if place != "trident.yml":
            write(folder, trident=SITE)
        if place.startswith(".."):
            shutil.rmtree(tmp_path / "cache", ignore_errors=True)
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        KINDS[kind][0](folder / place)
        unchecked = ["--unchecked"] if arguments.startswith(("check", "build")) else []
        ran = trident(*arguments.split(), *unchecked, cwd=folder)
        said = ran.out + ran.err
        if place.startswith("dist"):
            assert ran.code != 0 or "--only" in arguments, (arguments, said)
        elif place.startswith("../cache"):
            assert ran.code == 0, (arguments, said)
        else:
            assert ran.code in (1, 2), (arguments, said)
            assert "TRI008" in said, (arguments, said)
            assert place.rpartition("/")[2] in said, (arguments, said)


def test_standard_input_has_a_limit(trident: Trident) -> None:
    """A pipe that goes on, as ``-``: what is read of it is bounded."""
    endless = b"# " + b"a" * 2 * reading.MAX_BYTES
    ran = trident("convert", "-", "-t", "kql", stdin=endless)
    assert ran.code == 1
    assert "<stdin>: TRI006 error: larger than 10,000,000 bytes" in ran.err


def test_a_file_name_that_is_not_utf8(trident: Trident, tmp_path: Path) -> None:
    """A finding, in every format: what a report cannot name is not converted."""
    write(tmp_path, rules__good=hunt("good"))
    (tmp_path / "rules" / os.fsdecode(b"\xff.yml")).write_text(hunt("other"))
    for arguments in (
        *(f"check rules --unchecked --format {form}" for form in ("text", "json", "sarif")),
        *(f"check rules --unchecked --format {form}" for form in ("junit", "github")),
        *(f"convert rules -t kql --format {form}" for form in ("text", "json")),
        *(f"build rules --unchecked --format {form}" for form in ("text", "json", "sarif")),
        "explain rules",
        "verify rules --update",
    ):
        ran = trident(*arguments.split(), cwd=tmp_path)
        assert ran.code == 1, (arguments, ran)
        assert "TRI001" in ran.out + ran.err
        said = (ran.out + ran.err).replace("\\\\", "\\").replace("%5C", "\\")
        assert "\\xff.yml" in said, arguments
    deep = tmp_path / "rules" / os.fsdecode(b"caf\xe9")
    deep.mkdir()
    (deep / "x.yml").write_text(hunt("x"))
    assert (
        "rules/caf\\xe9/x.yml: TRI001" in trident("check", "rules", "--unchecked", cwd=tmp_path).out
    )


def test_names_that_no_file_can_have(trident: Trident, tmp_path: Path) -> None:
    for name in ("a" * 5000, "a/" * 3000 + "b", "x:" + "b" * 5000):
        for command in ("check", "convert -t kql", "build", "verify", "explain", "list filters"):
            ran = trident(*command.split(), name, cwd=tmp_path)
            assert (ran.code, "TRI599" in ran.err) == (2, False), (command, ran.err[-300:])


def test_folders_as_deep_as_a_path_may_be(tmp_path: Path) -> None:
    folders = [f"{tmp_path}{'/a' * depth}" for depth in range(1, 1050)]
    for folder in folders:
        os.mkdir(folder)  # noqa: PTH102 - a thousand Paths of a thousand parts
    deep = Path(f"{folders[-1]}/x.yml")
    deep.write_text(hunt("deep"))
    try:
        (source,) = read_sources([str(tmp_path)])
    finally:  # pytest cannot remove them
        deep.unlink()
        for folder in reversed(folders):
            os.rmdir(folder)  # noqa: PTH106
    assert source.content == hunt("deep").encode()
    assert source.error is None


METHODS = {"open", "read_text", "read_bytes", "write_text", "write_bytes", "fdopen", "touch"}


def opening(file: Path) -> Iterator[str]:
    """The calls in a module that open a file, wherever they stand."""
    text = file.read_text("utf-8")
    if not any(f"{method}(" in text for method in METHODS):
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call):
            called = node.func
            if (isinstance(called, ast.Attribute) and called.attr in METHODS) or (
                isinstance(called, ast.Name) and called.id == "open"
            ):
                yield f"{file.stem}:{node.lineno}: {ast.unparse(called)}"


def test_no_other_module_opens_a_file() -> None:
    allowed = {READING, WRITING, *SHIPPED, *NOWHERE}
    calls = {name: list(opening(file)) for name, file in modules().items()}
    assert [call for name in calls.keys() - allowed for call in calls[name]] == []
    assert [name for name in allowed if not calls[name]] == []


def test_shipped_data_is_named_by_the_package_alone() -> None:
    for name in SHIPPED:
        text = modules()[name].read_text("utf-8")
        assert "resources.files(" in text or "Path(__file__)" in text, name
