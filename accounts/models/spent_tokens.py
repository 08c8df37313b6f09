"""Tokens of the identity provider that count once: what they ask for must not be asked for again with a copy."""

from __future__ import annotations

from django.db import models


class SpentToken(models.Model):
    """A token that was taken, by a digest of its issuer and `jti`, until nobody would take it any more."""

    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return self.digest
