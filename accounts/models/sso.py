"""Command-line access: a request that somebody approves, and the tokens that hang from it."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from accounts import moments
from accounts.models.signins import SignIn
from accounts.visible import visible


class Flow(models.TextChoices):
    """How a command line asks for access: by the authorization code flow, or by the device flow."""

    BROWSER = "browser", "In the browser of the same machine"
    DEVICE = "device", "By a code that a person enters"


class Approval(models.Model):
    """A request for command-line access and its outcome. It hangs from the sign-in of who approved it.

    `digest` is the digest of the authorization code or device code that redeems it, once. Secrets
    themselves are not stored.
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
    requested_at = models.DateTimeField()
    requested_from = models.CharField("requested from", max_length=45, blank=True)
    expires_at = models.DateTimeField(help_text="Until when it can be redeemed.")
    approved_at = models.DateTimeField(null=True, blank=True)
    denied_at = models.DateTimeField(null=True, blank=True)
    redeemed_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    last_used_ip = models.CharField("last used from", max_length=45, blank=True)
    polls = models.PositiveIntegerField(default=0)
    polled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-requested_at"]
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
        return f"{visible(self.client_name)}, {moments.in_words(self.requested_at)}"

    def is_waiting(self, now: datetime) -> bool:
        """Whether it can still be approved or denied."""
        return self.approved_at is None and self.denied_at is None and now < self.expires_at


class CliToken(models.Model):
    """An access or refresh token of a command line. Only its SHA-256 is stored."""

    approval = models.ForeignKey(Approval, on_delete=models.CASCADE, related_name="tokens")
    is_refresh_token = models.BooleanField()
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(
        null=True, blank=True, help_text="When a refresh token was first used."
    )

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=~Q(digest=""), name="cli_token_has_a_digest"),
        ]

    def __str__(self) -> str:
        return f"{'refresh' if self.is_refresh_token else 'access'} token of {self.approval}"


class RegistrationKey(models.Model):
    """The key that signs the registrations of command lines: one row, created by the first registration.

    It is no SECRET_KEY, because an AWS CLI uses its registration for 90 days, whatever is rotated here.
    It protects no access: anybody can register.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    key = models.CharField(max_length=64, editable=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="registration_key_is_one"),
            models.CheckConstraint(condition=~Q(key=""), name="registration_key_is_not_empty"),
        ]

    def __str__(self) -> str:
        return "the key of registrations"
