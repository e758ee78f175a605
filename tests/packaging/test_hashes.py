"""The hashed file that the action installs is what .ci/constraints.txt pins, and whole."""

from __future__ import annotations

import re

from packaging.tags import Tag

from tests.packaging.hashes import FILE, names, runs
from tests.packaging.licences import constraints, installed


def test_hashes_and_constraints_agree() -> None:
    text = FILE.read_text("utf-8").replace("\\\n", " ")
    listed = [line.split() for line in text.splitlines() if not line.startswith("#")]
    versions = dict(first.split("==") for first, *_ in listed)
    pinned = constraints()
    assert versions == {name: pinned.get(name) for name in versions}
    needed = {name: installed(name) for name in names()}
    if all(known and known.version == pinned[name] for name, known in needed.items()):
        assert set(versions) == set(needed)  # other versions may require others
    for first, *hashes in listed:
        assert hashes, first
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), first


def test_wheels_for_the_supported_pythons() -> None:
    for interpreter, abi, expected in (
        ("py3", "none", True),
        ("cp311", "cp311", True),
        ("cp38", "abi3", True),
        ("cp310", "cp310", False),
        ("pp311", "pypy311_pp73", False),
        ("py2", "none", False),
    ):
        assert runs(Tag(interpreter, abi, "any")) is expected, interpreter
