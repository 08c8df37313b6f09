"""Seal the audit trail: rows in batches, each chained to the one before by a hash.

What it proves: a row that is changed, removed or slipped in after it was sealed breaks the chain. Who can
write the database can make the whole chain anew, unless a hash of it is known elsewhere (a log, a delivery),
or it is signed with AUDIT_CHAIN_KEY, which the database does not hold.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import struct
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction

from accounts import audit_rows
from accounts.models import AuditBatch, AuditEvent

LARGEST = 1000
"""Rows of a batch."""
NOTHING = "0" * 64
"""What stands for the batch before the first."""
ENTRY = struct.Struct(">q32s")
"""A row's number and the hash of its content."""
_LOCK_NOT_AVAILABLE = "55P03"


def seal(*, now: datetime) -> int:
    """Seal all rows that are not yet sealed; return how many batches that made.

    Called by one worker at a time; a second one fails on the number of its batch and changes nothing.

    Raises:
        django.db.IntegrityError: another worker sealed these rows meanwhile.
    """
    through = _complete_through()
    made = 0
    while (batch := _next_batch(through, now=now)) is not None:
        batch.save()
        made += 1
    return made


def digest(row: Mapping[str, Any]) -> bytes:
    """Return the SHA-256 of a row's content: of its columns that are not empty, as JSON with sorted names.

    Columns that a later version adds are empty in older rows, so their hashes stay what they are.
    """
    content = {
        name: value
        for name, value in row.items()
        if name in audit_rows.COLUMNS and (value or value == 0)
    }
    text = json.dumps(content, default=audit_rows.moment, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()


def chain(previous_hash: str, number: int, entries: bytes) -> str:
    """Return the hash of a batch, in hexadecimal."""
    return hashlib.sha256(f"{previous_hash}:{number}:".encode() + entries).hexdigest()


def signature(of: str) -> str:
    """Return the HMAC of a batch's hash; "" without AUDIT_CHAIN_KEY."""
    key = settings.AUDIT_CHAIN_KEY.encode()
    return hmac.new(key, of.encode(), hashlib.sha256).hexdigest() if key else ""


def pack(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the entries of these rows."""
    return b"".join(ENTRY.pack(row["id"], digest(row)) for row in rows)


def unpack(entries: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and hash of each row of a batch."""
    yield from ENTRY.iter_unpack(entries)


def _next_batch(through: int, *, now: datetime) -> AuditBatch | None:
    last = AuditBatch.objects.order_by("-number").first()
    after = last.last_id if last else 0
    waiting = AuditEvent.objects.filter(id__gt=after, id__lte=through).order_by("id")
    rows = list(waiting.values(*audit_rows.COLUMNS)[:LARGEST])
    if not rows:
        return None
    number, previous = (last.number + 1, last.hash) if last else (1, NOTHING)
    entries = pack(rows)
    chained = chain(previous, number, entries)
    return AuditBatch(
        number=number,
        first_id=rows[0]["id"],
        last_id=rows[-1]["id"],
        rows=len(rows),
        sealed_at=now,
        entries=entries,
        previous_hash=previous,
        hash=chained,
        signature=signature(chained),
    )


def _complete_through() -> int:
    """Return a number up to which no row is still to come; 0 if that cannot be known now.

    PostgreSQL numbers a row before its transaction ends, so a lower number may appear after a higher one. Each
    insert holds a shared lock until its transaction ends (see the migration); this waits for them, at
    most a second, so that nobody who gets keys waits longer.
    """
    try:
        with transaction.atomic():
            if connection.vendor == "postgresql":
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL lock_timeout = '1s'")
                    cursor.execute("SELECT pg_advisory_xact_lock(hashtext('accounts_auditevent'))")
            newest = AuditEvent.objects.order_by("-id").values_list("id", flat=True).first()
            return newest or 0
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
            return 0
        raise
