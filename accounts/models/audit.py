"""The audit trail: one append-only row for every attempt at the door and every change by an admin."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from accounts import moments
from accounts.visible import visible


class AuditOutcome(models.TextChoices):
    """How it ended: it was done, the portal refused it, or it did not work."""

    SUCCESS = "success", "Done"
    DENIED = "denied", "Denied"
    FAILED = "failed", "Failed"


class Action(models.TextChoices):
    """What happened, as subject.object.action: what it is about, the thing, and what became of it.

    docs/audit.md says when each is recorded.
    """

    KEYS_ISSUED = "access.keys.issued", "Keys issued"
    KEYS_DENIED = "access.keys.denied", "Keys denied"
    KEYS_FAILED = "access.keys.failed", "Keys failed"
    CONSOLE_ISSUED = "access.console.issued", "Console opened"
    CONSOLE_DENIED = "access.console.denied", "Console denied"
    CONSOLE_FAILED = "access.console.failed", "Console failed"
    PAGE_DENIED = "access.page.denied", "Page denied"
    SIGNIN_COMPLETED = "signin.person.completed", "Signed in"
    SIGNIN_FAILED = "signin.person.failed", "Sign-in failed"
    SIGNIN_VERIFIED = "signin.person.verified", "Sign-in verified again"
    SIGNIN_ENDED = "signin.person.ended", "Signed out"
    ADMIN_ADDED = "admin.object.added", "Added"
    ADMIN_CHANGED = "admin.object.changed", "Changed"
    ADMIN_DELETED = "admin.object.deleted", "Deleted"
    ROLE_TESTED = "admin.role.tested", "Role tested"
    TOKEN_CREATED = "token.secret.created", "Token created"
    TOKEN_REVOKED = "token.secret.revoked", "Token revoked"
    TOKEN_REFUSED = "token.secret.refused", "Token refused"
    CLI_ALLOWED = "sso.client.allowed", "Command-line access allowed"
    CLI_DENIED = "sso.client.denied", "Command-line access denied"
    CLI_TOKEN_ISSUED = "sso.token.issued", "Command line signed in"
    CLI_TOKEN_REFRESHED = "sso.token.refreshed", "Command line renewed its tokens"
    CLI_TOKEN_REUSED = "sso.token.reused", "Command-line secret used twice"
    CLI_TOKEN_REVOKED = "sso.token.revoked", "Command line signed out"
    SIGNING_KEY_CREATED = "signing.key.created", "Signing key created"
    SIGNING_KEY_PUBLISHED = "signing.key.published", "Signing key published"
    SIGNING_KEY_ENCRYPTED = "signing.key.encrypted", "Signing key encrypted again"
    SIGNING_KEY_ROTATED = "signing.key.rotated", "Signing key begins to sign"
    SIGNING_KEY_WITHDRAWN = "signing.key.withdrawn", "Signing key withdrawn"
    AUDIT_EXPORTED = "audit.trail.exported", "Audit trail exported"
    CLOUDTRAIL_READ = "audit.cloudtrail.read", "CloudTrail read"
    CLOUDTRAIL_FAILED = "audit.cloudtrail.failed", "CloudTrail not read"
    SESSIONS_CUT = "revocation.sessions.cut", "Live sessions cut"
    CUT_PLACED = "revocation.policy.placed", "Cut placed"
    CUT_FAILED = "revocation.policy.failed", "Cut failed"
    AUDIT_PURGED = "audit.trail.purged", "Audit trail purged"
    PLAN_APPLIED = "admin.plan.applied", "Configuration applied"

    @property
    def outcome(self) -> AuditOutcome:
        """How it ended, which is the last word of the action."""
        last = self.value.rpartition(".")[2]
        if last == "failed":
            return AuditOutcome.FAILED
        return AuditOutcome.DENIED if last in _REFUSALS else AuditOutcome.SUCCESS


_REFUSALS = frozenset({"denied", "refused", "reused"})


class AppendOnly(TypeError):
    """A row of the audit trail was to be changed or deleted."""


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    """Refuses bulk changes. On PostgreSQL a trigger refuses them too."""

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[AuditEvent]:
        if kwargs.get("update_conflicts"):
            raise AppendOnly("audit rows are append-only")
        return super().bulk_create(*args, **kwargs)

    def update(self, **kwargs: Any) -> int:
        raise AppendOnly("audit rows are append-only")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly("audit rows are append-only")


class AuditEvent(models.Model):
    """Who did what, from where, with which outcome and why. No secrets, and no foreign keys: rows outlive the rest."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=64, choices=Action)
    issuer = models.CharField(max_length=255, blank=True)
    sub = models.CharField(max_length=255, blank=True)
    actor = models.CharField(max_length=255, blank=True, help_text="Email, name or identifier.")
    actor_kind = models.CharField(
        max_length=16, blank=True, help_text="A person, a workload, or a token of the portal."
    )
    surface = models.CharField(max_length=16, blank=True)
    ip = models.CharField("IP address", max_length=45, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    request_id = models.CharField(max_length=64, blank=True)
    account_id = models.CharField("account", max_length=64, blank=True)
    role_name = models.CharField("role", max_length=255, blank=True)
    role_arn = models.CharField("role ARN", max_length=2048, blank=True)
    duration = models.PositiveIntegerField("seconds", null=True, blank=True)
    reason = models.TextField(blank=True, help_text="The mapping that gave it, or why not.")
    error_code = models.CharField(max_length=64, blank=True)
    access_key_id = models.CharField("access key id", max_length=128, blank=True)
    session_name = models.CharField(max_length=64, blank=True)
    assumed_role_arn = models.CharField(max_length=2048, blank=True)
    aws_request_id = models.CharField("AWS request id", max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["issuer", "sub", "-at", "-id"], name="audit_by_person"),
            models.Index(fields=["account_id", "-at", "-id"], name="audit_by_account"),
            models.Index(
                fields=["access_key_id"], condition=~Q(access_key_id=""), name="audit_by_key"
            ),
            models.Index(
                fields=["request_id"], condition=~Q(request_id=""), name="audit_by_request"
            ),
            models.Index(
                fields=["aws_request_id"],
                condition=~Q(aws_request_id=""),
                name="audit_by_aws_request",
            ),
        ]

    def __str__(self) -> str:
        at = moments.in_words(self.at, seconds=True)
        return f"{at}: {self.get_action_display()}, {visible(self.actor)}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly("audit rows are append-only")
        # Without it Django would write over a row whose id is given.
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly("audit rows are append-only")
