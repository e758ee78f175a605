"""ES|QL: Elasticsearch's piped query language."""

from trident.elastic import MILLISECOND, TABLE
from trident.target.record import Comment, Target

TARGET = Target(
    name="esql",
    title="Elasticsearch Query Language (ES|QL)",
    package=__name__,
    extension="esql",
    comment=Comment("// "),
    render=f"{__name__}.render:render",
    detections=f"{__name__}.detections:EsqlDetections",
    table=TABLE,
    rank=40,
    runner="trident.app.verify.runners.esql:EsqlRunner",
    checker="trident.app.parsing.checkers.esql:EsqlChecker",
    reached="trident.elastic.tables:reached",
    tick=MILLISECOND,
    version="stack",
    plugin="Elastic ES|QL",
)
