"""A small SQL for SQLite: detections of a few kinds, and counts in a sliding window."""

from trident.target.record import Comment, TableForm, Target

TARGET = Target(
    name="toy",
    title="A small SQL for SQLite",
    package=__name__,
    extension="sql",
    comment=Comment("-- "),
    render=f"{__name__}.render:render",
    detections=f"{__name__}.detections:ToyDetections",
    table=TableForm("{name}: {{columns: {{string: [{columns}]}}}}", passed_on={}),
    runner=f"{__name__}.runner:ToyRunner",
    checker=f"{__name__}.checker:ToyChecker",
)
