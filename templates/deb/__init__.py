"""Templates of a .deb: control files and maintainer scripts; pkggen.templating renders them."""
