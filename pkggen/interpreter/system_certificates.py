"""Added to the embedded standard library as ``_system_certificates``; runs there (Python 3.8 or newer).

OpenSSL looks for certification authorities where the system that it was built on keeps them.
``ssl.SSLContext.load_default_certs`` calls :func:`load` afterwards, which looks where this one does.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False  # typing is slow to import, and every TLS program loads this
if TYPE_CHECKING:
    import ssl
    from collections.abc import Sequence

_BUNDLES = (
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/var/lib/ca-certificates/ca-bundle.pem",  # SLES
    "/etc/pki/tls/certs/ca-bundle.crt",  # older RHEL
    "/etc/ssl/cert.pem",  # Alpine
)


def load(context: ssl.SSLContext, paths: ssl.DefaultVerifyPaths, bundles: Sequence[str] = _BUNDLES) -> None:
    """Load the system's bundle when OpenSSL's own places hold nothing.

    ``paths`` is ``ssl.get_default_verify_paths()``. SSL_CERT_FILE and SSL_CERT_DIR stay in force.
    """
    if paths.openssl_cafile_env in os.environ or paths.openssl_capath_env in os.environ:
        return
    if paths.cafile or _has_hashed(paths.capath):
        return
    for bundle in bundles:
        if os.path.isfile(bundle):
            context.load_verify_locations(cafile=bundle)
            return


def _has_hashed(directory: str | None) -> bool:
    # what openssl-rehash makes, and all that OpenSSL sees of a directory
    try:
        return any(name.endswith(".0") for name in os.listdir(directory or "/nonexistent"))
    except OSError:
        return False
