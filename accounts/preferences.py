"""How somebody wants the portal to behave. Nothing here gives access."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Person, Preferences
from accounts.models.preferences import ProfileNames


def preferences_of(person: Person) -> Preferences:
    """Return somebody's preferences, or the defaults if they never chose any.

    Costs no query: the person of an open sign-in is loaded with their preferences.
    """
    return getattr(person, "preferences", None) or Preferences(person=person)


def profile_names_of(*, issuer: str, sub: str) -> str:
    """Return what the names of somebody's profiles begin with; the default for whoever has no row."""
    found = Preferences.objects.filter(person__issuer=issuer, person__sub=sub)
    return found.values_list("profile_names", flat=True).first() or ProfileNames.ACCOUNT_NAME


def save(
    *,
    person: Person,
    sign_out_first: bool,
    slash_searches: bool,
    profile_names: str = ProfileNames.ACCOUNT_NAME,
    language: str = "",
) -> None:
    """Store what somebody chose."""
    chosen = {
        "sign_out_first": sign_out_first,
        "slash_searches": slash_searches,
        # What no page offers counts as not chosen.
        "profile_names": profile_names
        if profile_names in ProfileNames.values
        else ProfileNames.ACCOUNT_NAME,
        "language": language if language in dict(settings.LANGUAGES) else "",
    }
    preferences, _ = Preferences.objects.update_or_create(person=person, defaults=chosen)
    # Also sets `person.preferences`, so that whoever holds this object sees the choice.
    preferences.person = person
