"""The log: each line has the id of its request, and each message is one line."""

from __future__ import annotations

import logging
import re
from contextvars import ContextVar
from copy import copy
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="-")


class WithRequestId(logging.Filter):
    """Adds `request_id` to every record: of the request that the record names, else of the current one."""

    def filter(self, record: logging.LogRecord) -> bool:
        own = getattr(getattr(record, "request", None), "id", None)
        record.request_id = own or request_id.get()
        return True


# What follows a path is not logged: codes, destinations and tokens travel in queries.
_QUERY = re.compile(r"(?<=\S)\?[^\s'\"]+")


def escaped(text: str) -> str:
    """Return a text as one line without control characters and query strings."""
    text = _QUERY.sub("?...", text) if "?" in text else text
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


class OneLine(logging.Formatter):
    """Escapes what is not printable, so that no path, header or field forges a line.

    The lines of a traceback are marked, as an exception may quote a text of many lines.
    """

    def format(self, record: logging.LogRecord) -> str:
        record = copy(record)
        # Other handlers keep a traceback here as they have formatted it.
        record.exc_text = None
        # Anybody can cause these, by a wrong Host header or a field of the admin's that does not
        # exist: they get no traceback.
        if record.name.startswith("django.security.") or (
            record.name == "django.request" and record.levelno < logging.ERROR
        ):
            record.exc_info = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:
        return escaped(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:
        return _marked(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:
        return _marked(super().formatStack(stack_info))


def _marked(text: str) -> str:
    return "\n".join(f"  | {escaped(line)}" for line in text.split("\n"))
