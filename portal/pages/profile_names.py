"""Names of profiles on pages: one for each role with keys of the person who is signed in."""

from __future__ import annotations

from django.http import HttpRequest

from accounts import preferences
from accounts.profile_patterns import LONGEST_PROFILE, cleaned, profile_names
from accounts.types import Kind, RoleRef
from portal.context import sign_in_of
from portal.pages.own_roles import own_roles


def profile_name(wanted: str, *, default: str) -> str:
    """Return the name that somebody typed, as far as a profile can have it, else the default."""
    return cleaned(wanted[:LONGEST_PROFILE]) or default


def own_names(request: HttpRequest) -> dict[RoleRef, str]:
    """Return the names of the profiles of the person who is signed in, as they prefer them."""
    entitlements = own_roles(request).by_name.values()
    return profile_names(
        (one.role for one in entitlements if one.allows(Kind.KEYS)), pattern=own_pattern(request)
    )


def own_pattern(request: HttpRequest) -> str:
    """Return the pattern of names that the person who is signed in prefers."""
    return preferences.preferences_of(sign_in_of(request).person).profile_pattern
