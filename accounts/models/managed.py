"""Rows that a file manages: read-only in the admin until somebody releases them."""

from __future__ import annotations

from django.db import models


class Managed(models.Model):
    """A row that may be managed as code."""

    managed_by = models.CharField(
        max_length=255,
        blank=True,
        default="",
        editable=False,
        help_text="The file that manages this row; empty where none does.",
    )

    class Meta:
        abstract = True
