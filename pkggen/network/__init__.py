"""What pkggen fetches, from where and with whose login; building wheels through uv, which fetches for itself."""
