"""What target systems have and what files ask of them: releases, glibc, ELF, their own Python modules."""
