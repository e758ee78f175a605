"""Where a SIEM keeps what Sigma names: profiles, tables, columns, values in a record's words."""
