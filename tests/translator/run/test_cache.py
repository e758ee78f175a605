"""A run whose inputs have not changed comes from the cache, whole; any other is made anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.translator.conftest import Ran, Trident, base, hunt, write
from trident.app.files import kept
from trident.app.run import bulk, cache
from trident.app.run.cache import Cache

VALUES = {"content": b"text\n\x00\xff", "report": b"", "code": b"0"}
KEY = "0" * 64


@pytest.fixture
def run(trident: Trident, tmp_path: Path) -> Callable[..., Ran]:
    """Convert the folder of a good rule, a refused one and a broken one."""
    broken = base("broken") + "level: low\nlevel: high\n"
    refused = base("refused").replace("CommandLine", "Colour")
    write(tmp_path, good=hunt("good"), broken=broken, refused=refused)

    def convert(*arguments: str, stdin: str | None = None) -> Ran:
        given = arguments or (".", "-t", "kql")
        return trident("convert", *given, cwd=tmp_path, stdin=stdin)

    return convert


def test_the_same_again(run: Callable[..., Ran], made: list[int]) -> None:
    first, second = run(), run()
    assert made == [3]
    assert second == first
    assert first.code == 1
    assert "// many_good" in first.out
    assert "TRI003" in first.err
    assert "TRI202" in first.err


def test_a_cached_run_needs_neither_pysigma_nor_yaml(tmp_path: Path, root: Path) -> None:
    write(tmp_path, good=hunt("good"))
    script = (
        "import sys; from trident.app.commands.cli import main\n"
        "try: main(['convert', '.', '-t', 'kql'])\n"
        "except SystemExit: pass\n"
        "print(*sorted({'sigma', 'yaml', 'jinja2', 'rich'} & set(sys.modules)), file=sys.stderr)"
    )
    environment = {**os.environ, "PYTHONPATH": str(root)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path, env=environment, capture_output=True, text=True, check=True,
        )
        for _ in range(2)
    )  # fmt: skip
    assert first.stdout == second.stdout != ""
    assert first.stderr.splitlines()[-1] == "jinja2 sigma yaml"
    assert second.stderr.splitlines()[-1] == ""


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("content of a rule", lambda f: write(f, good=hunt("better"))),
    ("a rule more", lambda f: write(f, more=base("more"))),
    ("a rule less", lambda f: (f / "refused.yml").unlink()),
    ("name of a file", lambda f: (f / "broken.yml").rename(f / "torn.yml")),
    ("a file that cannot be read", lambda f: (f / "gone.yml").symlink_to("nowhere")),
    ("a trident.yml", lambda f: write(f, trident="profiles: {kql: defender}")),
]


@pytest.mark.parametrize("change", [case[1] for case in CHANGES], ids=[case[0] for case in CHANGES])
def test_changed_inputs(
    run: Callable[..., Ran], made: list[int], tmp_path: Path, change: Callable[[Path], object]
) -> None:
    before = run()
    change(tmp_path)
    after = run()
    assert len(made) == 2
    assert (after.out, after.err) != (before.out, before.err)


OPTIONS = [
    ("-t", "spl"),
    ("-t", "kql", "-t", "spl"),
    ("-t", "kql", "--profile", "defender"),
    ("-t", "kql", "--format", "json"),
    ("-t", "kql", "--strict"),
    ("-t", "esql", "--stack", "9.3"),
]


def test_other_options(run: Callable[..., Ran], made: list[int]) -> None:
    for options in (("-t", "kql"), *OPTIONS):
        run(".", *options)
    assert len(made) == 1 + len(OPTIONS)


def test_an_output_file_is_written_from_the_cache(
    run: Callable[..., Ran], made: list[int], tmp_path: Path
) -> None:
    text = run().out
    assert run(".", "-t", "kql", "-o", "out.kql").out == ""
    assert (tmp_path / "out.kql").read_text() == text
    assert len(made) == 1


def test_standard_input_counts_by_content(run: Callable[..., Ran], made: list[int]) -> None:
    one, again, other = (run("-", "-t", "kql", stdin=hunt(name)) for name in ("a", "a", "b"))
    assert one == again != other
    assert len(made) == 2


def test_an_error_is_not_kept(run: Callable[..., Ran], made: list[int], own_cache: Path) -> None:
    assert [run(".", "-t", "kql", "--filter", "x").code for _ in range(2)] == [2, 2]
    assert len(made) == 2
    assert not own_cache.exists()


def test_a_trident_yml_that_changes_meanwhile_is_not_kept(
    run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    write(tmp_path, trident="profiles: {}")
    whole = bulk.convert

    def convert(*arguments):  # type: ignore[no-untyped-def]
        write(tmp_path, trident="profiles: {kql: defender}")
        return whole(*arguments)

    monkeypatch.setattr(bulk, "convert", convert)
    run()
    assert not own_cache.exists()


def test_where_the_cache_is(
    run: Callable[..., Ran], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_cache: Path
) -> None:
    def entries(folder: Path) -> int:
        return len(list(folder.glob("*.entry")))

    run(".", "-t", "kql", "--no-cache")
    assert not own_cache.exists()
    other = own_cache.with_name(f"{own_cache.name}-other")
    run(".", "-t", "kql", "--cache-dir", str(other / "chosen"))
    assert not own_cache.exists()
    assert entries(other / "chosen") == 1
    run()
    assert entries(own_cache) == 1
    monkeypatch.delenv(kept.ENVIRONMENT)
    monkeypatch.setenv("HOME", str(other / "home"))
    monkeypatch.delenv("RUNNER_TEMP", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    run()
    assert entries(other / "home" / ".cache" / "trident") == 1
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    run()
    assert not (tmp_path / "relative").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(other / "xdg"))
    run()
    assert entries(other / "xdg" / "trident") == 1
    monkeypatch.setenv("RUNNER_TEMP", str(other / "job"))
    run()
    assert entries(other / "job" / "trident") == 1
    assert not (tmp_path / ".trident_cache").exists()


def test_a_cache_that_cannot_be_written(run: Callable[..., Ran], own_cache: Path) -> None:
    own_cache.write_text("")
    first, second = (run(".", "-t", "kql", "--cache-dir", str(own_cache / "below")) for _ in "ab")
    assert first == second
    assert first.code == 1


DAMAGES: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("empty", lambda _: b""),
    ("cut", lambda entry: entry[:-1]),
    ("longer", lambda entry: entry + b"x"),
    ("another value", lambda entry: entry.replace(b"text", b"test")),
    ("no head", lambda entry: entry.split(b"\n", 1)[1]),
    ("other JSON", lambda entry: b"[1]\n" + entry),
    ("deep JSON", lambda entry: b"[" * 9000 + b"\n" + entry),
    ("no list", lambda entry: entry.replace(b'"values": [[', b'"values": [1, [')),
    ("odd length", lambda entry: entry.replace(b'"content", 7', b'"content", "7"')),
    ("huge length", lambda entry: entry.replace(b'"content", 7', b'"content", ' + b"9" * 30)),
    ("another proof", lambda entry: b"0" * 64 + entry[64:]),
    ("no proof", lambda entry: entry[64:]),
    ("a proof that is no ASCII", lambda entry: b"\xff" * 64 + entry[64:]),
]


@pytest.mark.parametrize("damage", [case[1] for case in DAMAGES], ids=[case[0] for case in DAMAGES])
def test_a_damaged_entry_is_not_there(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    store = Cache(tmp_path)
    store.put(KEY, VALUES)
    assert store.get(KEY) == VALUES
    (entry,) = tmp_path.glob("*.entry")
    whole = entry.read_bytes()
    damaged = damage(whole)
    assert damaged != whole
    entry.write_bytes(damaged)
    assert store.get(KEY) is None
    store.put(KEY, VALUES)
    assert store.get(KEY) == VALUES
    entry.rename(tmp_path / f"{'1' * 64}.entry")
    assert store.get("1" * 64) is None, "the entry of another key"


def test_an_entry_of_another_shape_is_made_anew(
    run: Callable[..., Ran], made: list[int], own_cache: Path
) -> None:
    """Whole and with right digests, but not what a run puts there."""
    first = run()
    (entry,) = own_cache.glob("*.entry")
    for values in ({}, {**VALUES, "code": b"x"}, {**VALUES, "report": b"\xff"}):
        Cache(own_cache).put(entry.stem, values)
        assert run() == first
    assert len(made) == 4


def test_the_entries_unused_for_longest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MAX_BYTES", 2500)
    store = Cache(tmp_path)
    for number in range(3):
        store.put(str(number), {"content": bytes(1000)})
        os.utime(tmp_path / f"{number}.entry", (number, number))
        if number == 1:
            assert store.get("0")  # used now
    assert [bool(store.get(str(number))) for number in range(3)] == [True, False, True]
    store.put("large", {"content": bytes(3000)})
    assert store.get("large") is None


def test_what_a_killed_run_left_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / "a.unfinished", tmp_path / "b.unfinished"
    for left in (old, new):
        left.write_text("")
    os.utime(old, (0, 0))
    Cache(tmp_path).put(KEY, VALUES)
    assert not old.exists()
    assert new.exists()


def test_the_key_has_the_whole_tool(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file that is packaged, by content: an edited checkout has another key."""
    source = dict(cache._own_source())
    files = {
        str(file)
        for package in ("backends", "translator", "engines")
        for file in (root / package / "trident").rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert source.keys() == files
    assert any(name.startswith("pysigma-") for name in map(str.lower, cache._installed()))
    before = cache.key([])
    source[min(files)] = "edited"
    monkeypatch.setattr(cache, "_own_source", source.items)
    assert cache.key([]) != before


def test_entries_are_data(tmp_path: Path) -> None:
    Cache(tmp_path).put(KEY, VALUES)
    _, head, rest = next(tmp_path.glob("*.entry")).read_bytes().split(b"\n", 2)
    assert [name for name, _ in json.loads(head)["values"]] == list(VALUES)
    assert rest == b"".join(VALUES.values())
