"""Log at start what is missing and where to set it, while the portal already answers."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from accounts.models import Account, Mapping, SigningKey
from accounts.signing import rotation, served_documents, stored_keys
from accounts.signing.documents import is_published_here
from accounts.signing.served_documents import DocumentsUnavailable
from accounts.trust.hub import partitions_without_hub
from portal import health

log = logging.getLogger(__name__)


PAUSE = 5.0
"""Seconds until a database that was not ready is asked again."""


def start(*, sleep: Callable[[float], None] = time.sleep) -> None:
    """Say what is missing; once the database is ready, create the first signing key.

    AWS reads the keys before anybody has asked this portal for a session, so they cannot wait for a request.
    """
    say_what_is_missing()
    while not prepare_signing_keys():
        sleep(PAUSE)


def say_what_is_missing() -> None:
    """Check the database, its contents, and the identity provider, whose documents are cached from then on."""
    try:
        if (state := health.database()) != "ok":
            log.error("not ready: the database: %s", state)
        else:
            _say_what_the_contents_lack()
    except DatabaseError as error:
        log.error("not ready: the database: %s", type(error).__name__)
    finally:
        _close_connection()
    health.identity_provider()


def prepare_signing_keys() -> bool:
    """Create the first signing key, and read the documents that are served while the database is down.

    Returns whether the database was ready for that.
    """
    try:
        if health.database() != "ok":
            return False
        now = timezone.now()
        stored_keys.create_first(now=now)
        if is_published_here() and SigningKey.objects.filter(published_at=None).exists():
            # They were made for another address, and are published here from now on.
            rotation.note_publication(now=now, actor=stored_keys.BY_ITSELF)
        health.signing_key()
    except DatabaseError as error:
        log.warning("the signing keys could not be prepared: %s", type(error).__name__)
        return False
    finally:
        _close_connection()
    with suppress(DocumentsUnavailable):
        served_documents.current()
    return True


def _close_connection() -> None:
    # Do not hold a connection while the provider is asked. (Tests run inside a transaction.)
    if not connection.in_atomic_block:
        connection.close()


def _say_what_the_contents_lack() -> None:
    if missing := _missing_contents():
        log.warning(
            "nobody has access yet: there are no %s; portal admins add them at %s/admin/, "
            "or manage.py apply FILE loads them",
            " and no ".join(missing),
            settings.BASE_URL,
        )
    for partition, reason in partitions_without_hub(Account.partitions_of_hub()).items():
        log.warning("nobody can use a role in the accounts in %s: %s", partition, reason)


def _missing_contents() -> list[str]:
    exists = {"accounts": Account.objects.exists(), "mappings": Mapping.objects.exists()}
    return [name for name, there_are_some in exists.items() if not there_are_some]
