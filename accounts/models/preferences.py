"""How somebody wants the portal to behave; everybody starts with the defaults."""

from __future__ import annotations

from django.db import models

from accounts.models.people import Person


class Preferences(models.Model):
    """One row for each person who ever changed something."""

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    sign_out_first = models.BooleanField(
        "sign out of the AWS console first",
        default=False,
        help_text="Ends every console session of the browser, those of other accounts included.",
    )

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        """Whose they are."""
        return f"preferences of {self.person}"
