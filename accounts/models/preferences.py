"""People's settings."""

from __future__ import annotations

from django.db import models

from accounts.models.people import Person


class ProfileNames(models.TextChoices):
    """What the names of profiles in AWS's files begin with."""

    ACCOUNT_NAME = "account_name", "The account's name"
    ACCOUNT_ID = "account_id", "The account's id"


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

    profile_names = models.CharField(
        "names of profiles",
        max_length=16,
        choices=ProfileNames,
        default=ProfileNames.ACCOUNT_NAME,
        help_text="What the names of profiles in AWS's files begin with.",
    )

    language = models.CharField(
        max_length=16,
        blank=True,
        default="",
        help_text="Of pages, such as de or pt-br. Empty: what the browser asks for.",
    )

    class Meta:
        verbose_name_plural = "preferences"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(profile_names__in=ProfileNames.values),
                name="preferences_profile_names_are_known",
            )
        ]

    def __str__(self) -> str:
        return f"preferences of {self.person}"
