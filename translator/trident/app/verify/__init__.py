"""``trident verify``: rule tests and random timelines, run on every engine and compared."""
