"""Nobody else decides what a command prints: no entry of the cache counts that this user's Trident
has not put there, and none that was made from anything else than what is there now."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.translator.conftest import Ran, Trident, base, hunt, write
from trident.app.files import kept
from trident.app.files.kept import SECRET, make_seal, seal, why_not
from trident.app.parsing.verdicts import FILE, Verdicts
from trident.app.run import cache
from trident.app.run.cache import Cache

CONVERT = ("convert", "rules", "-t", "kql")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with rules; no test's cache stands in it."""
    folder = write(tmp_path / "checkout", rules__good=hunt("good"))
    (folder / ".git").mkdir()
    return folder


def forged(folder: Path) -> None:
    """Change what an entry says as somebody does who does not have the secret."""
    (entry,) = folder.glob("*.entry")
    proof, body = entry.read_bytes().split(b"\n", 1)
    body = body.replace(b"many_good", b"many_evil")
    entry.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    assert b"evil" in body and proof


def test_an_entry_that_somebody_else_has_made(
    trident: Trident, checkout: Path, own_cache: Path, made: list[int]
) -> None:
    first = trident(*CONVERT, cwd=checkout)
    assert trident(*CONVERT, cwd=checkout) == first
    assert len(made) == 1
    forged(own_cache)
    assert trident(*CONVERT, cwd=checkout) == first
    assert len(made) == 2
    # With a secret of its own: what another user's Trident has made is not ours.
    other = own_cache.with_name(f"{own_cache.name}-other")
    trident(*CONVERT, "--cache-dir", other, cwd=checkout)
    for entry in other.glob("*.entry"):
        shutil.copy(entry, own_cache)
    assert trident(*CONVERT, cwd=checkout) == first
    assert len(made) == 4


