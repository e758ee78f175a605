"""The application: what stands between a person and the library."""
