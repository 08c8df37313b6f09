"""The pool of database connections: lend no broken one, and keep none while waiting for another service."""

from __future__ import annotations

import threading
import time
from typing import Any

from django.db import connection

CHECKED = 1.0
"""Seconds in which a request borrows again, after AWS was asked for instance, without another check."""


class _Borrower(threading.local):
    """What a thread knows of the connections that it borrows."""

    checked_at = float("-inf")


_borrower = _Borrower()


def give_back() -> None:
    """Give this thread's connection back to the pool, so that others can use it meanwhile.

    The next query borrows one again. Without a pool, and inside a transaction, nothing happens.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


def replace_broken(*, connection: Any, **signal: Any) -> None:
    """Replace a connection that the pool has just lent if it is broken, and all broken ones with it.

    A restart of PostgreSQL breaks them all at once. With Django's CONN_HEALTH_CHECKS the pool replaces
    them one by one, with a pause that doubles after each, and requests fail meanwhile. This receives
    Django's signal `connection_created` and costs one round trip.
    """
    del signal
    if not connection.settings_dict["OPTIONS"].get("pool"):
        return
    if time.monotonic() < _borrower.checked_at + CHECKED:
        return
    if connection.is_usable():
        _borrower.checked_at = time.monotonic()
        return
    connection.close()
    connection.pool.check()
    connection.connect()


def begin_request(**signal: Any) -> None:
    """Check the first connection of each request. This receives Django's signal `request_started`."""
    del signal
    _borrower.checked_at = float("-inf")
