"""Which files are the same."""

import hashlib
import os
from collections import defaultdict


def files_below(paths):
    """Yield every regular file of the paths and below them, links left aside."""
    for path in paths:
        if os.path.isfile(path) and not os.path.islink(path):
            yield path
        for folder, _, names in os.walk(path):
            inside = (os.path.join(folder, name) for name in names)
            yield from (file for file in inside if os.path.isfile(file) and not os.path.islink(file))


def twins(files, smallest=1):
    """Return the groups of files with the same content, the largest files first, the names of each in order."""
    by_size = _groups(files, os.path.getsize)
    alike = [group for size, same in by_size.items() if size >= smallest for group in _groups(same, _digest).values()]
    return sorted((sorted(group) for group in alike), key=lambda group: (-os.path.getsize(group[0]), group))


def _groups(files, key):
    found = defaultdict(set)
    for file in files:
        found[key(file)].add(file)
    return {value: group for value, group in found.items() if len(group) > 1}


def _digest(file):
    with open(file, "rb") as content:
        return hashlib.file_digest(content, "sha256").digest()
