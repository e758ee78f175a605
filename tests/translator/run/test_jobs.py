"""Several processes give the bytes that one gives, and none of them can hang the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.translator.conftest import Trident, base, count, hunt, together, write
from trident.app.input.config import Config
from trident.app.input.sources import read_sources
from trident.app.run import bulk, parallel, parts
from trident.app.run.convert import ALL, chosen_profiles, chosen_targets
from trident.base.diagnostics import TridentError


def several(folder: Path) -> Path:
    """Rules of every kind that can need another file, and files of every kind that fail."""
    write(folder, **{f"rule{number:02}": base(f"rule{number:02}") for number in range(9)})
    write(
        folder,
        a__hunt=hunt("inner"),
        a__outer=count("many_inner").replace("event_count", "event_count"),
        a__by_id=count("6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10").replace("many_6b", "by_id_6b"),
        z__with_id=base("with_id").replace(
            "name: with_id", "name: with_id\nid: 6b8d9d5c-2d6e-4b53-8f4b-0a8a54ab2a10"
        ),
        both=together("left", "right"),
        m__missing=count("nowhere"),
        m__twice=base("rule03", "again"),
        m__torn=base("torn") + "level: low\nlevel: high\n",
        n__over_torn=count("torn"),
        n__refused=base("refused").replace("CommandLine", "Colour"),
        n__filtered=base("filtered")
        + "---\ntitle: f\nlogsource: {product: windows}\n"
        + "filter: {rules: [filtered], s: {User: x}, condition: not s}\n",
        o__global="action: global\ntitle: Shared\nlogsource: {product: windows,"
        " category: process_creation}\ndetection: {condition: s}\n"
        "---\nname: one\ndetection: {s: {Image: a}}\n---\nname: two\ndetection: {s: {Image: b}}\n",
        filters__quiet="title: q\nname: quiet\nlogsource: {product: windows}\n"
        "filter: {rules: any, s: {User: scanner}, condition: not s}\n",
    )
    (folder / "latin.yml").write_bytes("title: ä\n".encode("latin-1"))
    (folder / "gone.yml").symlink_to("nowhere")
    return folder


@pytest.fixture
def in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many parts as the files allow."""
    monkeypatch.setattr(parts, "PART_BYTES", 1)


CASES = [
    ("text", ()),
    ("json", ("--format", "json")),
    ("strict", ("--strict",)),
    ("a filter for every rule", ("--filter", "quiet")),
]


