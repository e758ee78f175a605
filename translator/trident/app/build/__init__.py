"""``trident build``: the output tree and its manifest."""
