"""The pipelines with which sigma-cli chooses one of Trident's profiles.

Plain functions: pySigma 1.5.1's ``Pipeline`` classes share one instance among all plugins.
"""

from sigma.processing.pipeline import ProcessingPipeline

from trident.app.plugin.backend import profile_pipeline

__all__ = [
    "trident_cim",
    "trident_defender",
    "trident_integrations",
    "trident_microsoft_addon",
    "trident_sentinel",
    "trident_sysmon",
    "trident_windows_ta",
]


def trident_sentinel() -> ProcessingPipeline:
    """KQL on Microsoft Sentinel."""
    return profile_pipeline("sentinel", "kql")


def trident_defender() -> ProcessingPipeline:
    """KQL on Microsoft Defender XDR."""
    return profile_pipeline("defender", "kql")


def trident_microsoft_addon() -> ProcessingPipeline:
    """SPL on the raw fields of Splunk's Microsoft Security add-on and CEF."""
    return profile_pipeline("microsoft_addon", "spl")


def trident_windows_ta() -> ProcessingPipeline:
    """SPL on the fields of Splunk's add-ons for Windows, Sysmon, Linux and cloud services."""
    return profile_pipeline("windows_ta", "spl")


def trident_cim() -> ProcessingPipeline:
    """SPL on Splunk's Common Information Model."""
    return profile_pipeline("cim", "spl")


def trident_integrations() -> ProcessingPipeline:
    """EQL and ES|QL on Elastic's m365_defender and CEF integrations."""
    return profile_pipeline("integrations", "eql", "esql")


def trident_sysmon() -> ProcessingPipeline:
    """EQL and ES|QL on Elastic's Windows integration with Sysmon, Elastic Defend and clouds."""
    return profile_pipeline("sysmon", "eql", "esql")
