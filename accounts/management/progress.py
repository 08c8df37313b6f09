"""A line on standard error that says how far a command is."""

from __future__ import annotations

import time
from typing import TextIO

_WIDTH = 30
_EVERY = 0.1


class ProgressLine:
    """Writes "units  [#####.....] 120 of 400"; on a terminal over itself, elsewhere a line each ten seconds."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._over_itself = bool(stream.isatty())
        self._written = 0.0

    def __call__(self, step: str, done: int, total: int) -> None:
        """Say it, unless it was said a moment ago; `total` is 0 where nobody knows it."""
        now = time.monotonic()
        if now - self._written < (_EVERY if self._over_itself else 10):
            return
        self._written = now
        if total:
            filled = _WIDTH * done // total
            words = f"{step:9} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,} of {total:,}"
        else:
            words = f"{step:9} {done:,}"
        self._stream.write(f"\r{words}\x1b[K" if self._over_itself else f"{words}\n")
        self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._over_itself and self._written:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
