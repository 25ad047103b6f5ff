"""What a disk or an object store says when it cannot, in words for whoever sent the request."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from app.errors import ImageDiffError, StorageFull, StorageUnavailable

log = logging.getLogger("image_diff.store")

NO_ROOM = "The server has no room for this at the moment; try again later."
NO_WRITING = "The server cannot write results at the moment; try again later."
OUT_OF_REACH = "The place where results are kept cannot be reached at the moment; try again later."

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_UNAVAILABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ENODEV}
# What object stores answer when they are full; S3 itself never is.
_FULL_CODES = {"507", "InsufficientStorage", "QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}


def storage_error(error: OSError) -> ImageDiffError | None:
    """Translate what the disk says; None when it is not about the disk."""
    if error.errno in _FULL:
        return StorageFull(NO_ROOM)
    if error.errno in _UNAVAILABLE:
        return StorageUnavailable(NO_WRITING)
    return None


def remote_error(error: Exception) -> ImageDiffError:
    """Translate what an object store or the way to it says; whatever it is, it is about the store."""
    full = isinstance(error, OSError) and error.errno in _FULL
    if full or _FULL_CODES & _codes(error):
        return StorageFull(NO_ROOM)
    return StorageUnavailable(OUT_OF_REACH)


def is_missing(error: Exception) -> bool:
    """Say whether there is no such object; a bucket that is not there is another matter."""
    return isinstance(error, FileNotFoundError) and "NoSuchBucket" not in _codes(error)


@contextmanager
def disk_errors_in_words() -> Iterator[None]:
    """Say in words what the disk refuses."""
    try:
        yield
    except OSError as error:
        public = storage_error(error)
        if public is None:
            raise
        raise public from error


@contextmanager
def remote_errors_in_words() -> Iterator[None]:
    """Say in words that an object store refuses or does not answer; what is merely missing passes."""
    try:
        yield
    except ImageDiffError:
        raise
    except Exception as error:
        if is_missing(error):
            raise
        log.warning("object store: %s: %s", type(error).__name__, error)
        raise remote_error(error) from error


def _codes(error: BaseException) -> set[str]:
    """Give the code and the status of the answer that an error of boto came from."""
    answer = getattr(error.__cause__ or error, "response", None)
    if not isinstance(answer, dict):
        return set()
    return {str(answer.get("Error", {}).get("Code")), str(answer.get("ResponseMetadata", {}).get("HTTPStatusCode"))}
