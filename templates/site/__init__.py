"""Templates of a repository's pages for people; pkggen.templating renders them."""
