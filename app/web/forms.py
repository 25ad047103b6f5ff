"""How the form of a request is read: files go to the store's folder, and a name need not be UTF-8."""

import tempfile
from typing import IO, Any

from flask import Request
from werkzeug import formparser
from werkzeug.datastructures import Headers
from werkzeug.sansio.multipart import MultipartDecoder

from app.web.services import services


class ForgivingDecoder(MultipartDecoder):
    """Reads names that are no UTF-8 as far as it can; Werkzeug would read nothing of such a form, and say nothing."""

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        return super()._parse_headers(data.decode("utf-8", "replace").encode())


formparser.MultipartDecoder = ForgivingDecoder  # type: ignore[attr-defined]  # Werkzeug has no place to say it


class SpoolingRequest(Request):
    """Keeps uploads that are being read in the store's folder, as nameless files that vanish with the process."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.spooled: list[IO[bytes]] = []

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        services().store.make_folders()
        file = tempfile.TemporaryFile(dir=services().store.work)  # noqa: SIM115  # closed below
        self.spooled.append(file)
        return file

    def close(self) -> None:
        """Close all files, those of a form that could not be read to its end included."""
        super().close()
        for file in self.spooled:
            file.close()
