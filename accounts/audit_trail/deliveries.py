"""Deliver sealed batches, one after another: to a webhook, and to a bucket of S3.

How far a destination has got is a row, which moves on when the batch has arrived. A batch may be sent twice, always with the
same name and the same content, so that the other side can tell; none is left out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

from accounts import audit_rows, http, pool
from accounts.audit_trail import batches
from accounts.aws import object_store
from accounts.errors import GatehouseError
from accounts.models import AuditBatch, AuditDelivery, AuditEvent

_SECONDS, _LONGEST_ANSWER = 20, 64 * 1024
Send = Callable[[AuditBatch, list[Mapping[str, Any]], datetime], None]


class NotDelivered(GatehouseError):
    """The destination did not take a batch. It is sent again."""

    code = "audit.not_delivered"


def deliver(*, now: datetime) -> int:
    """Deliver what has been sealed since, to all destinations of the settings; return how many batches were sent.

    Raises:
        GatehouseError: a destination refuses or does not answer; what it has taken stays noted.
    """
    return sum(_deliver_to(destination, send, now) for destination, send in destinations().items())


def destinations() -> dict[str, Send]:
    """Return the destinations that are set up, by name."""
    found: dict[str, Send] = {}
    if settings.AUDIT_WEBHOOK_URL:
        found["webhook"] = _post
    if settings.AUDIT_S3_BUCKET:
        found["s3"] = _put
    return found


def signed_headers(*, message_id: str, body: bytes, secret: str, now: datetime) -> dict[str, str]:
    """Return the headers of Standard Webhooks: https://github.com/standard-webhooks/standard-webhooks (symmetric, v1).

    `secret` is `whsec_` and base64.
    """
    timestamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{digest}",
    }


def _deliver_to(destination: str, send: Send, now: datetime) -> int:
    cursor, _ = AuditDelivery.objects.get_or_create(destination=destination)
    sent = 0
    while batch := AuditBatch.objects.filter(number=cursor.through_batch + 1).first():
        rows = _rows_of(batch)
        pool.give_back()
        send(batch, rows, now)
        cursor.through_batch, cursor.delivered_at = batch.number, now
        # Another worker may be further by now.
        AuditDelivery.objects.filter(
            destination=destination, through_batch__lt=batch.number
        ).update(through_batch=batch.number, delivered_at=now)
        sent += 1
    return sent


def _rows_of(batch: AuditBatch) -> list[Mapping[str, Any]]:
    numbers = [number for number, _ in batches.unpack(bytes(batch.entries))]
    rows = AuditEvent.objects.filter(id__in=numbers).order_by("id")
    return list(rows.values(*audit_rows.COLUMNS))


def _post(batch: AuditBatch, rows: list[Mapping[str, Any]], now: datetime) -> None:
    message = {
        "type": "audit.batch.sealed",
        "timestamp": batch.sealed_at,
        "data": {"batch": batch.number, "hash": batch.hash, "rows": rows},
    }
    body = json.dumps(message, default=audit_rows.moment, ensure_ascii=False).encode()
    headers = signed_headers(
        message_id=f"audit-batch-{batch.number}",
        body=body,
        secret=settings.AUDIT_WEBHOOK_SECRET,
        now=now,
    )
    try:
        answer = http.fetch(
            "POST",
            settings.AUDIT_WEBHOOK_URL,
            total=_SECONDS,
            limit=_LONGEST_ANSWER,
            headers=headers,
            body=body,
        )
    except http.HttpError as error:
        raise NotDelivered("", f"the webhook does not answer: {error}") from None
    if not 200 <= answer.status < 300:
        raise NotDelivered("", f"the webhook answered {answer.status} to batch {batch.number}")


def _put(batch: AuditBatch, rows: list[Mapping[str, Any]], now: datetime) -> None:
    del now
    object_store.put_once(
        bucket=settings.AUDIT_S3_BUCKET,
        key=f"{settings.AUDIT_S3_PREFIX}audit-{batch.first_id:019}-{batch.last_id:019}.jsonl",
        body="".join(map(audit_rows.json_line, rows)).encode(),
        region=settings.AUDIT_S3_REGION,
    )
