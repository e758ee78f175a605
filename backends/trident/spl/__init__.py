"""SPL: Splunk's Search Processing Language."""

from trident.target.record import Comment, TableForm, Target

TARGET = Target(
    name="spl",
    title="Splunk Search Processing Language",
    package=__name__,
    extension="spl",
    # Splunk Search Manual, "Add comments to searches": text between triple backticks.
    comment=Comment("``` ", " ```"),
    render=f"{__name__}.render:render",
    detections=f"{__name__}.detections:SplDetections",
    table=TableForm(
        "{name}: {{macro: {name}, columns: {{string: [{columns}]}}}}",
        needed=("macro",),
        passed_on={"macro": "{name}"},
    ),
    rank=20,
    runner="trident.app.verify.runners.spl:SplRunner",
    checker="trident.app.parsing.checkers.spl:SplChecker",
    reached=f"{__name__}.prefilter:reached",
    engine="the engine is Trident's own, made after Splunk's documentation",
    plugin="Splunk SPL",
)
