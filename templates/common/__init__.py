"""Templates, readable as they are; pkggen.templating renders them."""
