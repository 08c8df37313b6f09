"""Refuse file uploads: no form takes one, and Django would write them to disk for anybody."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class NoFiles(FileUploadHandler):
    """Stops reading a request where a file begins: DATA_UPLOAD_MAX_MEMORY_SIZE does not count files."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise RequestDataTooBig, which is answered with 413."""
        raise RequestDataTooBig("a file was sent, and no form takes one")
