"""How somebody wants the portal to behave. Nothing here gives access."""

from __future__ import annotations

from accounts.models import Person, Preferences


def preferences_of(person: Person) -> Preferences:
    """Return somebody's preferences, or the defaults if they never chose any.

    Costs no query: the person of an open sign-in is loaded with their preferences.
    """
    return getattr(person, "preferences", None) or Preferences(person=person)


def save(*, person: Person, sign_out_first: bool, slash_searches: bool) -> None:
    """Store what somebody chose."""
    chosen = {"sign_out_first": sign_out_first, "slash_searches": slash_searches}
    preferences, _ = Preferences.objects.update_or_create(person=person, defaults=chosen)
    # Also sets `person.preferences`, so that whoever holds this object sees the choice.
    preferences.person = person
