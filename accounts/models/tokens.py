"""Tokens of the portal, for programs that have none of the identity provider."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q

from accounts.models.people import Person
from accounts.models.plain_text import plain_text
from accounts.models.signins import SignIn
from accounts.visible import visible

MACHINE_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}\Z"


class Token(models.Model):
    """A bearer token that acts as the person who created it, or as a machine.

    Only the SHA-256 of its secret is stored. A token can be revoked but not changed or deleted, as the
    audit trail names it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    created_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tokens")
    sign_in = models.ForeignKey(
        SignIn,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="tokens",
        help_text="The sign-in in which it was created.",
    )
    machine = models.CharField(
        max_length=63,
        blank=True,
        db_index=True,
        help_text="The machine it acts as; empty for the person who created it.",
    )
    purpose = models.CharField(max_length=128, validators=[plain_text])
    digest = models.CharField(max_length=64, unique=True, editable=False)
    permission_sets = models.JSONField(
        null=True, help_text="The names it is limited to; null: not limited."
    )
    account_ids = models.JSONField(
        "accounts", null=True, help_text="The ids it is limited to; null: not limited."
    )
    console = models.BooleanField("opens the console", default=False)
    keys = models.BooleanField("gets keys", default=False)
    read_only = models.BooleanField(
        "read-only", default=False, help_text="Keys and consoles come with the read-only policy."
    )
    directory = models.BooleanField("reads the directory", default=False)
    audit = models.BooleanField("reads the audit trail", default=False)
    testing = models.BooleanField("tests roles", default=False)
    revoking = models.BooleanField("cuts live sessions", default=False)
    created_at = models.DateTimeField(db_index=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute.")
    last_used_ip = models.CharField("last used from", max_length=45, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_by", "-created_at"], name="token_by_person"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(purpose=""), name="token_has_a_purpose"),
            models.CheckConstraint(condition=~Q(digest=""), name="token_has_a_digest"),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")), name="token_expires"
            ),
            models.CheckConstraint(
                condition=Q(console=True)
                | Q(keys=True)
                | Q(directory=True)
                | Q(audit=True)
                | Q(testing=True)
                | Q(revoking=True),
                name="token_is_for_something",
            ),
            # A person's token gives at most what that person's groups give, and no admin's rights.
            models.CheckConstraint(
                condition=~Q(machine="")
                | Q(directory=False, audit=False, testing=False, revoking=False),
                name="token_of_a_person_administers_nothing",
            ),
        ]

    def __str__(self) -> str:
        return visible(f"{self.acts_as}: {self.purpose}")

    @property
    def acts_as(self) -> str:
        return self.machine or str(self.created_by)

    def is_live(self, now: datetime) -> bool:
        """Whether it is neither expired nor revoked. Its creator may have been blocked since."""
        return self.revoked_at is None and now < self.expires_at

    def facts(self) -> dict[str, object]:
        """Return what the audit trail records of a token; nothing of its secret."""
        may = ("console", "keys", "directory", "audit", "testing", "revoking")
        return {
            "object": f"token {self}",
            "token": str(self.id),
            "machine": self.machine,
            "purpose": self.purpose,
            "made_by": str(self.created_by),
            "permission_sets": self.permission_sets,
            "accounts": self.account_ids,
            "may": [name for name in may if getattr(self, name)],
            "read_only": self.read_only,
            "expires_at": self.expires_at.isoformat(),
        }
