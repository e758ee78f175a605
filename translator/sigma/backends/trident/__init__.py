"""The targets ``trident_kql`` and so on of sigma-cli: one for each of Trident's targets."""

from trident.app.plugin import targets as _targets

# Every Backend class in this namespace becomes a target, so nothing else stands here.
globals().update(_targets.backends())
