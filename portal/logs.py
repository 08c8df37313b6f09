"""The log: each line has the id of its request, and each message is one line."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from copy import copy

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class WithRequestId(logging.Filter):
    """Adds `request_id` to every record: of the request that the record names, else of the current one."""

    def filter(self, record: logging.LogRecord) -> bool:
        own = getattr(getattr(record, "request", None), "id", None)
        record.request_id = own or request_id.get()
        return True


class OneLine(logging.Formatter):
    """Escapes what is not printable, so that no path or header forges a line. Tracebacks stay as they are."""

    def format(self, record: logging.LogRecord) -> str:
        # Anybody can cause these, by a wrong Host header for instance: they get no traceback.
        if record.name.startswith("django.security."):
            record = copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        line = super().formatMessage(record)
        if line.isprintable():
            return line
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in line
        )
