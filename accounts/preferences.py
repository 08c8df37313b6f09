"""Keep how somebody wants the portal to behave; nothing here gives access."""

from __future__ import annotations

from accounts.models import Person, Preferences


def of(person: Person) -> Preferences:
    """Return somebody's preferences: the defaults where they never chose.

    The person of an open sign-in brings them along; this asks the database for nobody else's.
    """
    return getattr(person, "preferences", None) or Preferences(person=person)


def keep(*, person: Person, sign_out_first: bool, slash_searches: bool) -> None:
    """Remember what somebody chose."""
    chosen = {"sign_out_first": sign_out_first, "slash_searches": slash_searches}
    kept, _ = Preferences.objects.update_or_create(person=person, defaults=chosen)
    # So that whoever holds this person sees the choice too.
    kept.person = person
