"""The times in zip files, which have no zone and begin in 1980."""

from __future__ import annotations

import calendar
import zipfile

EARLIEST = calendar.timegm((1980, 1, 1, 0, 0, 0))  # zip files know no earlier date


def epoch_of_zip(archive: zipfile.ZipFile) -> int:
    """Return the newest time of a zip file's members, read as UTC."""
    times = (calendar.timegm((*i.date_time, 0, 0, 0)) for i in archive.infolist() if i.date_time[1] and i.date_time[2])
    return max((EARLIEST, *times))
