"""Blocks of identities that an admin names, seen before or not, and of whoever has a claim value."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from accounts.visible import visible

_NAMES_IDENTITY = ~Q(issuer="") & ~Q(sub="") & Q(claim="", value="")
_NAMES_CLAIM = ~Q(claim="") & ~Q(value="") & Q(issuer="", sub="")


class Block(models.Model):
    """Refuses one identity, or everybody with a claim value. Whoever deletes the row lifts the block.

    Claim values are compared without regard to letter case and edge spaces (see `accounts.blocks`).
    """

    issuer = models.CharField(max_length=255, blank=True)
    sub = models.CharField(max_length=255, blank=True)
    claim = models.CharField(
        max_length=255, blank=True, help_text="For example email, preferred_username or groups."
    )
    value = models.CharField(
        max_length=255, blank=True, help_text="Letter case does not matter here."
    )
    reason = models.CharField(max_length=255, help_text="For other admins and the audit trail.")
    created_by = models.CharField(max_length=255, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=_NAMES_IDENTITY | _NAMES_CLAIM, name="block_of_identity_or_claim"
            ),
            models.UniqueConstraint(
                fields=["issuer", "sub", "claim", "value"], name="block_once_for_each"
            ),
        ]

    def __str__(self) -> str:
        if self.claim:
            return visible(f"{self.claim} = {self.value}")
        return visible(f"{self.sub} at {self.issuer}")

    def clean(self) -> None:
        """Check that it names an identity or a claim value, and not both.

        Raises:
            ValidationError: it does not.
        """
        identity = [bool(self.issuer), bool(self.sub)]
        claim = [bool(self.claim), bool(self.value)]
        if not ((all(identity) and not any(claim)) or (all(claim) and not any(identity))):
            raise ValidationError(
                "Fill in issuer and sub to block one identity, or claim and value to block everybody "
                "with that claim value."
            )
