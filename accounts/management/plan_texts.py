"""Read the files of a plan: one, a folder of them, or standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from accounts.plans.complaints import InvalidPlan

Texts = tuple[tuple[str, str], ...]


def read_texts(path: str) -> tuple[Texts, bool]:
    """Return the name and text of each file, and whether they are a whole folder.

    Files in a folder are named as they are below it, with slashes, in the order of their names:
    "teams/payments.toml". Others are named as they were given.
    """
    folder = Path(path)
    if path == "-" or not folder.is_dir():
        return ((path, read(path)),), False
    files = sorted(file for file in folder.rglob("*.toml") if file.is_file())
    if not files:
        raise CommandError(f"There is no file with the ending .toml in {path}.")
    return tuple((file.relative_to(folder).as_posix(), read(str(file))) for file in files), True


def read(file: str) -> str:
    """Return a file's text; `-` is standard input."""
    try:
        raw = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        # Editors on Windows begin a file with a mark that TOML does not know.
        text = raw.decode("utf-8-sig")
    except FileNotFoundError:
        raise CommandError(f"There is no file {file}.") from None
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise CommandError(
            f"{file}:{line}: This is not UTF-8; save the file in that encoding."
        ) from None
    if not text.strip():
        raise CommandError(f"{file} is empty; `manage.py export` shows what a file looks like.")
    return text


def refusal(command: BaseCommand, path: str, invalid: InvalidPlan) -> CommandError:
    """Write each complaint with its place to standard error, and return how it ends."""
    for complaint in invalid.complaints:
        place = f"{complaint.file or path}:{complaint.line}: " if complaint.line else ""
        command.stderr.write(f"{place}{complaint}")
    number = len(invalid.complaints)
    return CommandError(
        f"{path} was refused with {number} complaint{'s' * (number != 1)}; nothing was changed."
    )
