"""An SPL parser and interpreter written from Splunk's documentation; docs/spl-engine.md."""

from trident.engines.spl.config import Config, Limits
from trident.engines.spl.engine import SplEngine
from trident.engines.spl.errors import (
    SplError,
    SplLimit,
    SplRuntimeError,
    SplSyntaxError,
    SplUndocumented,
    SplUnsupported,
)
from trident.engines.spl.lexical import MacroDefinition
from trident.engines.spl.parser import parse

__all__ = [
    "Config",
    "Limits",
    "MacroDefinition",
    "SplEngine",
    "SplError",
    "SplLimit",
    "SplRuntimeError",
    "SplSyntaxError",
    "SplUndocumented",
    "SplUnsupported",
    "parse",
]
