"""Write the directory and the mappings as one TOML file: `manage.py export [FILE]`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.plans.stored import load
from accounts.plans.toml_file.export import export


class Command(BaseCommand):
    help = "Write the directory and the mappings as one TOML file that `manage.py apply` takes."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", nargs="?", help="where to; standard output if absent"
        )

    def handle(self, *, file: str | None, **options: Any) -> None:
        try:
            text = export(load())
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        if file is None:
            self.stdout.write(text, ending="")
            return
        try:
            Path(file).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}.") from None
