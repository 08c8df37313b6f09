"""gunicorn's log of requests, without what may be secret in them.

gunicorn.conf.py names it, before Django is loaded.
"""

from __future__ import annotations

import logging
import os
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from portal.logs import OneLine


class AccessLog(Logger):  # type: ignore[misc]
    """A log without query strings and headers: codes, destinations and tokens travel in them.

    Whatever log format an operator chooses, it can hold no more than `atoms` returns.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for log, form in ((self.error_log, self.error_fmt), (self.access_log, self.access_fmt)):
            for handler in log.handlers:
                handler.setFormatter(OneLine(form, self.datefmt))
        # gunicorn quotes the first line of requests that it cannot parse, in which a query may go on after a
        # blank or a quote: there OneLine would stop.
        self.error_log.addFilter(_cut_query)

    def atoms(
        self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any
    ) -> dict[str, Any]:
        """Return the fields of a line, by gunicorn's names; the path as it was sent, not decoded."""
        microseconds = request_time // timedelta(microseconds=1)
        headers = {name.lower(): value for name, value in resp.headers}
        return {
            "h": environ.get("REMOTE_ADDR", "-"),
            "t": self.now(),
            "m": environ["REQUEST_METHOD"],
            "U": environ["RAW_URI"].partition("?")[0],
            "H": environ["SERVER_PROTOCOL"],
            "s": str(resp.status).partition(" ")[0],
            "B": resp.sent,
            "D": microseconds,
            "M": microseconds // 1000,
            "a": environ.get("HTTP_USER_AGENT", "-"),
            "p": f"<{os.getpid()}>",
            "{x-request-id}o": headers.get("x-request-id", "-"),
        }


def _cut_query(record: logging.LogRecord) -> bool:
    text, mark, _ = record.getMessage().partition("?")
    if mark:
        record.msg, record.args = f"{text}?...", ()
    return True
