"""The only modules that open, read or write a file which somebody else names."""
