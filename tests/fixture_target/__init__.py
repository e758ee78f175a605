"""A target in one folder, as another package would bring it, and that it works everywhere."""
