"""Give the database's connection back before waiting for somebody else."""

from __future__ import annotations

from django.db import connection


def give_back() -> None:
    """Give back the thread's connection where it is lent by a pool, for others to use meanwhile.

    The next query borrows one again. Within a transaction it stays: nobody waits inside one.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()
