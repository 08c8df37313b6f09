"""Do what takes long: `manage.py work`, one process or several beside the portal."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from accounts.worker.handlers import HANDLERS
from accounts.worker.loop import Worker

_MOST_THREADS = 64


class Command(BaseCommand):
    help = (
        "Do the portal's jobs until SIGTERM or Ctrl-C: those that pages, programs and commands have asked for, and "
        "those that come back by themselves. Several may run. Jobs that run when it is stopped are done first."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, then end")
        parser.add_argument(
            "--threads", type=int, default=8, help="how many jobs at the same time (8)"
        )

    def handle(self, *, once: bool, threads: int, **options: Any) -> None:
        if not 1 <= threads <= _MOST_THREADS:
            raise CommandError(f"--threads is a number from 1 to {_MOST_THREADS}.")
        worker = Worker(HANDLERS, threads=threads)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: worker.stop())
        if options["verbosity"] > 0 and not once:
            self.stdout.write(f"Working on: {', '.join(HANDLERS)}.")
            self.stdout.flush()
        try:
            worker.run(once=once)
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
