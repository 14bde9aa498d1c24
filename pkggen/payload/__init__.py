"""The plan of a package from a project's parts: layers, manifest, services, hooks, files; no format is known here."""
