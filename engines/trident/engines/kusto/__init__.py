"""KQL: Microsoft's parser as the binder, duckdb-kql as the executor."""
