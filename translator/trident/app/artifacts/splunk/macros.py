"""The macros that name a site's data: which a rule uses, and what the app defines them as."""

from __future__ import annotations

import re
from collections.abc import Mapping

from trident.app.artifacts.deployment import Deployment
from trident.base.diagnostics import TridentError
from trident.mapping.profiles import Profile, Table
from trident.mapping.resolver import resolve_source
from trident.rule.plan import searches
from trident.spl.prefilter import place


def definitions(profile: Profile) -> dict[str, str]:
    """Macro name -> definition, for the profile's tables; the shipped ones, or trident.yml's.

    Raises:
        TridentError: TRI535 for a macro that stands for two sources with different definitions.
    """
    named: Mapping[str, str] = profile.settings.get("macros", {})
    definitions: Mapping[str, str] = profile.settings.get("definitions", {})
    by_macro: dict[str, tuple[str, str]] = {}
    for role, definition in definitions.items():
        macro, text = named.get(role, f"trident_{role}"), str(definition).strip()
        other, known = by_macro.setdefault(macro, (role, text))
        if known != text:
            raise TridentError(
                "TRI535",
                f"macro {macro} of {profile.target}/{profile.name} has two definitions, for "
                f"{other} and for {role}",
                hint="give both the same under definitions in trident.yml, or two macros",
            )
    return {macro: text for macro, (_, text) in by_macro.items()}


def used(deployment: Deployment) -> list[str]:
    """The macros that the rule's search names, each once."""
    profile = deployment.profile
    return list(dict.fromkeys(place(each, profile).macro for each in tables(deployment)))


def tables(deployment: Deployment) -> list[Table]:
    """The tables of the rule's log sources."""
    return [
        resolve_source(search.logsource, deployment.profile).table
        for search in searches(deployment.plan)
    ]


def of_field(definition: str, field: str) -> str:
    """The value that a definition gives ``source`` or ``sourcetype``; "" where it gives none."""
    match = re.search(rf'\b{field}="([^"]*)"', definition)
    return match[1] if match else ""
