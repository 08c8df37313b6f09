"""How the last test of each account role ended."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from accounts.models.directory import AccountRole


class CheckOutcome(models.TextChoices):
    """Unknown: the test could not find out, for a reason that is not the role's."""

    WORKS = "works", "Works"
    BROKEN = "broken", "Broken"
    UNKNOWN = "unknown", "Unknown"


class TrustCheck(models.Model):
    """The last test of an account role: AWS was asked for its keys, which were thrown away."""

    account_role = models.OneToOneField(
        AccountRole, on_delete=models.CASCADE, related_name="trust_check"
    )
    outcome = models.CharField(max_length=16, choices=CheckOutcome)
    code = models.CharField(
        max_length=64, blank=True, help_text="What is wrong, for programs; empty if nothing is."
    )
    message = models.TextField(blank=True, help_text="What was found, for portal admins.")
    warnings = models.JSONField(
        default=list, blank=True, help_text="What is not as it should be although the role works."
    )
    tested_at = models.DateTimeField()
    tested_by = models.CharField(max_length=255, help_text="Email, name or identifier.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome__in=CheckOutcome.values), name="trust_check_outcome_is_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_role}: {self.get_outcome_display().lower()}"
