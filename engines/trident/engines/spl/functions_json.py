"""``spath()`` of JSON.

Source: Splunk Search Reference 9.4, "Text functions", spath, and the page of the command "spath":
a path is keys joined by periods.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from trident.engines.spl.errors import SplUnsupported
from trident.engines.spl.scope import Function, Scope, text
from trident.engines.spl.values import Result


def _spath(_: Scope, arguments: Sequence[Result]) -> Result:
    document, path = text(arguments[0], "spath"), text(arguments[1], "spath")
    if document is None or path is None:
        return None
    if "{" in path or "@" in path:
        raise SplUnsupported(f"spath() with the path {path}")
    try:
        # Numbers stay as they are written.
        value: Any = json.loads(document, parse_int=str, parse_float=str)
    except ValueError:
        raise SplUnsupported("spath() of text that is no JSON") from None
    for key in path.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    if isinstance(value, dict | list):
        raise SplUnsupported(f"spath() of {path}, which is no single value")
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


FUNCTIONS: Mapping[str, Function] = {"spath": _spath}
