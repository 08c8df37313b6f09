"""People whom the portal has seen, identified by (issuer, sub) and never by email."""

from __future__ import annotations

import uuid

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from accounts.types import label_of
from accounts.visible import visible

# Nobody edits these in the admin, portal admins included.
_READ_ONLY_MODELS = frozenset(
    {
        "auditevent",
        "auditbatch",
        "auditpurge",
        "auditdelivery",
        "signin",
        "token",
        "placement",
        "revocation",
    }
)


class Person(AbstractBaseUser):
    """A person who has signed in or asked the API. There are no passwords. Rights come from the claims."""

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    issuer = models.CharField(max_length=255, editable=False)
    sub = models.CharField(max_length=255, editable=False)
    name = models.CharField(max_length=255, blank=True)
    email = models.CharField(max_length=255, blank=True, db_index=True)
    email_verified = models.BooleanField(
        "email is verified",
        default=False,
        help_text="Whether the identity provider, or OIDC_EMAIL_IS_VERIFIED, says so.",
    )
    username = models.CharField(
        max_length=255, blank=True, db_index=True, help_text="The claim preferred_username."
    )
    is_admin = models.BooleanField("portal admin", default=False)
    is_auditor = models.BooleanField("auditor", default=False)
    first_seen = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField("last seen", null=True, blank=True, editable=False)
    last_seen_via = models.CharField("last seen via", max_length=16, blank=True, editable=False)

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
        label = label_of(
            email=self.email, email_verified=self.email_verified, name=self.name, sub=self.sub
        )
        return visible(label)

    @property
    def identity(self) -> str:
        """What tells this person from others with the same name."""
        return visible(f"{self.sub} at {self.issuer}")

    @property
    def is_staff(self) -> bool:
        """Whether the admin opens: for portal admins and auditors whose sign-in is open.

        A block is no column here: it ends sign-ins (see `accounts.blocks`), and without one no page opens.
        """
        return self.is_admin or self.is_auditor

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Portal admins change the directory and mappings, auditors view; nobody edits records.

        People are added when they are first seen, and never deleted. On a person's page an admin blocks
        and unblocks them.
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
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_staff and app_label == "accounts"
