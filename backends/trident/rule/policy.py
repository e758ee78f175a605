"""What pySigma lets a pipeline's steps do: nothing outside of the rule, expressions on RE2 only.

pySigma's own RE2 engine (2.0.1, ``sigma/policy/regex_engine.py``) lets the library print each
expression that it cannot read to standard error, as anybody may have written it.
"""

from __future__ import annotations

from typing import Any

from trident.rule.regex import re2

try:
    from sigma.policy.profiles import SafePolicy
    from sigma.policy.regex_engine import RE2RegexEngine
except ImportError:  # pySigma 1.5.1 has no policies; its own switches are off unless given
    POLICY: dict[str, Any] = {}
else:

    class _Quiet:
        """The module ``re2`` as the engine uses it, which prints nothing."""

        def __init__(self) -> None:
            module, self._options = re2()
            self.error = module.error
            self._compile = module.compile

        def compile(self, pattern: str) -> Any:
            return self._compile(pattern, self._options)

    class _QuietEngine(RE2RegexEngine):
        """pySigma's engine on the quiet module."""

        def __init__(self) -> None:
            self._re2 = _Quiet()

    # In its place, since conditions are made by the default policy whatever is given
    # (``sigma/processing/regex.py``, resolve_regex_engine: no pipeline is set yet).
    SafePolicy.regex_engine = _QuietEngine()
    POLICY = {"policy": SafePolicy}
