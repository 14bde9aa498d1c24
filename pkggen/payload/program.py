"""The on-target program as it is shipped: the modules of ``pkggen.activation`` in one file, a zip application.

Uncompressed, so that it can be read with ``grep -a`` and starts as fast as single files. Names are
sorted and times are fixed: the same modules give the same bytes.
"""

from __future__ import annotations

import io
import stat
import zipfile
from importlib import resources

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first time that a zip file can hold
_START = b"import sys\n\nfrom activation.program import main\n\nsys.exit(main(sys.argv[1:]))\n"


def activation_program() -> bytes:
    """Return the bytes of ``lib/activate.pyz``."""
    modules = [path for path in resources.files("pkggen.activation").iterdir() if path.name.endswith(".py")]
    members = {f"activation/{path.name}": path.read_bytes() for path in modules}
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, content in {"__main__.py": _START, **dict(sorted(members.items()))}.items():
            member = zipfile.ZipInfo(name, _EPOCH)
            member.create_system = 3  # Unix, whatever builds it
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            archive.writestr(member, content)
    return stream.getvalue()
