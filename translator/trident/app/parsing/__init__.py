"""What an independent parser says of each emitted query: bound, parsed, or not checked."""
