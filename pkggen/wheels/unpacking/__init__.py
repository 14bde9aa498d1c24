"""A wheel checked as a whole and unpacked as a venv wants it; where it comes from is not known here."""
