"""The pipelines with which sigma-cli chooses one of Trident's profiles: one for each name."""

from trident.app.plugin import targets as _targets

_PIPELINES = _targets.pipelines()
globals().update(_PIPELINES)
__all__ = list(_PIPELINES)
