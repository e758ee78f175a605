"""ES|QL: Elastic's grammar and types."""
