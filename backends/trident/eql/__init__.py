"""EQL: Elastic's Event Query Language."""

from trident.elastic import MILLISECOND, TABLE
from trident.target.record import Comment, Target

TARGET = Target(
    name="eql",
    title="Elastic Event Query Language",
    package=__name__,
    extension="eql",
    comment=Comment("// "),
    render=f"{__name__}.render:render",
    detections=f"{__name__}.detections:EqlDetections",
    table=TABLE,
    rank=30,
    runner="trident.app.verify.runners.eql:EqlRunner",
    checker="trident.app.parsing.checkers.eql:EqlChecker",
    reached="trident.elastic.tables:reached",
    tick=MILLISECOND,
    plugin="Elastic EQL",
)
