"""sigma-cli's targets and pipelines, made from the targets' records and their profiles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import SetStateTransformation

from trident.app.artifacts.formats import FORMATS
from trident.app.plugin.backend import PROFILE, PlanBackend
from trident.mapping.profiles import Profile, load_profiles
from trident.target import registry
from trident.target.record import Target

MakePipeline = Callable[[], ProcessingPipeline]


def backends() -> dict[str, type[PlanBackend]]:
    """A pySigma backend for each target, by the name of its class; pySigma makes
    ``trident_kql`` of ``TridentKqlBackend``."""
    made = map(_backend, registry.targets().values())
    return {backend.__name__: backend for backend in made}


def pipelines() -> dict[str, MakePipeline]:
    """A function for each profile of any target, ``trident_sentinel``.

    Plain functions: pySigma 1.5.1's ``Pipeline`` classes share one instance among all plugins.
    """
    by_name: dict[str, list[Profile]] = {}
    for target in registry.names():
        for name, profile in load_profiles(target).items():
            by_name.setdefault(name, []).append(profile)
    return {f"trident_{name}": _pipeline(name, profile) for name, profile in by_name.items()}


def _backend(target: Target) -> type[PlanBackend]:
    kinds = dict.fromkeys(profile.artifacts for profile in load_profiles(target.name).values())
    formats = {name: each.title for kind in kinds for name, each in FORMATS.get(kind, {}).items()}
    body: dict[str, Any] = {
        "__doc__": f"{target.title}.",
        "name": f"Trident: {target.plugin or target.title}, correlations included",
        "identifier": f"trident_{target.name}",
        "target": target.name,
        "formats": {**PlanBackend.formats, **formats},
        **{f"finalize_output_{name}": _finalizer(name) for name in formats},
    }
    words = target.name.split("_")
    return type(f"Trident{''.join(map(str.capitalize, words))}Backend", (PlanBackend,), body)


def _finalizer(name: str) -> Callable[[PlanBackend, list[Any]], str]:
    def finalize(self: PlanBackend, queries: list[Any]) -> str:
        return self.finalize_artifacts(name, queries)

    return finalize


def _pipeline(name: str, profiles: list[Profile]) -> MakePipeline:
    allowed = frozenset(f"trident_{profile.target}" for profile in profiles)

    def make() -> ProcessingPipeline:
        return ProcessingPipeline(
            name=profiles[0].title,
            allowed_backends=allowed,
            items=[
                ProcessingItem(
                    identifier=f"trident_{name}",
                    transformation=SetStateTransformation(PROFILE, name),
                )
            ],
        )

    # pySigma looks at the annotations of the function that it finds.
    make.__annotations__ = {"return": ProcessingPipeline}
    make.__doc__ = f"{', '.join(sorted(allowed))} on: {profiles[0].title}."
    return make