def test_a_cache_that_comes_with_the_checkout(
    trident: Trident,
    checkout: Path,
    own_cache: Path,
    made: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whole, with its secret, as one who knows everything commits it; however it is named."""
    first = trident(*CONVERT, cwd=checkout)
    (entry,) = own_cache.glob("*.entry")
    Cache(own_cache).put(entry.stem, {"content": b"evil", "report": b"", "code": b"0",
                                      "further": b"[]"})  # fmt: skip
    assert trident(*CONVERT, cwd=checkout).out == "evil", "the entry is one that counts"
    for place in (".trident_cache", "rules/cache"):
        shutil.copytree(own_cache, checkout / place)
    shutil.rmtree(own_cache)
    made.clear()
    (checkout / "link").symlink_to(".trident_cache")
    outside = checkout.parent / "outside"
    outside.symlink_to(checkout / ".trident_cache")
    for cwd, rules, named in (
        (checkout, "rules", ".trident_cache"),
        (checkout, "rules", "rules/cache"),
        (checkout, "rules", "link"),
        (checkout, "rules", outside),
        (checkout / "rules", "good.yml", "../.trident_cache"),
        (checkout.parent, "checkout/rules", checkout / ".trident_cache"),
    ):
        convert = ("convert", rules, "-t", "kql")
        ran = trident(*convert, "--cache-dir", named, cwd=cwd)
        assert (ran.code, ran.out) == (first.code, first.out), named
        assert "is not used: it stands in the git work tree" in ran.err
        with monkeypatch.context() as patch:
            patch.setenv(kept.ENVIRONMENT, str(named))
            ran = trident(*convert, cwd=cwd)
            assert (ran.code, ran.out) == (first.code, first.out), named
            for command in ("check", "build --check"):
                ran = trident(*command.split(), rules, "--unchecked", cwd=cwd)
                assert "is not used" in ran.err
    assert len(made) == 12
    shutil.rmtree(checkout / ".git")  # as an archive it has no mark
    for named in (".trident_cache", "rules/cache", "link"):
        ran = trident(*CONVERT, "--cache-dir", named, cwd=checkout)
        assert ran.out == first.out
        assert "is not used: it stands among the input" in ran.err
    # Nobody names it: it is not looked at, and no word is said.
    assert trident(*CONVERT, cwd=checkout) == first


def test_a_home_under_git_or_above_the_rules_is_no_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rules may stand in the home folder itself, beside the cache in it; a home that is a work
    tree, whose files come from elsewhere, has no cache in it."""
    monkeypatch.setenv("HOME", str(tmp_path))
    folder = tmp_path / ".cache" / "trident"
    assert why_not(folder, [tmp_path, Path("/")]) == ""
    assert "among the input" in why_not(folder, [tmp_path / ".cache"])
    (tmp_path / ".git").write_text("gitdir: elsewhere")
    assert "git work tree" in why_not(folder, [])


def test_a_folder_that_others_may_write(
    trident: Trident,
    checkout: Path,
    own_cache: Path,
    made: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = trident(*CONVERT, cwd=checkout)
    assert own_cache.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o777 for each in own_cache.iterdir()} == {0o600}
    own_cache.chmod(0o777)
    ran = trident(*CONVERT, cwd=checkout)
    assert (ran.out, len(made)) == (first.out, 2)
    assert "is not used: anybody may write there" in ran.err
    own_cache.chmod(0o700)
    assert trident(*CONVERT, cwd=checkout) == first
    assert len(made) == 2
    monkeypatch.setattr(kept.os, "geteuid", lambda: 4321)
    ran = trident(*CONVERT, cwd=checkout)
    assert (ran.out, len(made)) == (first.out, 3)
    assert "is not used: it belongs to another user" in ran.err
    assert seal(own_cache) is None
    with pytest.raises(OSError, match="another user"):
        make_seal(own_cache)


SECRETS: dict[str, Callable[[Path], object]] = {
    "gone": lambda secret: secret.unlink(),
    "another": lambda secret: secret.write_bytes(bytes(32)),
    "short": lambda secret: secret.write_bytes(b"x"),
    "long": lambda secret: secret.write_bytes(bytes(33)),
    "open to others": lambda secret: secret.chmod(0o644),
    "a link": lambda secret: secret.rename(secret.with_name("x")).with_name(SECRET).symlink_to("x"),
    "a pipe": lambda secret: (secret.unlink(), os.mkfifo(secret)),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_that_is_not_the_one(tmp_path: Path, kind: str) -> None:
    """What was sealed with another one is gone, and the next run makes a new one."""
    folder = tmp_path / "cache"
    store, verdicts = Cache(folder), Verdicts(folder, "parser 1")
    store.put("0", {"content": b"x"})
    verdicts.add(["a"])
    assert Cache(folder).get("0") and Verdicts(folder, "parser 1").has("a")
    SECRETS[kind](folder / SECRET)
    assert store.get("0") is None
    assert not Verdicts(folder, "parser 1").has("a")
    store.put("1", {"content": b"y"})
    assert store.get("1") == {"content": b"y"}
    if kind != "another":
        assert (folder / SECRET).stat().st_mode & 0o777 == 0o600
        assert (folder / SECRET).read_bytes() != bytes(32)


def test_one_secret_for_runs_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        proofs = set(pool.map(lambda _: make_seal(tmp_path / "cache").of(b"x"), range(40)))
    assert len(proofs) == 1
    assert [each.name for each in (tmp_path / "cache").iterdir()] == [SECRET]


def test_no_link_in_the_folder_is_followed(tmp_path: Path) -> None:
    folder, precious = tmp_path / "cache", tmp_path / "precious"
    precious.write_text("mine")
    make_seal(folder)
    (folder / FILE).symlink_to(precious)
    Verdicts(folder, "1").add(["a"])
    Cache(folder).put("0", {"content": b"x"})
    entry = folder / "0.entry"
    entry.rename(tmp_path / "moved")
    entry.symlink_to(tmp_path / "moved")
    assert Cache(folder).get("0") is None
    assert precious.read_text() == "mine"


def test_a_verdict_that_somebody_else_has_written(tmp_path: Path) -> None:
    """Digests as they were kept before, and as one computes them who does not have the secret."""
    make_seal(tmp_path / "cache")
    lines = ["a", *(hashlib.sha256(each).hexdigest() for each in (b"a", b"parser 1 a"))]
    (tmp_path / "cache" / FILE).write_text("\n".join(lines))
    assert not Verdicts(tmp_path / "cache", "parser 1").has("a")


PIPELINE = (
    "name: p\ntransformations: [{{id: a, type: add_condition, conditions: {{CommandLine: {}}}}}]\n"
)
FILTER = "title: quiet\nlogsource: {{category: process_creation, product: windows}}\nfilter:\n\
  rules: any\n  selection: {{CommandLine: {}}}\n  condition: not selection\n"


def same_time(path: Path, text: str) -> None:
    """Another content of the same length, of the same time."""
    status = path.stat()
    assert len(text.encode()) == status.st_size
    path.write_text(text)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replaced(name: str, old: str, new: str) -> Callable[[Path, pytest.MonkeyPatch], None]:
    """A change of a file of the project that keeps its length and its time."""

    def change(project: Path, _: pytest.MonkeyPatch) -> None:
        text = (project / name).read_text()
        assert old in text
        same_time(project / name, text.replace(old, new))

    return change


def installed(project: Path, _: pytest.MonkeyPatch) -> None:
    """Another version of some package."""
    (project / "site" / "thing-1.0.dist-info").rename(project / "site" / "thing-1.1.dist-info")


def egg(project: Path, _: pytest.MonkeyPatch) -> None:
    """Another version of a package that was installed in the old way."""
    (project / "site" / "old-1.0.egg-info").rename(project / "site" / "old-1.1.egg-info")


def elsewhere(project: Path, patch: pytest.MonkeyPatch) -> None:
    """Packages from another place."""
    patch.syspath_prepend(str(project / "rules"))


def program(project: Path, _: pytest.MonkeyPatch) -> None:
    """A changed file of the tool."""
    same_time(project / "tool" / "part.py", "b = 1\n")


def plugin(project: Path, _: pytest.MonkeyPatch) -> None:
    """A changed file of a package that brings a target."""
    same_time(project / "site" / "own_target" / "render.py", "b = 1\n")


CHANGES: dict[str, Callable[[Path, pytest.MonkeyPatch], None]] = {
    "a rule": replaced("rules/good.yml", "evil", "live"),
    "a filter in the folder": replaced("rules/filters/quiet.yml", "aaa", "bbb"),
    "a pipeline of -p": replaced("p.yml", "xxx", "yyy"),
    "a pipeline of trident.yml": replaced("site.yml", "xxx", "yyy"),
    "a setting": replaced("trident.yml", "sentinel", "defender"),
    "an environment variable": lambda _, patch: patch.setenv("PYSIGMA_ALLOW_X", "1"),
    "an installed version": installed,
    "an old way's version": egg,
    "where packages are": elsewhere,
    "the program": program,
    "a target's package": plugin,
    "Python": lambda _, patch: patch.setattr(sys, "version", "4.0"),
    "the platform": lambda _, patch: patch.setattr(sys, "platform", "other"),
}

COMMANDS = (
    "convert rules -t kql -p p.yml --filter quiet",
    "convert rules -t kql -p p.yml --filter quiet --format json",
    "convert rules/good.yml -t kql -p p.yml --filter quiet",
    "convert rules -t kql -p p.yml --filter quiet -o out.kql",
)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with everything that a run is made from, and a copy of what the tool is."""
    site = tmp_path / "site"
    write(
        tmp_path,
        rules__good=base("good"),
        rules__filters__quiet=FILTER.format("aaa"),
        p=PIPELINE.format("xxx1"),
        site=PIPELINE.format("xxx2"),
        trident="profiles: {kql: sentinel}\npipelines: [site.yml]\n",
    )
    for name in ("thing-1.0.dist-info", "old-1.0.egg-info", "own_target-1.0.dist-info"):
        (site / name).mkdir(parents=True)
    (site / "own_target").mkdir()
    (site / "own_target" / "__init__.py").write_text("")
    (site / "own_target" / "render.py").write_text("a = 1\n")
    points = site / "own_target-1.0.dist-info" / "entry_points.txt"
    points.write_text("[trident.targets]\nown = own_target:TARGET\n")
    (points.with_name("METADATA")).write_text("Name: own-target\nVersion: 1.0\n")
    (tmp_path / "tool").mkdir()
    (tmp_path / "tool" / "part.py").write_text("a = 1\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(cache.trident, "__path__", [str(tmp_path / "tool")])
    return tmp_path


def outcome(trident: Trident, project: Path, command: str, *further: str) -> tuple[Ran, bytes]:
    """What a command prints and writes."""
    output = project / "out.kql"
    output.unlink(missing_ok=True)
    ran = trident(*command.split(), *further, cwd=project)
    return ran, output.read_bytes() if output.exists() else b""


@pytest.mark.parametrize("change", CHANGES)
def test_never_an_old_answer(
    trident: Trident,
    project: Path,
    made: list[int],
    monkeypatch: pytest.MonkeyPatch,
    change: str,
) -> None:
    """Each command's answer after a change is that without a cache, and it is made anew; before
    it, it comes from the cache."""
    monkeypatch.setattr("trident.target.registry.entry_points", lambda **_: [])
    before = {}
    for command in COMMANDS:
        before[command] = outcome(trident, project, command)
        assert before[command][0].code == 0, before[command]
        assert outcome(trident, project, command) == before[command]
    runs = len(made)
    stamp = cache.key(["checked"])
    CHANGES[change](project, monkeypatch)
    for command in COMMANDS:
        assert outcome(trident, project, command) == outcome(
            trident, project, command, "--no-cache"
        )
    # The last command has the first one's answer; each is made once more without a cache.
    assert len(made) == runs + len(COMMANDS) - 1 + len(COMMANDS)
    files = change.startswith(("a rule", "a filter", "a pipeline", "a setting"))
    if files:
        assert all(outcome(trident, project, each) != before[each] for each in COMMANDS)
    assert (cache.key(["checked"]) == stamp) == files, "verdicts on queries are of the parsers"


def test_a_verdict_is_of_the_query_and_the_parser(tmp_path: Path) -> None:
    """What a query's verdict is kept under has the query, what it may name, and the stamp."""
    from trident.app.parsing.process import Question

    asked = [
        Question("kql", "T", {"tables": {}}),
        Question("kql", "U", {"tables": {}}),
        Question("kql", "T", {"tables": {"T": []}}),
        Question("spl", "T", {"tables": {}}),
    ]
    Verdicts(tmp_path / "cache", "1").add([asked[0].digest])
    again = Verdicts(tmp_path / "cache", "1")
    assert [again.has(each.digest) for each in asked] == [True, False, False, False]
    assert not Verdicts(tmp_path / "cache", "2").has(asked[0].digest)


def test_an_entry_is_read_after_its_seal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of what somebody else has written is parsed."""
    store = Cache(tmp_path / "cache")
    store.put("0", {"content": b"x"})
    entry = tmp_path / "cache" / "0.entry"
    entry.write_bytes(b"0" * 64 + b"\n" + b"[" * 100_000)
    monkeypatch.setattr(json, "loads", lambda *_: pytest.fail("parsed"))
    assert store.get("0") is None
