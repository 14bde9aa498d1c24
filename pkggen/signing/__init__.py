"""Keys of gpg and signatures by them; which bytes of a package are signed is said by its format."""
