"""How somebody wants the portal to behave. Nothing here gives access."""

from __future__ import annotations

from django.conf import settings

from accounts.models import Person, Preferences
from accounts.profile_patterns import DEFAULT_PATTERN, checked_pattern


def preferences_of(person: Person) -> Preferences:
    """Return somebody's preferences, or the defaults if they never chose any.

    Costs no query: the person of an open sign-in is loaded with their preferences.
    """
    return getattr(person, "preferences", None) or Preferences(person=person)


def profile_pattern_of(*, issuer: str, sub: str) -> str:
    """Return the pattern of the names of somebody's profiles; the default for whoever has no row."""
    found = Preferences.objects.filter(person__issuer=issuer, person__sub=sub)
    return found.values_list("profile_pattern", flat=True).first() or DEFAULT_PATTERN


def save(
    *,
    person: Person,
    sign_out_first: bool,
    slash_searches: bool,
    profile_pattern: str = DEFAULT_PATTERN,
    language: str = "",
    opens_console_at_once: bool = False,
) -> None:
    """Store what somebody chose.

    Raises:
        InvalidPattern: the pattern gives no usable names of profiles. Nothing is stored.
    """
    chosen = {
        "sign_out_first": sign_out_first,
        "slash_searches": slash_searches,
        "opens_console_at_once": opens_console_at_once,
        "profile_pattern": checked_pattern(profile_pattern),
        # What no page offers counts as not chosen.
        "language": language if language in dict(settings.LANGUAGES) else "",
    }
    preferences, _ = Preferences.objects.update_or_create(person=person, defaults=chosen)
    # Also sets `person.preferences`, so that whoever holds this object sees the choice.
    preferences.person = person


def save_profile_pattern(*, person: Person, pattern: str) -> None:
    """Store the pattern of the names of somebody's profiles; the rest stays.

    Raises:
        InvalidPattern: it gives no usable names.
    """
    chosen = {"profile_pattern": checked_pattern(pattern)}
    preferences, _ = Preferences.objects.update_or_create(person=person, defaults=chosen)
    preferences.person = person
