"""Write what AWS reads of the portal as an issuer, for a public bucket: `manage.py export_issuer DIR`."""

from __future__ import annotations

import os
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from accounts.management.operators import operator_name
from accounts.signing import documents, issuer_url, rotation, stored_keys
from accounts.signing.documents import DISCOVERY_PATH, KEY_SET_PATH, is_published_here


class Command(BaseCommand):
    help = (
        "Write the discovery document and the key set into a folder, to be published at TRUST_ISSUER where AWS "
        "cannot reach the portal itself. Nothing in them is secret. Run it again after each change of the keys."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", metavar="DIR", help="where to; it is created if it is absent")

    def handle(self, *, folder: str, **options: Any) -> None:
        now, actor = timezone.now(), operator_name()
        try:
            stored_keys.create_first(now=now, actor=actor)
            built = documents.build(stored_keys.public_keys(), now=now)
            _write(Path(folder) / DISCOVERY_PATH.lstrip("/"), built.discovery)
            _write(Path(folder) / KEY_SET_PATH.lstrip("/"), built.key_set)
            new = rotation.note_publication(now=now, actor=actor)
        except DatabaseError as error:
            raise CommandError(
                f"The database refused: {error}\nHas `manage.py migrate` been run?"
            ) from error
        except OSError as error:
            raise CommandError(f"{error.filename} cannot be written: {error.strerror}.") from None
        if options["verbosity"] > 0:
            for path in (DISCOVERY_PATH, KEY_SET_PATH):
                self.stdout.write(f"{folder}{path} belongs at {issuer_url()}{path}")
            for key in new:
                self.stdout.write(f"New there: {key} ({key.kid}).")
            self.stdout.write(
                "Publish both now, with the content type application/json: the portal takes them as published. "
                "Then `manage.py signing_keys check` compares what the world reads."
            )
        if is_published_here():
            self.stderr.write(
                self.style.WARNING(
                    "Warning: TRUST_ISSUER is not set, so AWS reads both from the portal at BASE_URL. If these "
                    "files are for another address, set TRUST_ISSUER to it and run this again."
                )
            )


def _write(path: Path, document: bytes) -> None:
    """Write a file whole or not at all: it may be served from here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(document)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        os.unlink(name)
        raise
