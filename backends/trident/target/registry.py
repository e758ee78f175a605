"""The targets that there are: the folders beside this one, and those of installed packages.

A folder with a ``capabilities.yml`` is a target's; its ``__init__`` has the record as ``TARGET``.
Another package brings its own through the entry point group ``trident.targets``, whose value is
the record (``name = "package:TARGET"``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

from trident.base.diagnostics import TridentError
from trident.target.record import Target

GROUP = "trident.targets"


@cache
def targets() -> Mapping[str, Target]:
    """Every target by its name, in the order of their ranks.

    Raises:
        TridentError: TRI532 for an installed target that cannot be imported, is no record, or
            has the name of another one.
    """
    records: dict[str, Target] = {record.name: record for record in _shipped()}
    for point in entry_points(group=GROUP):
        record = _loaded(point.value)
        if record.name in records:
            raise TridentError("TRI532", f"target {record.name!r} of {point.value} is there twice")
        records[record.name] = record
    return dict(sorted(records.items(), key=lambda item: (item[1].rank, item[0])))


def target(name: str) -> Target:
    """The target of a name.

    Raises:
        KeyError: for a name that is none.
    """
    return targets()[name]


def names() -> tuple[str, ...]:
    """The targets' names, in their order."""
    return tuple(targets())


def _shipped() -> Iterator[Target]:
    for folder in sorted(Path(__file__).parents[1].iterdir()):
        if (folder / "capabilities.yml").is_file():
            record: Target = import_module(f"trident.{folder.name}").TARGET
            yield record


def _loaded(reference: str) -> Target:
    module, _, name = reference.partition(":")
    try:
        record = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise TridentError("TRI532", f"target {reference} cannot be imported: {error}") from error
    if not isinstance(record, Target):
        raise TridentError("TRI532", f"{reference} is no target's record")
    return record
