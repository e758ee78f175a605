"""SPL: parsed by our grammar of Splunk's documentation, which has no binder."""

from __future__ import annotations

from trident.app.parsing.checkers import Names
from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan


class SplChecker:
    """A search may name any field: an event without it has no value there."""

    packages = ("lark",)
    passed = Checked.PARSED

    def names(self, plan: Plan, profile: Profile) -> Names:
        """Nothing."""
        return {}

    def problem(self, query: str, names: Names) -> str | None:
        """The error of the grammar, or of a function's or command's arguments."""
        from trident.engines.spl.errors import SplSyntaxError
        from trident.engines.spl.parser import parse

        try:
            parse(query)
        except SplSyntaxError as error:
            return str(error)
        return None
