"""Converting: rules in parts, in processes, from the cache."""
