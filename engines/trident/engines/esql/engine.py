"""ES|QL on Elastic's own parser package: syntax, names, types and the versions of commands.

The package (``detection-rules-esql-py``, module ``esql``) declares Python 3.12 and runs on 3.11
when it is installed as docs/verification.md says. It checks queries and runs none. Importing this
module without it raises ``ModuleNotFoundError``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import esql
from esql import ast

_TYPES: Mapping[str, str] = {
    "string": "keyword",
    "text": "text",
    "long": "long",
    "int": "integer",
    "real": "double",
    "bool": "boolean",
    "datetime": "date",
    "dynamic": "object",
    "ip": "ip",
}
"""Elasticsearch's field type for each column type of a profile."""


def parse(query: str, fields: Mapping[str, str], stack: str) -> str | None:
    """What is wrong with a query on that version of Elastic; None when it is valid.

    ``fields`` are the known fields with their column types, beside ``@timestamp``: an unknown
    name and an operation on types that it does not take are errors.
    """
    types = {name: _TYPES[kind] for name, kind in fields.items()} | {"@timestamp": "date"}
    try:
        with esql.ParserConfig(min_stack_version=stack):
            analyze(esql.parse_query(query), types)
    except esql.EsqlError as error:
        return f"{type(error).__name__}: {error}"
    return None


def analyze(tree: Any, types: Mapping[str, str]) -> None:
    """Check the names and types of a parsed query; ``types`` are Elasticsearch's field types.

    The package looks for the columns of a FORK branch before the FORK (0.1.0), so each branch is
    checked as a pipeline of its own, and what follows the FORK on the columns of all of them.

    Raises:
        esql.EsqlError: for what Elasticsearch would refuse.
    """
    schema = esql.Schema(dict(types))
    commands = tree.commands
    at = next((i for i, c in enumerate(commands) if isinstance(c, ast.ForkCommand)), None)
    if at is None:
        esql.analyze(tree, schema)
        return
    columns: dict[str, str] = {"_fork": "keyword"}
    for branch in commands[at].branches:
        path = ast.EsqlQuery(commands=[*commands[:at], *branch.commands])
        esql.analyze(path, schema)
        columns |= esql.infer_column_types(path, schema)
    source = ast.FromCommand(sources=["fork"])
    rest = ast.EsqlQuery(commands=[source, *commands[at + 1 :]])
    esql.analyze(rest, esql.Schema(columns))
