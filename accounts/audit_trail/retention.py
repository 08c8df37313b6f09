"""Delete rows that are older than AUDIT_RETENTION: only whole sealed batches that every destination has taken."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from accounts import audit
from accounts.audit_trail.deliveries import destinations
from accounts.models import AuditBatch, AuditDelivery, AuditEvent, AuditPurge
from accounts.models.audit import Action
from accounts.types import Origin, Surface

_AT_ONCE = 100
"""Batches of one transaction."""


def purge(*, now: datetime) -> int:
    """Delete what is due, and record it; return how many batches went. Their hashes stay, so the chain stays whole.

    Raises:
        django.db.DatabaseError: the portal's role may not delete; then nothing goes.
    """
    gone = 0
    while (count := _purge_some(now)) > 0:
        gone += count
    return gone


def _purge_some(now: datetime) -> int:
    last = AuditPurge.objects.order_by("-through_batch").first()
    before = last.through_batch if last else 0
    due = _due_through(before, now)
    if due is None:
        return 0
    with transaction.atomic():
        AuditPurge.objects.create(through_batch=due.number, through_id=due.last_id, at=now)
        audit.record(
            action=Action.AUDIT_PURGED,
            now=now,
            origin=Origin(surface=Surface.COMMAND, ip="", user_agent="", request_id=""),
            detail={"through_batch": due.number, "through_row": due.last_id},
        )
        with connection.cursor() as cursor:
            # The model refuses; the database allows it for rows that a purge names.
            cursor.execute("DELETE FROM accounts_auditevent WHERE id <= %s", [due.last_id])
    return due.number - before


def _due_through(before: int, now: datetime) -> AuditBatch | None:
    """Return the last batch, of the next some, up to which every row may go; None if none may."""
    if settings.AUDIT_RETENTION <= 0:
        return None
    oldest = now - timedelta(days=settings.AUDIT_RETENTION)
    taken = {
        name: AuditDelivery.objects.filter(pk=name).values_list("through_batch", flat=True).first()
        for name in destinations()
    }
    due = None
    for batch in AuditBatch.objects.filter(number__gt=before).order_by("number")[:_AT_ONCE]:
        if any((through or 0) < batch.number for through in taken.values()):
            break
        if AuditEvent.objects.filter(
            id__gte=batch.first_id, id__lte=batch.last_id, at__gte=oldest
        ).exists():
            break
        due = batch
    return due
