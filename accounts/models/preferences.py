"""People's settings."""

from __future__ import annotations

from django.db import models

from accounts.models.people import Person
from accounts.profile_patterns import DEFAULT_PATTERN, LONGEST_PATTERN


class Preferences(models.Model):
    """The settings of a person who has changed any. Everybody else has the defaults."""

    person = models.OneToOneField(
        Person, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    sign_out_first = models.BooleanField(
        "sign out of the AWS console first",
        default=False,
        help_text="Ends all console sessions of the browser, also those of other accounts.",
    )

    # Shortcuts of a single key must be possible to turn off: speech input presses keys by accident.
    # https://www.w3.org/WAI/WCAG22/Understanding/character-key-shortcuts
    slash_searches = models.BooleanField(
        "the / key goes to the search", default=True, help_text="On the start page."
    )

    profile_pattern = models.CharField(
        "names of profiles",
        max_length=LONGEST_PATTERN,
        default=DEFAULT_PATTERN,
        help_text="The pattern of the names of profiles in AWS's files.",
    )

    language = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="Of pages, such as de or pt-br. Empty: what the browser asks for.",
    )

    opens_console_at_once = models.BooleanField(
        "shortcuts open the console at once",
        default=False,
        help_text="Without the page that asks, for roles that are not privileged.",
    )

    class Meta:
        verbose_name_plural = "preferences"

    def __str__(self) -> str:
        return f"preferences of {self.person}"
