"""Prepare the demo's database with the portal's own commands."""

from __future__ import annotations

import hashlib
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from accounts.models import Person
from demo.launcher.folder import DemoFolder


def keep_people(*, before: str, now: str) -> None:
    """Give the people of the issuer `before` to the issuer `now`: the same provider, on another port."""
    known = Person.objects.filter(issuer=now).values("sub")
    Person.objects.filter(issuer=before).exclude(sub__in=known).update(issuer=now)


def prepare(folder: DemoFolder, company: Path) -> bool:
    """Migrate, collect static files, and apply the company's file; return whether it was applied.

    Each version of the file is applied once, so changes made in the admin stay.
    """
    call_command("migrate", interactive=False, verbosity=0)
    folder.database.chmod(0o600)
    call_command("collectstatic", interactive=False, verbosity=0)
    # The embedded AWS reads the portal's signing keys elsewhere, so the portal must be told that they are there.
    call_command("export_issuer", str(folder.path / "issuer"), verbosity=0)
    digest = hashlib.sha256(company.read_bytes()).hexdigest()
    if folder.applied.exists() and folder.applied.read_text() == digest:
        return False
    call_command("apply", str(company), verbosity=0, stdout=StringIO())
    folder.applied.write_text(digest)
    return True
