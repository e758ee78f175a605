"""ES|QL: parsed and typed by Elastic's package for the profile's version of Elastic."""

from __future__ import annotations

from trident.app.parsing.checkers import Names
from trident.app.parsing.elastic import typed_fields
from trident.mapping.profiles import Profile
from trident.result.translation import Checked
from trident.rule.plan import Plan


class EsqlChecker:
    """A command or function of a later version than the site's is an error, too."""

    packages = ("esql",)
    passed = Checked.BOUND

    def names(self, plan: Plan, profile: Profile) -> Names:
        """The fields with their types, and the version."""
        return {"fields": typed_fields(plan, profile), "stack": str(profile.settings["stack"])}

    def problem(self, query: str, names: Names) -> str | None:
        """An error of the syntax, an unknown field or an operation on types that lack it."""
        from trident.engines.esql import engine as esql

        return esql.parse(query, names["fields"], names["stack"])
