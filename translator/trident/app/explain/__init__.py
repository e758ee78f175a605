"""What a rule means in plain words, and where each part of its query came from."""
