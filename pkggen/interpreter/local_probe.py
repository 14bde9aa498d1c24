"""What a Python says of itself; runs on that Python (3.8 or newer), standard library only.

Called as ``python -I -S -B local_probe.py``; prints one JSON object.
"""

import json
import os
import sys
import sysconfig

minor = ".".join(str(n) for n in sys.version_info[:2])
# in a venv, the interpreter that it was made from
base = os.path.join(sys.base_exec_prefix, "bin", "python" + minor + sys.abiflags)
answer = {
    "implementation": sys.implementation.name,
    "version": ".".join(str(n) for n in sys.version_info[:3]),
    "abiflags": sys.abiflags,
    "executable": os.path.realpath(base if os.path.isfile(base) else sys.executable),
    "prefixes": sorted({sys.base_prefix, sys.base_exec_prefix}),
    "libdir": sys.platlibdir if hasattr(sys, "platlibdir") else "lib",
    "stdlib": os.path.dirname(os.path.realpath(os.__file__)),
    "dynload": os.path.realpath(os.path.join(sysconfig.get_path("platstdlib"), "lib-dynload")),
    "machine": os.uname().machine,
}
sys.stdout.write(json.dumps(answer))
