"""What an instructor's machine runs: releasing assignments and grading them. Never shipped."""
