"""Code that runs on the target: ``activate.py`` is shipped verbatim, one file, standard library only."""
