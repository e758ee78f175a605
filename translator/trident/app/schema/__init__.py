"""JSON schemas of what users write: ``trident.yml`` and the ``trident:`` of a rule."""
