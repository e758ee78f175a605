"""``trident check`` and the reports."""
