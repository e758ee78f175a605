"""EQL: parsed and typed by Elastic's package, with a deny-list of what Elasticsearch lacks."""

from __future__ import annotations

from trident.app.parsing.checkers import Names
from trident.app.parsing.elastic import typed_fields
from trident.engines.eql.engine import EqlEngine
from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan


class EqlChecker:
    """The package has a process of its own, started with the first query."""

    packages = ("eql",)
    passed = Checked.BOUND

    def __init__(self) -> None:
        self._engine = EqlEngine()

    def names(self, plan: Plan, profile: Profile) -> Names:
        """Field -> type."""
        return typed_fields(plan, profile)

    def problem(self, query: str, names: Names) -> str | None:
        """An error of the syntax, an unknown field or an operation on types that lack it."""
        return self._engine.parse(query, names)
