"""Templates of what both formats have; pkggen.templating renders them."""
