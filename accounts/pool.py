"""Give the database connection back to the pool before waiting for another service."""

from __future__ import annotations

from django.db import connection


def give_back() -> None:
    """Give this thread's connection back to the pool, so that others can use it meanwhile.

    The next query borrows one again. Without a pool, and inside a transaction, nothing happens.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
