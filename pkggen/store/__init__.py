"""What stays on the build host between and after builds: cache, packages made before, output, pkggen.lock."""
