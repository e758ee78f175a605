"""Findings for a person, a program or a CI system: one module a format."""
