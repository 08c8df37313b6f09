"""The revision of the directory and mappings: a mark that the database renews with every change."""

from __future__ import annotations

from django.db import models


class Revision(models.Model):
    """One row. While `mark` is the same, decisions depend only on claims and time.

    Triggers write it (`accounts.revisions`), in the transaction of the change.
    """

    mark = models.CharField(max_length=32)

    def __str__(self) -> str:
        return self.mark
