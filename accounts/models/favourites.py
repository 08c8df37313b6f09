"""Favourites and recently used roles.

Both name a role by account id and permission set, without a foreign key: a role that is removed and
added again is still a favourite. They give no access: pages show only those to which the person is
entitled now.
"""

from __future__ import annotations

from django.db import models

from accounts.models.people import Person


class Favourite(models.Model):
    """A favourite role of a person; the lowest position comes first."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="favourites")
    account_id = models.CharField(max_length=12)
    role_name = models.CharField(max_length=64)
    position = models.PositiveIntegerField()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "account_id", "role_name"], name="favourite_once_per_person"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role_name} in {self.account_id}"


class RoleUse(models.Model):
    """When a person last used a role, and what they last chose for its keys."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="role_uses")
    account_id = models.CharField(max_length=12)
    role_name = models.CharField(max_length=64)
    last_used_at = models.DateTimeField()
    duration = models.PositiveIntegerField(
        "seconds", null=True, help_text="Empty if none was ever chosen."
    )
    read_only = models.BooleanField(
        "read-only", default=False, help_text="Whether its keys were last asked for read-only."
    )

    class Meta:
        ordering = ["-last_used_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["person", "account_id", "role_name"], name="role_use_once_per_person"
            )
        ]
        indexes = [models.Index(fields=["person", "-last_used_at"], name="role_use_by_person")]

    def __str__(self) -> str:
        return f"{self.role_name} in {self.account_id}"
