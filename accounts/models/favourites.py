"""What the portal remembers for a person's own convenience: favourites, and the roles used last.

Both name a role as people do, by account id and role name, and refer to no row of the directory: a
role that is taken away and given again is still a favourite, and deleting a role touches nobody's
list. They give nothing: a page shows only those of them that the person is entitled to now.
"""

from __future__ import annotations

from django.db import models

from accounts.models.people import Person


class Favourite(models.Model):
    """A role that somebody starred; the lowest position comes first."""

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
        """Which role in which account."""
        return f"{self.role_name} in {self.account_id}"


class RoleUse(models.Model):
    """When somebody last used a role, and how long they last wanted its keys to live."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="role_uses")
    account_id = models.CharField(max_length=12)
    role_name = models.CharField(max_length=64)
    last_used_at = models.DateTimeField()
    duration = models.PositiveIntegerField(
        "seconds", null=True, help_text="None where none was ever chosen."
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
        """Which role in which account."""
        return f"{self.role_name} in {self.account_id}"
