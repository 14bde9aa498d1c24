"""Find files with the same content."""
