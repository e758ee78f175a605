"""A plan in a target's language: judged, bound, rendered."""
