"""What only the rpm format has; nothing of Debian's."""
