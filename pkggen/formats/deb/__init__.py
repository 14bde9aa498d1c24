"""What only the Debian format has; nothing of rpm's."""
