"""What is fetched, from where and with whose login, by us or by uv; what it is for is not known here."""
