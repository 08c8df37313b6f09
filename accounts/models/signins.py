"""Sign-ins. Browser sessions and command lines hang from them: ending a sign-in ends them all."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models

from accounts import moments
from accounts.models.people import Person


class SignIn(models.Model):
    """One completed OpenID Connect sign-in, with the claims it brought.

    The provider's tokens are encrypted (`accounts.encryption`) and never shown.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sign_ins")
    provider_session = models.CharField(
        max_length=255, blank=True, db_index=True, help_text="The provider's `sid`."
    )
    claims = models.JSONField(default=dict)
    acr = models.CharField(max_length=255, blank=True)
    amr = models.JSONField(default=list, blank=True)
    auth_time = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(db_index=True)
    verified_at = models.DateTimeField(
        help_text="When the claims were last verified with the provider."
    )
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=64, blank=True)
    ip = models.CharField("IP address", max_length=45, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    encrypted_id_token = models.TextField(blank=True)
    encrypted_refresh_token = models.TextField(blank=True)
    refreshing_until = models.DateTimeField(
        null=True, blank=True, help_text="While one request of all processes refreshes the tokens."
    )

    class Meta:
        verbose_name = "sign-in"
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["person", "-started_at"], name="signin_by_person")]

    def __str__(self) -> str:
        return f"{self.person}, {moments.in_words(self.started_at)}"

    def is_open(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.expires_at
