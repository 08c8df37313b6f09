"""The pool of database connections: lend no broken one, and keep none while waiting for another service."""

from __future__ import annotations

import select
from typing import Any

from django.db import connection


def give_back() -> None:
    """Give this thread's connection back to the pool, so that others can use it meanwhile.

    The next query borrows one again. Without a pool, and inside a transaction, nothing happens.
    """
    if connection.settings_dict["OPTIONS"].get("pool") and not connection.in_atomic_block:
        connection.close()


def replace_broken(*, connection: Any, **signal: Any) -> None:
    """Replace a connection that the pool has just lent if it is broken, and all broken ones with it.

    A restart of PostgreSQL breaks them all at once. With Django's CONN_HEALTH_CHECKS the pool replaces
    them one by one, with a pause that doubles after each, and requests fail meanwhile, and each loan costs
    a round trip. This receives Django's signal `connection_created` and costs next to nothing.
    """
    del signal
    if not connection.settings_dict["OPTIONS"].get("pool"):
        return
    if not _has_news(connection.connection) or connection.is_usable():
        return
    connection.close()
    connection.pool.check()
    connection.connect()


def _has_news(lent: Any) -> bool:
    """Whether something has arrived on a connection on which nothing was asked, such as its end.

    Where the network has lost the server without a word, TCP's own probes end the connection: `keepalives_idle`
    in portal/settings.py.
    """
    poll = select.poll()
    poll.register(lent.fileno(), select.POLLIN)
    return bool(poll.poll(0))
