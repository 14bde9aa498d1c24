"""Distributions that a project takes from folders and repositories, built to wheels as the project itself is."""

from pkggen.project.origins.closure import Neighbours, find_neighbours
from pkggen.project.origins.workbench import Workbench, open_workbench

__all__ = ["Neighbours", "Workbench", "find_neighbours", "open_workbench"]
