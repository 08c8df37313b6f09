"""Readings of an organization: how far one got, so that it can go on where it was interrupted."""

from __future__ import annotations

import uuid

from django.db import models


class OrganizationReading(models.Model):
    """One reading of all accounts of an organization. `state` is `accounts.from_aws.organization_reading`'s."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField(db_index=True)
    saved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    state = models.JSONField(default=dict, blank=True)
    done = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(default=0)
    step = models.CharField(max_length=64, blank=True, help_text="What is read now, in words.")
    outcome = models.TextField(blank=True, help_text="How it ended, in words.")
    plan = models.UUIDField(
        null=True, blank=True, help_text="The plan that waits for a confirmation."
    )

    class Meta:
        ordering = ["-started_at"]

    def __str__(self) -> str:
        return f"reading of {self.started_at:%Y-%m-%d %H:%M}"
