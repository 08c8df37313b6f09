"""Verify the chain of the audit trail, and say which row breaks it first."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from accounts import audit_rows
from accounts.audit_trail import batches
from accounts.models import AuditBatch, AuditEvent, AuditPurge


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found. `broken` says in words what is wrong first, "" if nothing is.

    `unsealed` rows came after the last batch: they are not protected yet. `purged` batches have no rows any
    more. `signed` says whether the signatures were verified.
    """

    batches: int
    rows: int
    unsealed: int
    purged: int
    head: str
    signed: bool
    broken: str = ""


def verify(*, expected: Mapping[int, str] | None = None) -> Verified:
    """Read the whole chain and all rows, in parts. `expected`: hashes of batches that were kept elsewhere."""
    last_purge = AuditPurge.objects.order_by("-through_batch").first()
    purged = last_purge.through_batch if last_purge else 0
    hash_before, id_before, rows, number = batches.NOTHING, 0, 0, 0
    broken = ""
    for number, batch in enumerate(_in_order(AuditBatch.objects.all()), start=1):
        broken = _broken_link(batch, number, hash_before, (expected or {}).get(batch.number, ""))
        broken = broken or _broken_row(batch, id_before, is_purged=number <= purged)
        if broken:
            break
        hash_before, id_before, rows = batch.hash, batch.last_id, rows + batch.rows
    missing = [one for one in expected or {} if one > number] if not broken else []
    if missing:
        broken = f"batch {min(missing)} is missing: the chain ends with batch {number}"
    return Verified(
        batches=number,
        rows=rows,
        unsealed=AuditEvent.objects.filter(id__gt=id_before).count() if not broken else 0,
        purged=min(purged, number),
        head=f"{number}:{hash_before}",
        signed=bool(settings.AUDIT_CHAIN_KEY),
        broken=broken,
    )


def _in_order(found: QuerySet[AuditBatch]) -> Iterator[AuditBatch]:
    last = -1
    while part := list(found.filter(number__gt=last).order_by("number")[:50]):
        yield from part
        last = part[-1].number


def _broken_link(batch: AuditBatch, number: int, hash_before: str, expected: str) -> str:
    name = f"batch {number} (rows {batch.first_id} to {batch.last_id})"
    if batch.number != number:
        return f"batch {number} is missing"
    if batch.previous_hash != hash_before:
        return f"{name} does not follow batch {number - 1}"
    if batches.chain(hash_before, number, bytes(batch.entries)) != batch.hash:
        return f"{name} has another content than when it was sealed"
    if expected and batch.hash != expected:
        return f"{name} has another hash than the one that was kept: the chain was made anew"
    wanted = batches.signature(batch.hash)
    if wanted and batch.signature and not hmac.compare_digest(wanted, batch.signature):
        return f"{name} was signed with another key than AUDIT_CHAIN_KEY"
    if wanted and not batch.signature:
        return f"{name} is not signed, though AUDIT_CHAIN_KEY is set"
    return ""


def _broken_row(batch: AuditBatch, id_before: int, *, is_purged: bool) -> str:
    sealed = dict(batches.unpack(bytes(batch.entries)))
    stored: dict[int, Mapping[str, Any]] = {
        row["id"]: row
        for row in AuditEvent.objects.filter(id__gt=id_before, id__lte=batch.last_id).values(
            *audit_rows.COLUMNS
        )
    }
    for number in sorted(sealed.keys() | stored.keys()):
        if number not in stored:
            if not is_purged:
                return f"row {number} is missing"
        elif number not in sealed:
            return f"row {number} was added after batch {batch.number} was sealed"
        elif batches.digest(stored[number]) != sealed[number]:
            return f"row {number} was changed after batch {batch.number} was sealed"
    return ""
