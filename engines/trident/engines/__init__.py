"""Engines that run queries on rows. They know nothing of Sigma."""
