"""The keys that sign the portal's web identity tokens."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class SigningAlgorithm(models.TextChoices):
    """What AWS verifies and the portal signs with (RFC 7518 section 3.1)."""

    RS256 = "RS256", "RS256"
    ES256 = "ES256", "ES256"


class SigningKey(models.Model):
    """A key pair. Its state follows from its moments and those of the others: `accounts.signing.key_states`.

    All portals on one database agree on who signs, because it is written here and not in a process. The
    private key is encrypted with a key derived from SECRET_KEY, and removed when the key is withdrawn.
    """

    # Two portals that make a key at the same moment cannot both succeed.
    number = models.PositiveIntegerField(unique=True)
    kid = models.CharField(
        "key id",
        max_length=64,
        unique=True,
        help_text="The thumbprint of the public key (RFC 7638).",
    )
    algorithm = models.CharField(max_length=16, choices=SigningAlgorithm)
    public_jwk = models.JSONField("public key", help_text="As it is published (RFC 7517).")
    encrypted_private_key = models.TextField(blank=True, editable=False)
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Since when AWS can read it; empty until manage.py export_issuer has written it, where the "
        "documents are published elsewhere.",
    )
    signs_from = models.DateTimeField(
        null=True, blank=True, help_text="From when it signs; empty for a standby key."
    )
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, help_text="When an emergency took it out of use."
    )

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=~Q(kid=""), name="signing_key_has_an_id"),
            models.CheckConstraint(
                condition=Q(algorithm__in=SigningAlgorithm.values),
                name="signing_key_algorithm_is_known",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) ^ Q(encrypted_private_key=""),
                name="signing_key_is_private_or_withdrawn",
            ),
        ]

    def __str__(self) -> str:
        return f"signing key {self.number}"
