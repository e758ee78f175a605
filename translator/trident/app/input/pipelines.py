"""Pipeline files of ``-p`` and ``trident.yml``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from trident.app.input.load import document
from trident.app.input.sources import read_text
from trident.app.input.yamltext import BrokenDocument, read_documents
from trident.base.diagnostics import Span, TridentError
from trident.rule.pipelines import PipelineFile, check_pipeline
from trident.rule.rules import Document


def only_document(text: str, file: str, code: str) -> Document | None:
    """The one document of a file; None for a file without any.

    Raises:
        TridentError: TRI002..TRI007 for broken YAML, ``code`` for a second document.
    """
    only = None
    for each in read_documents(text, file):
        if isinstance(each, BrokenDocument):
            raise TridentError(
                each.diagnostic.code, each.diagnostic.message, span=each.diagnostic.span
            )
        if only:
            raise TridentError(code, "more than one document", span=each.span)
        only = document(each)
    return only


def read_pipelines(paths: Iterable[Path]) -> tuple[PipelineFile, ...]:
    """The pipelines of files, each file once.

    Raises:
        TridentError: TRI001..TRI007 for a broken file, as ``check_pipeline`` for its content.
    """
    checked = []
    for path in dict.fromkeys(paths):
        text, name = read_text(str(path)), path.as_posix()
        parsed = only_document(text, name, "TRI120")
        if parsed is None:
            raise TridentError("TRI120", "the file has no pipeline", span=Span(name))
        checked.append(check_pipeline(parsed, hashlib.sha256(text.encode()).hexdigest()))
    return tuple(checked)
