"""Keep how somebody wants the portal to behave; nothing here gives access."""

from __future__ import annotations

from accounts.models import Person, Preferences


def of(person: Person) -> Preferences:
    """Return somebody's preferences: the defaults where they never chose."""
    return Preferences.objects.filter(person=person).first() or Preferences(person=person)


def keep(*, person: Person, sign_out_first: bool) -> None:
    """Remember what somebody chose."""
    Preferences.objects.update_or_create(person=person, defaults={"sign_out_first": sign_out_first})
