"""Say to the log, at each start, what the portal lacks and where to set it; serving goes on meanwhile."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import connection

from accounts.models import Account, Mapping
from portal import health

log = logging.getLogger(__name__)


def say_what_is_missing() -> None:
    """Look at the database, at what it holds, and at the identity provider, which is known from then on."""
    try:
        if (state := health.database()) != "ok":
            log.error("not ready: the database: %s", state)
        elif lacking := _lacking():
            log.warning(
                "nobody has access yet: there are no %s; portal admins add them at %s/admin/, "
                "or manage.py apply FILE loads them",
                " and no ".join(lacking),
                settings.BASE_URL,
            )
    finally:
        # A provider must be awaited without a connection; nobody waits inside a transaction.
        if not connection.in_atomic_block:
            connection.close()
    health.identity_provider()


def _lacking() -> list[str]:
    found = {"accounts": Account.objects.exists(), "mappings": Mapping.objects.exists()}
    return [name for name, exists in found.items() if not exists]
