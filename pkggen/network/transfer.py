"""What can go wrong with a download; apart from the downloader, whose library takes long to load."""

from __future__ import annotations


class TransferError(Exception):
    """Why a file did not come, in a sentence without credentials. One that is raised as such is refused for good."""


class MissingError(TransferError):
    """The server has no such file: another address may."""


class ForbiddenError(TransferError):
    """The server wants a login, or another one."""


class UnreachableError(TransferError):
    """Tried again and again, to no avail."""


class TooLargeError(TransferError):
    """More came than there should be."""
