"""What a user may write and what fits together, read and checked; nothing of what it leads to."""
