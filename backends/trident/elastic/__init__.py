"""What Elastic's two languages share: typed tests, regular expressions, where events are."""

from trident.target.record import TableForm

TABLE = TableForm(
    "{name}: {{index: {name}_index, select: {{}}, columns: {{string: [{columns}]}}}}",
    setting="{name}_index: INDEX_PATTERN",
    needed=("index", "select"),
    passed_on={"index": "trident_{name}", "select": {}},
)

MILLISECOND = 1000
"""Elasticsearch's ``date`` keeps milliseconds, in microseconds (Elastic docs, Date field type)."""
