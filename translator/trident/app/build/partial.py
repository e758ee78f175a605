"""``trident build --only``: a part of the output tree made anew, the rest left as it is.

The manifest stays true of the whole tree: ``outputs`` is what is there, ``translations`` what it
says, and ``stale`` names every file that the present inputs would make otherwise.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from trident.app.build.tree import (
    GONE,
    MANIFEST,
    MISSING,
    OUTDATED,
    digest,
    held,
    owned,
    read_manifest,
)
from trident.app.input.suggest import unknown
from trident.base.diagnostics import TridentError
from trident.base.printable import json_text
from trident.rule.identifier import reference

Entry = dict[str, Any]


def only(files: Mapping[str, bytes], folder: Path, patterns: Sequence[str]) -> dict[str, bytes]:
    """The tree of a build that makes the files chosen by ``patterns`` and keeps the others that
    an earlier build left in ``folder``; ``files`` is what a whole build makes.

    A pattern is a path below the folder, a folder there (a target, ``spl/windows_ta``), or a
    rule's name or id for all files that the rule is in; each with ``*`` and ``?``.

    Raises:
        TridentError: TRI770 for a pattern that chooses nothing.
    """
    manifest, earlier = json.loads(files[MANIFEST]), read_manifest(folder)
    made = {path: content for path, content in files.items() if path != MANIFEST}
    there = {
        path: content
        for path in sorted(owned(folder) - {MANIFEST})
        if (content := held(folder, path)) is not None
    }
    old = _entries(earlier)
    rules = [*manifest["translations"], *old.values()]
    chosen = _chosen(patterns, made.keys() | there.keys(), rules)

    tree = {path: content for path, content in made.items() if path in chosen}
    tree |= {path: content for path, content in there.items() if path not in chosen}
    stale = dict(_stale(made, tree))
    manifest["outputs"] = {path: digest(content) for path, content in sorted(tree.items())}
    manifest["stale"] = stale
    manifest["translations"] = list(
        _translations(manifest["translations"], old, tree, stale, chosen)
    )
    tree[MANIFEST] = json_text(manifest).encode()
    return tree


def _entries(manifest: Mapping[str, Any]) -> dict[str, Entry]:
    """The translations of an earlier manifest by rule, target and profile; none of one that has
    another shape than ours."""
    entries = manifest.get("translations")
    if not isinstance(entries, list) or not all(map(_is_entry, entries)):
        return {}
    return {_key(each): each for each in entries}


def _is_entry(entry: Any) -> bool:
    """Whether a part of a manifest is an entry as ``build`` writes it, as far as it is read."""
    if not isinstance(entry, dict) or not isinstance(entry.get("rule"), dict):
        return False
    named = [*(entry["rule"].get(key) for key in ("id", "name", "title"))]
    texts = [entry.get("target"), entry.get("profile"), entry["rule"].get("file")]
    files = entry.get("files")
    return (
        all(isinstance(text, str) for text in texts)
        and all(isinstance(name, str | None) for name in named)
        and isinstance(files, list)
        and all(isinstance(file, str) for file in files)
    )


def _key(entry: Entry) -> str:
    rule = entry["rule"]
    named = [rule["id"], rule["name"], rule["title"], entry["target"], entry["profile"]]
    return json.dumps(named)


def _chosen(
    patterns: Iterable[str], paths: Collection[str], entries: Sequence[Entry]
) -> frozenset[str]:
    chosen: set[str] = set()
    for pattern in patterns:
        inputs = {path for path in paths if _is_at(path, pattern.rstrip("/"))}
        for entry in entries:
            names = (str(entry["rule"][key]) for key in ("name", "id") if entry["rule"][key])
            if any(fnmatchcase(name, reference(pattern)) for name in names):
                inputs.update(entry["files"])
        if not inputs:
            raise _nothing(pattern, paths, entries)
        chosen |= inputs
    return frozenset(chosen)


def _is_at(path: str, pattern: str) -> bool:
    """Whether a pattern is a file's path, or that of a folder above it."""
    above = (parent.as_posix() for parent in PurePosixPath(path).parents)
    return any(fnmatchcase(each, pattern) for each in (path, *above) if each != ".")


def _nothing(pattern: str, paths: Iterable[str], entries: Iterable[Entry]) -> TridentError:
    folders = {parent.as_posix() for path in paths for parent in PurePosixPath(path).parents}
    names = {str(entry["rule"]["name"]) for entry in entries if entry["rule"]["name"]}
    return unknown("TRI770", "file, folder or rule", pattern, sorted(folders - {"."} | names))


def _stale(made: Mapping[str, bytes], tree: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    for path in sorted(made.keys() | tree.keys()):
        if path not in tree:
            yield path, MISSING
        elif path not in made:
            yield path, GONE
        elif made[path] != tree[path]:
            yield path, OUTDATED


def _translations(
    new: Iterable[Entry],
    old: dict[str, Entry],
    tree: Collection[str],
    stale: Collection[str],
    chosen: Collection[str],
) -> Iterator[Entry]:
    """The entry of each translation whose files the tree holds: the earlier one while none of its
    files was made anew and some would be another now."""
    for entry in new:
        before = old.pop(_key(entry), None)
        files = {*entry["files"], *(before["files"] if before else ())}
        if files.isdisjoint(stale) or not files.isdisjoint(chosen):
            yield _having(entry, tree)
        elif before is not None:
            yield _having(before, tree)
    kept = [path for path in tree if path not in chosen]
    for entry in old.values():  # of rules that are gone; a file made anew has them no more
        if not set(kept).isdisjoint(entry["files"]):
            yield _having(entry, kept)


def _having(entry: Entry, tree: Collection[str]) -> Entry:
    return {**entry, "files": [path for path in entry["files"] if path in tree]}
