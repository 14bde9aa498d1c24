"""Templates of an .rpm: the spec and its scriptlets; pkggen.templating renders them."""
