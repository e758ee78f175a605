"""ES|QL's commands in DuckDB: the emitted queries run, command by command, on events.

A model, not Elasticsearch. ``parsed.py`` reads a query with Elastic's parser package, ``sql.py``
and ``commands.py`` write it as SQL after Elastic's reference pages, and ``engine.py`` runs it. What
the model does not know is an error. Two things differ knowingly: PERCENTILE is taken as the nearest
rank (the difference is note TRI458), and values are kept in memory without a limit (TRI473).
"""