@pytest.mark.parametrize("options", [case[1] for case in CASES], ids=[case[0] for case in CASES])
def test_the_same_bytes(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    several(tmp_path)

    def run(jobs: int, part: int) -> object:
        monkeypatch.setattr(parts, "PART_BYTES", part)
        given = (".", "-t", "all", "--no-cache", "--jobs", jobs, *options)
        return trident("convert", *given, cwd=tmp_path)

    whole = run(1, 10**9)
    assert whole.code == 1  # type: ignore[attr-defined]
    for code in ("TRI001", "TRI003", "TRI102", "TRI103", "TRI108", "TRI202"):
        assert code in whole.err  # type: ignore[attr-defined]
    for jobs, part in ((1, 1), (2, 1), (3, 1), (2, 2000)):
        assert run(jobs, part) == whole


def test_a_small_input_is_one_process(trident: Trident, tmp_path: Path) -> None:
    several(tmp_path)
    assert len(parts.split(read_sources([str(tmp_path)]))) < bulk.PARTS_A_JOB


def test_files_that_share_a_name_stay_together(tmp_path: Path, in_small_parts: None) -> None:
    together_ = [
        {Path(source.name).stem for source in part}
        for part in parts.split(read_sources([str(several(tmp_path))]))
    ]
    joined = [part for part in together_ if len(part) > 1]
    assert {"hunt", "outer"} in joined
    assert {"by_id", "with_id"} in joined
    assert {"rule03", "twice"} in joined
    assert {"torn", "over_torn"} in joined
    assert len(together_) > 10


HIDDEN = [
    ("an escaped key", 'title: x\n"na\\x6de": hidden', "hidden"),
    ("a name in a flow mapping", "{title: x, name: hidden", "hidden"),
    ("a name on the next line", "title: x\nname:\n  hidden", "hidden"),
    ("a folded name", "title: x\nname: >-\n  hidden", "hidden"),
]


@pytest.mark.parametrize(
    ("head", "name"), [case[1:] for case in HIDDEN], ids=[c[0] for c in HIDDEN]
)
def test_names_that_the_text_hides(
    trident: Trident, tmp_path: Path, in_small_parts: None, head: str, name: str
) -> None:
    """The guess misses them; the proof does not."""
    rule = f"{head}\n" + base("x").split("\n", 2)[2]
    if head.startswith("{"):
        rule = (
            f"{head}, logsource: {{category: process_creation, product: windows}},\n"
            " detection: {s: {CommandLine: a}, condition: s}}\n"
        )
    write(tmp_path, a=rule, b=count(name))
    assert len(parts.split(read_sources([str(tmp_path)]))) == 2
    ran = trident("convert", ".", "-t", "kql", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "1 translation: 1 exact; 0 refused; 0 errors\n")


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_corpus(shared: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    """A part of the public rules, and one broken file among them."""
    folder = shared / "corpus/sigmahq/rules/windows/builtin"
    sources = read_sources([str(folder)])
    broken = parts.Source("broken.yml", b"title: [\n")
    sources.insert(100, broken)
    profiles = chosen_profiles(chosen_targets([ALL]), (), Config())
    work = bulk.Work(profiles, Config())
    cut = bulk.convert(sources, work, jobs, lambda done, total: None)
    monkeypatch.setattr(parts, "PART_BYTES", 10**9)
    assert cut == bulk.convert(sources, work, 1, lambda done, total: None)
    assert cut.tally.errors == 1


def test_workers_that_are_not_forked(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_small_parts: None
) -> None:
    several(tmp_path)
    given = ("convert", ".", "-t", "kql", "--no-cache", "--jobs")
    forked = trident(*given, 2, cwd=tmp_path)
    monkeypatch.setattr(parallel, "START", "spawn")
    assert trident(*given, 2, cwd=tmp_path) == forked


def double(number: int) -> int:
    """A worker's task."""
    return 2 * number


def end_at_three(number: int) -> int:
    """A worker's task that a killer interrupts."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_at_three(number: int) -> int:
    """A worker's task that ends its process."""
    if number == 3:
        os._exit(7)
    return number


def refuse_three(number: int) -> int:
    """A worker's task with an error of the user's."""
    if number == 3:
        raise TridentError("TRI505", "three")
    return number


def large(number: int) -> bytes:
    """More than a pipe holds."""
    return bytes(10**6) * number


def test_results_by_index() -> None:
    assert sorted(parallel.run(double, [5, 6, 7], 2)) == [(0, 10), (1, 12), (2, 14)]
    assert dict(parallel.run(len, [bytes(10**6)] * 5, 2)) == dict.fromkeys(range(5), 10**6)
    assert [len(found) for _, found in sorted(parallel.run(large, range(4), 2))] == [
        0, 10**6, 2 * 10**6, 3 * 10**6,
    ]  # fmt: skip
    assert list(parallel.run(double, [], 4)) == []


ENDINGS: list[tuple[Callable[[int], int], str, str]] = [
    (end_at_three, "TRI530", "a worker process was ended by signal 9"),
    (exit_at_three, "TRI530", "a worker process ended with exit code 7"),
    (refuse_three, "TRI505", "three"),
]


@pytest.mark.parametrize(("task", "code", "message"), ENDINGS)
def test_a_worker_that_ends_early(task: Callable[[int], int], code: str, message: str) -> None:
    with pytest.raises(TridentError, match=message) as caught:
        list(parallel.run(task, range(9), 2))
    assert caught.value.diagnostic.code == code
    assert not multiprocessing.active_children()


def test_a_killed_worker_is_an_error_of_the_run(
    trident: Trident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_small_parts: None
) -> None:
    several(tmp_path)
    monkeypatch.setattr(bulk, "translate_files", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    ran = trident("convert", ".", "-t", "kql", "--jobs", 2, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("trident: TRI530 error: a worker process was ended by signal 9\n")


def children(process: int) -> list[int]:
    """The processes that ``process`` has started and that still run."""
    return [int(n) for n in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


on_linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def at_work(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of minutes with two workers at work, seconds a part, in a process group of its own."""
    write(tmp_path, **{f"rule{number}": base(f"rule{number}") for number in range(100)})
    script = (
        "import os, signal, time; from pathlib import Path\n"
        # A suite that a shell started in the background has it ignored, and its processes inherit.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from trident.app.run import bulk, convert, parts\n"
        "from trident.app.commands.cli import main\n"
        "parts.PART_BYTES = 1\n"
        "def work(*_):\n"
        "    Path(f'{os.getpid()}.at_work').touch()\n"
        "    time.sleep(3)\n"
        "    return convert.Outcome()\n"
        "bulk.translate_files = work\n"
        "main(['convert', '.', '-t', 'kql', '--jobs', '2'])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=tmp_path, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    until(lambda: len(list(tmp_path.glob("*.at_work"))) == 2)
    yield process
    process.kill()
    process.wait()


HANGS = 300
"""Seconds after which a test gives up."""


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that comes within seconds; how many is the machine's affair, and the
    limit is there to end a test that would hang."""
    for _ in range(10 * HANGS):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("waited in vain")


@on_linux
def test_an_interrupted_run(at_work: subprocess.Popen[str]) -> None:
    workers = children(at_work.pid)
    os.killpg(at_work.pid, signal.SIGINT)  # as a terminal does
    out, err = at_work.communicate(timeout=HANGS)
    assert (at_work.returncode, out) == (2, "")
    assert err.startswith("trident: TRI531 error: interrupted\n")
    assert "Traceback" not in err
    until(lambda: not any(map(runs, workers)))


@on_linux
def test_workers_end_with_the_run(at_work: subprocess.Popen[str]) -> None:
    workers = children(at_work.pid)
    at_work.kill()
    assert "Traceback" not in at_work.communicate(timeout=HANGS)[1]
    until(lambda: not any(map(runs, workers)))


def runs(process: int) -> bool:
    """Whether a process is there and at work."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
