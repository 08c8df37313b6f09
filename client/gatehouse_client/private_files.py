"""Files that only their owner can read, written whole or not at all, and locks between processes."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gatehouse_client.errors import CommandFailed

if sys.platform == "win32":  # pragma: no cover - Windows
    import msvcrt
else:
    import fcntl

TIMEOUT = 90.0
"""Seconds to wait for the lock of another process: longer than a refresh can take."""


def read(path: Path) -> str | None:
    """Return the text of a file, None if there is none.

    Raises:
        CommandFailed: others have access to it or to its folder, or own it, so they may have changed it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}") from None
    with open(descriptor, encoding="utf-8", newline="") as file:
        _check(path.parent.stat(), path.parent)
        _check(os.fstat(descriptor), path)
        try:
            return file.read()
        except ValueError:
            raise CommandFailed(f"{path} is damaged. Remove it, and sign in again.") from None


def write(path: Path, text: str) -> None:
    """Replace a file atomically; only its owner can read it, at any moment.

    Raises:
        CommandFailed: it cannot be written, or others have access to its folder.
    """
    try:
        _ensure_folder(path.parent)
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
        try:
            with open(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise CommandFailed(f"{path} cannot be written: {error.strerror}") from None


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock a file against other processes; the operating system releases the lock even if this process dies.

    Raises:
        CommandFailed: another process holds the lock for more than TIMEOUT.
    """
    lock = path.with_suffix(".lock")
    try:
        _ensure_folder(path.parent)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except OSError as error:
        raise CommandFailed(f"{lock} cannot be written: {error.strerror}") from None
    with open(descriptor, "r+b", buffering=0):
        deadline = time.monotonic() + TIMEOUT
        while not _lock(descriptor):
            if time.monotonic() > deadline:
                raise CommandFailed(f"Another gatehouse holds {lock}. Is it hanging?")
            time.sleep(0.05)
        try:
            yield
        finally:
            _unlock(descriptor)


def _ensure_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check(folder.stat(), folder)


def _check(status: os.stat_result, path: Path) -> None:
    if sys.platform == "win32":  # pragma: no cover - Windows: a profile is private by default
        return
    if status.st_uid != os.geteuid():
        raise CommandFailed(f"{path} is not yours. It is not used.")
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        mode = "700" if stat.S_ISDIR(status.st_mode) else "600"
        raise CommandFailed(
            f"Others on this machine can read {path}, so it is not used. If nobody did: chmod {mode} {path}"
        )


if sys.platform == "win32":  # pragma: no cover - Windows

    def _lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:

    def _lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
