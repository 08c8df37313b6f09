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

    # A single key must be possible to turn off: people who dictate press keys by speaking.
    # https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts
    slash_searches = models.BooleanField(
        "the / key goes to the search", default=True, help_text="On the start page."
    )

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        """Whose they are."""
        return f"preferences of {self.person}"
