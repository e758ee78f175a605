"""An SPL parser and interpreter written from Splunk's documentation; docs/spl-engine.md."""

from translator.verify.spl.config import Config, Limits
from translator.verify.spl.engine import SplEngine
from translator.verify.spl.errors import (
    SplError,
    SplLimit,
    SplRuntimeError,
    SplSyntaxError,
    SplUndocumented,
    SplUnsupported,
)
from translator.verify.spl.lexical import MacroDefinition
from translator.verify.spl.parser import parse

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
