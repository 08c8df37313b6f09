"""Names of profiles: one for each role with keys, the same on every page and in the command `gatehouse`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from django.http import HttpRequest

from accounts import preferences
from accounts.models.preferences import ProfileNames
from accounts.types import Kind, OfferedRole, RoleRef
from portal.context import sign_in_of
from portal.pages.own_roles import own_roles

LONGEST_PROFILE = 128
_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+=,:/-]+")
_ACCOUNT_ID = re.compile("[0-9]{12}")


def cleaned(name: str) -> str:
    """Return a name without characters that mean something to shells or AWS's files; profile.js does the same."""
    return _NOT_IN_PROFILES.sub("-", name).strip("-")


def profile_name(wanted: str, *, default: str) -> str:
    """Return the name that somebody typed, as far as a profile can have it, else the default."""
    return cleaned(wanted[:LONGEST_PROFILE]) or default


def name_by_id(role: OfferedRole) -> str:
    """Return the name that the access portal of AWS gives a profile. No other role has it."""
    return f"{role.account_id}_{role.role_name}"


def names_of(roles: Iterable[OfferedRole], *, style: str) -> dict[RoleRef, str]:
    """Return a name for each role, no name twice; gatehouse_client/profiles.py has the same rule.

    Where the name of the account does not tell roles apart, is no name in a profile, or looks like
    the id of another account, the account's id takes its place.
    """
    listed = [*roles]
    by_name = {
        RoleRef(role.account_id, role.role_name): f"{cleaned(role.account_name)}_{role.role_name}"
        for role in listed
    }
    count = Counter(by_name.values())
    names = {}
    for role in listed:
        ref = RoleRef(role.account_id, role.role_name)
        account, name = cleaned(role.account_name), by_name[ref]
        telling = account and not _ACCOUNT_ID.match(account) and count[name] == 1
        by_id = style == ProfileNames.ACCOUNT_ID or not telling or len(name) > LONGEST_PROFILE
        names[ref] = name_by_id(role) if by_id else name
    return names


def own_names(request: HttpRequest) -> dict[RoleRef, str]:
    """Return the names of the profiles of the person who is signed in, as they prefer them."""
    style = preferences.preferences_of(sign_in_of(request).person).profile_names
    entitlements = own_roles(request).by_name.values()
    return names_of((one.role for one in entitlements if one.allows(Kind.KEYS)), style=style)
