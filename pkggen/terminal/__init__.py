"""How long work tells of itself, on a terminal and elsewhere; results are printed by ``cli``."""
