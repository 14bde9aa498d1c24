"""What a package file holds, read from the file alone: metadata, interpreter, wheels, libraries; its SBOM."""
