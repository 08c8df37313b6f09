"""Refuse files: no form of the portal takes one, and Django would spool them to disk for anybody."""

from __future__ import annotations

from typing import Any, NoReturn

from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler


class NoFiles(FileUploadHandler):
    """Stop reading where a file begins; DATA_UPLOAD_MAX_MEMORY_SIZE does not count files."""

    def new_file(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse; raises RequestDataTooBig, which becomes a 413 page."""
        raise RequestDataTooBig("a file was sent, and no form takes one")
