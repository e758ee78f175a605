"""What the mapping and the event knowledge say, held against real events."""
