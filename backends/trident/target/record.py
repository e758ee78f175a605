"""The record that a target's folder holds: everything that the rest of the program asks of it.

A record names code as ``module:name`` and imports nothing, so that listing the targets costs no
more than reading their folders' ``__init__``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from trident.base.printable import printable


@dataclass(frozen=True, slots=True)
class Comment:
    """How a query's text holds a comment of one line: what stands before and after it."""

    opening: str
    closing: str = ""

    def lines(self, texts: Iterable[str]) -> str:
        """``texts`` as comment lines; nothing in a text can end its comment."""
        return "".join(f"{self.opening}{self._tamed(text)}{self.closing}\n" for text in texts)

    def _tamed(self, text: str) -> str:
        shown = printable(text)
        return shown.replace(self.closing.strip(), "'''") if self.closing else shown


@dataclass(frozen=True, slots=True)
class TableForm:
    """How ``trident.yml`` adds a table for a log source that a profile does not have.

    ``line`` is the table's, with the places ``{name}``, ``{time}`` and ``{columns}``; ``setting``
    a line of the profile's settings that goes with it. ``needed`` are the settings without which
    a table cannot be queried. ``passed_on`` are those of a table that stands for a log source
    which the user passes through (``unmapped: keep``): a name that fails until the site defines
    it; None where the language has no such thing.
    """

    line: str
    setting: str = ""
    needed: tuple[str, ...] = ()
    passed_on: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One query language, and what makes, writes, runs and explains queries in it.

    ``package`` is the importable folder with the data: ``profiles.yml``, ``tables.yml``,
    ``fields.yml`` (or ``data: <target>``), ``capabilities.yml`` and ``idioms.yml``. Code is named
    as ``module:name``:

    - ``render``: ``(Bound) -> Query``.
    - ``detections``: the class of ``trident.predicates`` that writes its detections.
    - ``runner``: a ``trident.app.verify.runners.Runner``; "" where no engine runs the language.
    - ``checker``: a ``trident.app.parsing.checkers.Checker``; "" where no parser but the target's
      own SIEM reads the language.
    - ``reached``: ``(Table, Profile) -> Iterable[str]``: how a query gets at a table, where its
      name alone does not say; for ``trident explain``.

    ``tick`` is the smallest step of time, in microseconds, that the SIEM keeps apart. ``rank``
    orders the targets wherever they are listed. ``engine`` says more of the engine that
    ``executed`` stands for, where that is not a known product. ``version`` names the profile
    setting that ``--stack`` fills, if there is one.
    """

    name: str
    title: str
    package: str
    extension: str
    comment: Comment
    render: str
    detections: str
    table: TableForm
    rank: int = 1000
    runner: str = ""
    checker: str = ""
    reached: str = ""
    tick: int = 1
    engine: str = ""
    version: str = ""
    plugin: str = field(default="")
    """What sigma-cli calls it; the title where there is nothing else."""

    def load(self, reference: str) -> Any:
        """The code that one of the record's ``module:name`` references stands for.

        Raises:
            ModuleNotFoundError: where a package that it needs is not installed.
        """
        module, _, name = reference.partition(":")
        return getattr(import_module(module), name)
