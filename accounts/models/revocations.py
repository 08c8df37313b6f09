"""Revocations: live sessions at AWS that an admin has cut, and how far that is done in each account."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q

from accounts import moments
from accounts.visible import visible


class Reach(models.TextChoices):
    """Whose sessions are cut."""

    ROLE = "role", "everybody in one role"
    PERSON = "person", "one person"
    PERSON_IN_ROLE = "person-in-role", "one person in one role"
    SIGN_IN = "sign-in", "one sign-in of a person"
    ELEVATION = "elevation", "one elevation of a person"
    ACCOUNT = "account", "everybody in an account"
    EVERYTHING = "everything", "everybody in every account"


class Engine(models.TextChoices):
    """What holds the denial at AWS."""

    ROLES = "roles", "a policy of each role"
    ORGANIZATION = "organization", "one policy of the organization"


class Revocation(models.Model):
    """One cut of live sessions: sessions that began before `since` are denied everything.

    Its rows say where. It is never changed or deleted; the rows go on until each is placed or has failed.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    reach = models.CharField(max_length=16, choices=Reach)
    engine = models.CharField(max_length=16, choices=Engine, default=Engine.ROLES)
    what = models.CharField(max_length=512, help_text="In words.")
    issuer = models.CharField(max_length=255, blank=True)
    sub = models.CharField(max_length=255, blank=True)
    person_mark = models.CharField(
        max_length=16,
        blank=True,
        help_text="What the person's session names at AWS end with; empty for everybody.",
    )
    reason = models.CharField(max_length=255)
    requested_by = models.CharField(max_length=255, help_text="Email, name or identifier.")
    requested_at = models.DateTimeField(db_index=True)
    since = models.DateTimeField(help_text="Sessions that began before this moment are cut.")

    class Meta:
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(reach__in=Reach.values) & Q(engine__in=Engine.values),
                name="revocation_is_of_a_known_kind",
            ),
            # A cut of a person must never become one of everybody.
            models.CheckConstraint(
                condition=~Q(person_mark="")
                | Q(reach__in=[Reach.ROLE, Reach.ACCOUNT, Reach.EVERYTHING]),
                name="revocation_of_a_person_names_one",
            ),
        ]

    def __str__(self) -> str:
        return visible(f"{moments.in_words(self.requested_at, seconds=True)}: {self.what}")


class PlacementState(models.TextChoices):
    """How far a denial is. A failed one is tried again only when an admin asks for it."""

    PENDING = "pending", "Pending"
    PLACED = "placed", "Placed"
    FAILED = "failed", "Failed"


class Placement(models.Model):
    """One policy at AWS that has to hold a revocation: of an IAM role, or of the organization.

    `roles` are the ARNs that an organization's policy is limited to; [] for all. A role's policy needs none.
    """

    revocation = models.ForeignKey(Revocation, on_delete=models.CASCADE, related_name="placements")
    account_id = models.CharField("account", max_length=12, blank=True)
    account_name = models.CharField(max_length=128, blank=True)
    role_name = models.CharField("role", max_length=128, blank=True)
    policy_of = models.CharField(
        max_length=2048, help_text="The ARN of the role, or the id of the organization's policy."
    )
    roles = models.JSONField(default=list, blank=True)
    state = models.CharField(max_length=16, choices=PlacementState, default=PlacementState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    error_code = models.CharField(max_length=64, blank=True)
    message = models.TextField(blank=True, help_text="Why not, for portal admins.")
    policy_size = models.PositiveIntegerField("characters", null=True, blank=True)
    placed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["account_name", "account_id", "role_name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=PlacementState.values), name="placement_state_is_known"
            ),
            models.UniqueConstraint(
                fields=["revocation", "policy_of"], name="placement_once_per_policy"
            ),
        ]
        indexes = [models.Index(fields=["policy_of"], name="placement_by_policy")]

    def __str__(self) -> str:
        return f"{self.policy_of}: {self.get_state_display().lower()}"
