"""Jobs: work that takes long, kept as rows until a worker has done it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q


class Job(models.Model):
    """A piece of work for `manage.py work`. It may be done twice, and is never lost.

    A worker leases a job before it begins. The lease of a worker that died runs out, and another worker
    takes the job.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=64, help_text="What is to be done.")
    key = models.CharField(
        max_length=255,
        blank=True,
        help_text="Of one kind and key, at most one job is unfinished. Empty: any number.",
    )
    payload = models.JSONField(default=dict, blank=True, help_text="No secrets.")
    added_at = models.DateTimeField()
    due_at = models.DateTimeField()
    lease = models.UUIDField(null=True, blank=True, editable=False)
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    given_up = models.BooleanField(
        default=False, help_text="It failed too often, and nobody tries again."
    )

    class Meta:
        ordering = ["-due_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "key"],
                condition=Q(finished_at=None) & ~Q(key=""),
                name="job_of_a_key_is_unfinished_once",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(finished_at=None), name="job_by_due_time")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}".strip()

    def state(self, now: datetime) -> str:
        """Return the state in words."""
        if self.finished_at is not None:
            return "given up" if self.given_up else "done"
        if self.leased_until is not None and self.leased_until > now:
            return "running"
        return "waiting" if self.due_at > now else "due"
