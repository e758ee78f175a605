"""Input from people whom nobody knows: what stands in a checkout is not trusted."""
