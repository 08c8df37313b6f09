"""Log at start what is missing and where to set it, while the portal already answers."""

from __future__ import annotations

import logging
from contextlib import suppress

from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.models import Account, Mapping, SigningKey
from accounts.signing import rotation, served_documents, stored_keys
from accounts.signing.documents import is_published_here
from accounts.signing.served_documents import DocumentsUnavailable
from accounts.trust.hub import partitions_without_hub
from portal import health

log = logging.getLogger(__name__)


def say_what_is_missing() -> None:
    """Check the database, its contents, and the identity provider, whose documents are cached from then on."""
    try:
        if (state := health.database()) != "ok":
            log.error("not ready: the database: %s", state)
        else:
            _say_what_the_contents_lack()
            _prepare_signing_keys()
    finally:
        # Do not hold a connection while the provider is asked. (Tests run inside a transaction.)
        if not connection.in_atomic_block:
            connection.close()
    health.identity_provider()


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


def _prepare_signing_keys() -> None:
    """Create the first signing key, and read the documents that are served while the database is down."""
    now = timezone.now()
    stored_keys.create_first(now=now)
    if is_published_here() and SigningKey.objects.filter(published_at=None).exists():
        # They were made for another address, and are published here from now on.
        rotation.note_publication(now=now, actor=stored_keys.BY_ITSELF)
    health.signing_key()
    with suppress(DocumentsUnavailable):
        served_documents.current()


def _missing_contents() -> list[str]:
    exists = {"accounts": Account.objects.exists(), "mappings": Mapping.objects.exists()}
    return [name for name, there_are_some in exists.items() if not there_are_some]
