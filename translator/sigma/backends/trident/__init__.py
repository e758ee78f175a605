"""The targets ``trident_kql``, ``trident_spl``, ``trident_eql`` and ``trident_esql`` of sigma-cli.

Every Backend class in this namespace becomes a target, so the base class comes with its module.
"""

from trident.app.plugin import backend as _sigma_backend


class TridentKqlBackend(_sigma_backend.PlanBackend):
    """KQL for Microsoft Sentinel and Defender XDR."""

    name = "Trident: KQL (Microsoft Sentinel, Defender XDR), correlations included"
    target = "kql"


class TridentSplBackend(_sigma_backend.PlanBackend):
    """SPL for Splunk."""

    name = "Trident: Splunk SPL, correlations included"
    target = "spl"


class EqlDetections(_sigma_backend.PlanBackend):
    """EQL for Elastic."""

    name = "Trident: Elastic EQL, correlations included"
    target = "eql"


class TridentEsqlBackend(_sigma_backend.PlanBackend):
    """ES|QL for Elastic."""

    name = "Trident: Elastic ES|QL, correlations included"
    target = "esql"
