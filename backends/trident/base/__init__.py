"""What everything stands on: diagnostics with their codes, and the reader of shipped data."""
