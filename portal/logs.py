"""Put the id of the request into each log line, and keep each message to one line."""

from __future__ import annotations

import logging
from contextvars import ContextVar
from copy import copy

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class WithRequestId(logging.Filter):
    """Adds `request_id` to every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the id, of the request the record names where it names one; keep every record."""
        named = getattr(getattr(record, "request", None), "id", None)
        record.request_id = named or request_id.get()
        return True


class OneLine(logging.Formatter):
    """Escapes what is not printable, so that no path or header forges a line; tracebacks stay as they are."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record; what anybody can have refused, such as a host that is not ours, has no traceback."""
        if record.name.startswith("django.security."):
            record = copy(record)
            record.exc_info = record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Format a record, its traceback aside."""
        line = super().formatMessage(record)
        if line.isprintable():
            return line
        return "".join(
            character if character.isprintable() else character.encode("unicode_escape").decode()
            for character in line
        )
