"""What comes out: queries, levels, notes, and what each target can say."""
