"""Sealed batches of the audit trail, what of it was purged, and how far it was delivered."""

from __future__ import annotations

from typing import Any

from django.db import models

from accounts.models.audit import AppendOnly


class AuditBatch(models.Model):
    """Some rows, one after another, sealed by a hash over them and the batch before.

    `entries` holds for each row its number (8 bytes) and the SHA-256 of its content (32 bytes).
    """

    number = models.PositiveBigIntegerField(primary_key=True, help_text="Counted from 1.")
    first_id = models.BigIntegerField(help_text="The number of its first row.")
    last_id = models.BigIntegerField(help_text="The number of its last row.")
    rows = models.PositiveIntegerField()
    sealed_at = models.DateTimeField()
    entries = models.BinaryField(editable=False)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    signature = models.CharField(
        max_length=64, blank=True, help_text="HMAC-SHA256 of the hash with AUDIT_CHAIN_KEY."
    )

    class Meta:
        ordering = ["-number"]
        verbose_name_plural = "audit batches"

    def __str__(self) -> str:
        return f"batch {self.number}, rows {self.first_id} to {self.last_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("audit batches are append-only")
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly("audit batches are append-only")


class AuditPurge(models.Model):
    """All rows up to a sealed batch were deleted, as they were older than AUDIT_RETENTION. The batches stay."""

    through_batch = models.PositiveBigIntegerField(primary_key=True)
    through_id = models.BigIntegerField(help_text="The last row that went.")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-through_batch"]

    def __str__(self) -> str:
        return f"purged through batch {self.through_batch}"


class AuditDelivery(models.Model):
    """How far the batches were delivered to a destination."""

    destination = models.CharField(max_length=255, primary_key=True)
    through_batch = models.PositiveBigIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "audit deliveries"

    def __str__(self) -> str:
        return f"{self.destination}: through batch {self.through_batch}"
