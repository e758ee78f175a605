"""What a run reads: files, documents, settings."""
