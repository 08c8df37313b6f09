"""What a command line is let in by: the approval of somebody signed in, and the tokens that hang from it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from accounts.models.signins import SignIn


class Flow(models.TextChoices):
    """How a command line asks to be let in."""

    BROWSER = "browser", "In the browser of the same machine"
    DEVICE = "device", "By a code that somebody types"


class Approval(models.Model):
    """One command line that asks to be let in, and what became of it.

    `digest` is of the secret that redeems it: the authorization code, or the device code. It is good
    once. No secret itself is here. It hangs from the sign-in of who approved it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    flow = models.CharField(max_length=16, choices=Flow)
    sign_in = models.ForeignKey(
        SignIn, null=True, on_delete=models.CASCADE, related_name="approvals"
    )
    client = models.CharField(max_length=64, help_text="The digest of the client's id.")
    client_name = models.CharField(max_length=64, help_text="As it calls itself.")
    refreshable = models.BooleanField(default=False)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    user_code = models.CharField(
        max_length=64, blank=True, help_text="The keyed digest of the code that people type."
    )
    redirect_uri = models.CharField(max_length=256, blank=True)
    code_challenge = models.CharField(max_length=43, blank=True)
    asked_at = models.DateTimeField()
    asked_from = models.CharField("asked from", max_length=45, blank=True)
    expires_at = models.DateTimeField(help_text="Until when it can be redeemed.")
    approved_at = models.DateTimeField(null=True, blank=True)
    denied_at = models.DateTimeField(null=True, blank=True)
    redeemed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    polls = models.PositiveIntegerField(default=0)
    polled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user_code"], condition=~Q(user_code=""), name="approval_by_user_code"
            ),
            models.CheckConstraint(condition=~Q(digest=""), name="approval_has_a_digest"),
            models.CheckConstraint(
                condition=Q(approved_at=None) | Q(sign_in__isnull=False),
                name="approval_by_somebody_signed_in",
            ),
            models.CheckConstraint(
                condition=~Q(flow=Flow.BROWSER) | ~Q(code_challenge=""),
                name="approval_in_the_browser_has_a_challenge",
            ),
        ]

    def __str__(self) -> str:
        """Who asked, and when."""
        return f"{self.client_name}, {self.asked_at:%Y-%m-%d %H:%M}"

    def is_waiting(self, now: datetime) -> bool:
        """Whether somebody has yet to say yes or no."""
        return self.approved_at is None and self.denied_at is None and now < self.expires_at


class CliToken(models.Model):
    """A token of a command line: to ask with, or to renew with. Only its SHA-256 is here."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="tokens")
    renews = models.BooleanField(help_text="Whether it only gets new tokens.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True, help_text="When it first got new tokens.")

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(digest=""), name="cli_token_has_a_digest"),
        ]

    def __str__(self) -> str:
        """Whose, and what for."""
        return f"{'renews' if self.renews else 'asks'} for {self.approval}"
