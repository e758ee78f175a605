"""Elastic detection rules and exception lists."""
