"""People the portal has seen, each found by (issuer, sub) and never by email."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

# What nobody edits through the admin, portal admins included.
_READ_ONLY_MODELS = frozenset({"auditevent", "signin", "token"})


class Person(AbstractBaseUser):
    """Somebody who has signed in. There are no passwords; rights come from claims at each sign-in."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=255, editable=False)
    sub = models.CharField(max_length=255, editable=False)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True, db_index=True)
    is_admin = models.BooleanField("portal admin", default=False)
    is_auditor = models.BooleanField("auditor", default=False)
    is_active = models.BooleanField("may sign in", default=True)
    first_seen = models.DateTimeField(auto_now_add=True)

    password = None  # type: ignore[assignment]

    objects = BaseUserManager()

    USERNAME_FIELD = "public_id"
    EMAIL_FIELD = "email"

    class Meta:
        verbose_name_plural = "people"
        ordering = ["email", "sub"]
        constraints = [
            models.UniqueConstraint(fields=["issuer", "sub"], name="person_by_issuer_and_sub"),
            models.CheckConstraint(
                condition=~models.Q(issuer="") & ~models.Q(sub=""),
                name="person_has_issuer_and_sub",
            ),
        ]

    def __str__(self) -> str:
        """How people call this person."""
        return self.email or self.name or self.sub

    @property
    def is_staff(self) -> bool:
        """Whether the admin pages open at all: for portal admins and auditors."""
        return self.is_active and (self.is_admin or self.is_auditor)

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Portal admins manage the directory and mappings, auditors look; nobody edits the record.

        Of a person only whether they may sign in can be changed, and the admin's form says so:
        people come from sign-ins alone, and stay for the record's sake.
        """
        app, _, name = perm.partition(".")
        action, _, model = name.partition("_")
        if app != "accounts" or not self.is_staff:
            return False
        if action == "view":
            return True
        if model == "person" and action != "change":
            return False
        return self.is_admin and model not in _READ_ONLY_MODELS

    def has_perms(self, perm_list: list[str], obj: object = None) -> bool:
        """Whether all of these are granted."""
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        """Whether this app shows up in the admin."""
        return self.is_staff and app_label == "accounts"
