"""``trident check``: what can be said about rules without converting them."""
