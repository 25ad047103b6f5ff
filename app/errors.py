"""Every error a caller can meet: an HTTP status, a stable code and one public sentence."""


class ImageDiffError(Exception):
    """Base of all expected errors; ``message``, or else the ``sentence`` of the class, is safe to show to anyone."""

    status = 500
    code = "internal"
    sentence = "Something went wrong."

    def __init__(self, message: str = "", *, field: str | None = None) -> None:
        self.message = message or self.sentence
        super().__init__(self.message)
        self.field = field

    def to_dict(self) -> dict[str, dict[str, str]]:
        """Give the one error shape of the HTTP contract."""
        body = {"code": self.code, "message": self.message}
        if self.field is not None:
            body["field"] = self.field
        return {"error": body}


class BadRequest(ImageDiffError):
    """The request cannot be understood."""

    status = 400
    code = "bad_request"


class MissingFile(BadRequest):
    """One of the two images is missing or empty."""

    code = "missing_file"


class TooManyFiles(BadRequest):
    """More than two images were sent."""

    code = "too_many_files"


class Unauthorized(ImageDiffError):
    """The service asks for a token, and none or a wrong one was sent."""

    status = 401
    code = "unauthorized"


class CrossSite(ImageDiffError):
    """Another site tried to make a browser post here."""

    status = 403
    code = "cross_site"


class NotFound(ImageDiffError):
    """Unknown, expired and malformed ids look the same."""

    status = 404
    code = "not_found"
    sentence = "There is nothing here: the address is wrong, or what was here has expired or was deleted."


class TooSlow(ImageDiffError):
    """The request arrived more slowly than this server waits for."""

    status = 408
    code = "too_slow"


class FileTooLarge(ImageDiffError):
    """A file or the whole request is over its limit in bytes."""

    status = 413
    code = "file_too_large"


class UnsupportedFormat(ImageDiffError):
    """The content is not one of the allowed image formats."""

    status = 415
    code = "unsupported_format"


class Unprocessable(ImageDiffError):
    """The request is well formed but its content cannot be worked with."""

    status = 422
    code = "unprocessable"


class InvalidOption(Unprocessable):
    """An option is unknown or out of its range; ``field`` names it."""

    code = "invalid_option"


class CorruptImage(Unprocessable):
    """The image is truncated or damaged."""

    code = "corrupt_image"


class TooManyPixels(Unprocessable):
    """An image, or the canvas both need, is over its limit in pixels."""

    code = "too_many_pixels"


class SideTooLong(Unprocessable):
    """A side of an image is over its limit."""

    code = "side_too_long"


class TooManyRequests(ImageDiffError):
    """One client asked for more comparisons than it may in that time."""

    status = 429
    code = "too_many_requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Busy(ImageDiffError):
    """All places to run and to wait are taken."""

    status = 503
    code = "busy"


class SchedulerAway(ImageDiffError):
    """The scheduler of the cluster that compares images does not answer."""

    status = 503
    code = "scheduler_away"


class NoWorkers(ImageDiffError):
    """The cluster that compares images has no workers."""

    status = 503
    code = "no_workers"


class TimedOut(ImageDiffError):
    """The evaluation did not end before its deadline."""

    status = 503
    code = "timed_out"
    sentence = "The comparison took longer than this server allows."


class StorageFull(ImageDiffError):
    """There is no room to keep the result."""

    status = 507
    code = "storage_full"


class StorageUnavailable(ImageDiffError):
    """The place where results are kept cannot be written."""

    status = 503
    code = "storage_unavailable"


class ModelUnusable(ImageDiffError):
    """The category model is missing, damaged or does not fit its description."""

    code = "model_unusable"
