"""KQL: Kusto Query Language of Microsoft Sentinel and Defender XDR."""

from trident.target.record import Comment, TableForm, Target

TARGET = Target(
    name="kql",
    title="Kusto Query Language (Microsoft Sentinel, Defender XDR)",
    package=__name__,
    extension="kql",
    comment=Comment("// "),
    render=f"{__name__}.render:render",
    detections=f"{__name__}.detections:KqlDetections",
    # A query names its table, and no name stands for any: nothing can be passed on.
    table=TableForm("TABLE: {{columns: {{datetime: [{time}], string: [{columns}]}}}}"),
    rank=10,
    runner="trident.app.verify.runners.kql:KqlRunner",
    checker="trident.app.parsing.checkers.kql:KqlChecker",
    plugin="KQL (Microsoft Sentinel, Defender XDR)",
)
