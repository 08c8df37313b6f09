"""The documents as this process serves them: as it last read them, also while the database is down."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from django.db import Error as DatabaseError
from django.db import connection
from django.utils import timezone

from accounts.errors import GatehouseError
from accounts.signing import documents, stored_keys
from accounts.signing.documents import Documents

log = logging.getLogger(__name__)

FRESH = 30.0
"""Seconds for which documents are served as they were read: so soon every process serves a new key, or no
longer one that was withdrawn."""
WAIT = 1.0
"""Seconds for which a request waits for newer documents before it is answered with those there are."""
FIRST_WAIT = 4.0
"""Seconds for which it waits where there are none yet. AWS waits 5 for an answer."""
PAUSE = 5.0
"""Seconds until a database that did not answer is asked again."""


class DocumentsUnavailable(GatehouseError):
    """There is nothing to serve: the database has not answered since this process began, or holds no key."""

    code = "signing.documents_unavailable"
    http_status = 503


class ServedDocuments:
    """What `read` returned last. It is called in a thread of its own, one at a time; None: there is no key yet.

    A database that is down takes as long to say so as its pool waits; nobody who asks for the documents does.
    """

    def __init__(
        self,
        read: Callable[[], Documents | None],
        *,
        clock: Callable[[], float] = time.monotonic,
        first_wait: float = FIRST_WAIT,
        wait: float = WAIT,
    ) -> None:
        self._read = read
        self._clock = clock
        self._first_wait = first_wait
        self._wait = wait
        self._lock = threading.Lock()
        self._documents: Documents | None = None
        self._next_reading_at = clock()
        self._reading: threading.Event | None = None
        self._reading_since = 0.0

    def get(self) -> Documents:
        """Return the documents, read again if they are older than FRESH and the database answers.

        Raises:
            DocumentsUnavailable: there are none.
        """
        reading = self._begin_reading_if_due()
        if reading is not None:
            patience = self._wait if self._documents else self._first_wait
            reading.wait(max(0.0, self._reading_since + patience - self._clock()))
        if self._documents is None:
            raise DocumentsUnavailable(
                "This portal cannot say its signing keys: its database does not answer, or holds none yet. "
                "Try again in a minute.",
                "the discovery document and the key set could not be built: the database is down, or no "
                "signing key was ever created (manage.py signing_keys init)",
            )
        return self._documents

    def _begin_reading_if_due(self) -> threading.Event | None:
        with self._lock:
            if self._reading is None and self._clock() >= self._next_reading_at:
                self._reading = threading.Event()
                self._reading_since = self._clock()
                threading.Thread(
                    target=self._read_again, args=(self._reading,), daemon=True
                ).start()
            return self._reading

    def _read_again(self, reading: threading.Event) -> None:
        found, pause = None, PAUSE
        try:
            found = self._read()
            pause = FRESH if found else 0.0
        except DatabaseError as error:
            log.warning("the signing keys could not be read: %s", type(error).__name__)
        finally:
            with self._lock:
                self._documents = found or self._documents
                self._next_reading_at = self._clock() + pause
                self._reading = None
            reading.set()


def _read() -> Documents | None:
    try:
        keys = stored_keys.public_keys()
        return documents.build(keys, now=timezone.now()) if keys else None
    finally:
        connection.close()


_served = ServedDocuments(_read)


def current() -> Documents:
    """Return the documents for AWS; raises as `ServedDocuments.get`."""
    return _served.get()
