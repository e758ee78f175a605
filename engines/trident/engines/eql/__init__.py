"""EQL on the ``eql`` package, set up to behave as Elasticsearch."""
