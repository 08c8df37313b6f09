"""Plans that wait for a confirmation: what was uploaded, and what it was compared with."""

from __future__ import annotations

import uuid

from django.db import models


class UploadedPlan(models.Model):
    """Files as they were uploaded, in the admin or by a program. Confirming applies exactly these.

    `revision` is that of the directory when the plan was shown: once it differs, the plan is stale.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(db_index=True)
    issuer = models.CharField(max_length=255)
    sub = models.CharField(max_length=255)
    files = models.JSONField(help_text="[name, text] of each file.")
    whole = models.BooleanField(default=False)
    prune = models.BooleanField(default=False)
    manage = models.BooleanField(default=False)
    revision = models.CharField(max_length=32)
    applied_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.pk)
