"""The reference: what a plan means on events. Every query is held against it."""
