"""What a target is: one record in one folder, and how the records are found."""
