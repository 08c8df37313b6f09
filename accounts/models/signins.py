"""Sign-ins. Browser sessions and command lines hang from them: ending a sign-in ends them all."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts import moments
from accounts.models.people import Person


class Verification(models.TextChoices):
    """How the claims of a sign-in are verified again with the provider."""

    REFRESH = "refresh", "By a refresh token"
    USERINFO = "userinfo", "By userinfo"
    SILENT = "silent", "By the browser, without a question"
    NONE = "none", "Not until the next sign-in"


class EndedBy(models.TextChoices):
    """Who ended a sign-in before it ended by itself."""

    PERSON = "person", "The person"
    ADMIN = "admin", "A portal admin"
    PROVIDER = "provider", "The identity provider"


class SignInQuerySet(models.QuerySet["SignIn"]):
    """Narrows sign-ins to those that are open, or over, at a moment; `SignIn.is_open` says the same of one."""

    def open_at(self, now: datetime) -> SignInQuerySet:
        return self.exclude(_over(now))

    def over_at(self, now: datetime) -> SignInQuerySet:
        return self.filter(_over(now))


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
    verification = models.CharField(
        max_length=16,
        choices=Verification,
        default=Verification.NONE,
        help_text="How the claims are verified again, once they are older than CLAIMS_MAX_AGE.",
    )
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(
        help_text="When its browser or a command line last asked for something, to the minute."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.CharField(
        max_length=16,
        choices=EndedBy,
        blank=True,
        help_text="Who ended it; empty while it is open, or if it ended by itself.",
    )
    end_reason = models.CharField(max_length=64, blank=True)
    ip = models.CharField("IP address", max_length=45, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    encrypted_id_token = models.TextField(blank=True)
    encrypted_refresh_token = models.TextField(blank=True)
    encrypted_access_token = models.TextField(blank=True)
    refreshing_until = models.DateTimeField(
        null=True, blank=True, help_text="While one request of all processes verifies the claims."
    )

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = "sign-in"
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["person", "-started_at"], name="signin_by_person")]

    def __str__(self) -> str:
        return f"{self.person}, {moments.in_words(self.started_at)}"

    @property
    def ends_at(self) -> datetime:
        """When it ends by itself: at its limit or, if that is earlier, when it was not used for too long."""
        if not settings.SIGN_IN_IDLE_LIFETIME:
            return self.expires_at
        return min(self.expires_at, self.last_used_at + _idle_lifetime())

    def is_open(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.ends_at


def _over(now: datetime) -> Q:
    over = Q(ended_at__isnull=False) | Q(expires_at__lte=now)
    if settings.SIGN_IN_IDLE_LIFETIME:
        over |= Q(last_used_at__lte=now - _idle_lifetime())
    return over


def _idle_lifetime() -> timedelta:
    return timedelta(seconds=settings.SIGN_IN_IDLE_LIFETIME)
