"""The revision of the directory and mappings: a mark that the database itself renews with every change."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """One row. While `mark` is the same, so is all that entitlements are decided from, but claims and time.

    Nobody writes it: triggers do (`accounts.revisions`), in the transaction of the change.
    """

    mark = models.CharField(max_length=32)

    def __str__(self) -> str:
        """The mark."""
        return self.mark
