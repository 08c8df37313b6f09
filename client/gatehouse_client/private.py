"""Files for their owner alone, written whole or not at all, and a lock between processes."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gatehouse_client.errors import Failed

if sys.platform == "win32":  # pragma: no cover - Windows
    import msvcrt
else:
    import fcntl

PATIENCE = 90.0
"""Seconds to wait for another process: longer than one refresh can take."""


def read(path: Path) -> str | None:
    """Return what a file holds; None if there is none.

    Raises:
        Failed: others have a right to it or to its folder, or it is not ours: who knows what it holds.
    """
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Failed(f"{path} cannot be read: {error.strerror}") from None
    with open(number, encoding="utf-8", newline="") as file:
        _check(path.parent.stat(), path.parent)
        _check(os.fstat(number), path)
        try:
            return file.read()
        except ValueError:
            raise Failed(f"{path} is damaged. Remove it, and sign in again.") from None


def write(path: Path, text: str) -> None:
    """Replace a file, atomically; nobody but its owner can read it at any moment.

    Raises:
        Failed: it cannot be written, or its folder is open to others.
    """
    try:
        _folder(path.parent)
        number, scratch = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
        try:
            with open(number, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(number)
            Path(scratch).replace(path)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failed(f"{path} cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing a file until the block ends; the system lets go however that is.

    Raises:
        Failed: another one does not let go of it.
    """
    lock = path.with_suffix(".lock")
    try:
        _folder(path.parent)
        number = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise Failed(f"{lock} cannot be written: {error.strerror}") from None
    with open(number, "r+b", buffering=0):
        deadline = time.monotonic() + PATIENCE
        while not _take(number):
            if time.monotonic() > deadline:
                raise Failed(f"Another gatehouse has {lock} and does not let go. Is it hanging?")
            time.sleep(0.05)
        try:
            yield
        finally:
            _give_back(number)


def _folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check(folder.stat(), folder)


def _check(found: os.stat_result, path: Path) -> None:
    if sys.platform == "win32":  # pragma: no cover - Windows: a profile is its owner's by itself
        return
    if found.st_uid != os.geteuid():
        raise Failed(f"{path} is not yours. It is not used.")
    if found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        how = "700" if stat.S_ISDIR(found.st_mode) else "600"
        raise Failed(
            f"Others on this machine can read {path}. It is not used. If nobody did: chmod {how} {path}"
        )


if sys.platform == "win32":  # pragma: no cover - Windows

    def _take(number: int) -> bool:
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _give_back(number: int) -> None:
        os.lseek(number, 0, os.SEEK_SET)
        msvcrt.locking(number, msvcrt.LK_UNLCK, 1)

else:

    def _take(number: int) -> bool:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _give_back(number: int) -> None:
        fcntl.flock(number, fcntl.LOCK_UN)
