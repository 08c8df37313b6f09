"""Fill the demo's database with the product's own commands."""

from __future__ import annotations

import hashlib
from io import StringIO
from pathlib import Path

from django.core.management import call_command

from demo.launcher.home import Home


def prepare(home: Home, company: Path) -> bool:
    """Migrate, collect static files, and apply the company's file; whether it was applied.

    It is applied once for each of its versions: what was changed in the admin pages since stays.
    """
    call_command("migrate", interactive=False, verbosity=0)
    home.database.chmod(0o600)
    call_command("collectstatic", interactive=False, verbosity=0)
    digest = hashlib.sha256(company.read_bytes()).hexdigest()
    if home.applied.exists() and home.applied.read_text() == digest:
        return False
    call_command("apply", str(company), verbosity=0, stdout=StringIO())
    home.applied.write_text(digest)
    return True
