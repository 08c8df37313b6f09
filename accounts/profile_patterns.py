"""Names of profiles in AWS's files: a pattern that a person chooses, and one name for each role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from accounts.errors import InvalidRequest
from accounts.messages import Message
from accounts.types import OfferedRole, RoleRef

DEFAULT_PATTERN = "{account}_{role}"
LONGEST_PATTERN = 64
LONGEST_PROFILE = 128
# AWS's tools take [profile default] for [default].
_RESERVED = "default"
_PLACEHOLDER = re.compile(r"\{(account|account_id|role|environment)\}")
_NOT_IN_PROFILES = re.compile(r"[^A-Za-z0-9_.@+=,:/-]+")
_ACCOUNT_ID = re.compile("[0-9]{12}")


class InvalidPattern(InvalidRequest):
    """A pattern that gives no usable names of profiles."""

    code = "preferences.profile_pattern"


def cleaned(name: str) -> str:
    """Return a name without characters that mean something to shells or AWS's files; profile.js does the same."""
    return _NOT_IN_PROFILES.sub("-", name).strip("-")


def checked_pattern(text: str) -> str:
    """Return a pattern as it is stored; an empty one is the default.

    Raises:
        InvalidPattern: its names would not tell one role from another, or could not be in a file.
    """
    pattern = text.strip() or DEFAULT_PATTERN
    if len(pattern) > LONGEST_PATTERN:
        raise InvalidPattern(
            Message("The pattern can have at most %(most)s characters.", most=LONGEST_PATTERN)
        )
    rest = _PLACEHOLDER.sub("", pattern)
    if "{" in rest or "}" in rest:
        raise InvalidPattern(
            Message("Only {account}, {account_id}, {role} and {environment} can be in braces.")
        )
    if cleaned(f"x{rest}x") != f"x{rest}x":
        raise InvalidPattern(
            Message(
                "Beside the words in braces use letters without accents, digits, and _ . @ + = , : / - only."
            )
        )
    used = set(_PLACEHOLDER.findall(pattern))
    if "role" not in used or not used & {"account", "account_id"}:
        raise InvalidPattern(Message("The pattern needs {role}, and {account} or {account_id}."))
    return pattern


def name_by_id(role: OfferedRole) -> str:
    """Return the name that the access portal of AWS gives a profile. No other role has it."""
    return f"{role.account_id}_{role.role_name}"


def profile_names(roles: Iterable[OfferedRole], *, pattern: str) -> dict[RoleRef, str]:
    """Return a name for each role, no name twice.

    `roles` are all roles with keys of one person, so that a name does not depend on which others are
    shown. Where the pattern does not tell roles apart, or the account's name is none in a profile or
    looks like the id of another account, the name is that of `name_by_id`.
    """
    listed = [*roles]
    wanted = [_filled(pattern, role) for role in listed]
    count = Counter(wanted)
    by_id = {name_by_id(role) for role in listed}
    names = {}
    for role, name in zip(listed, wanted, strict=True):
        own = name_by_id(role)
        is_usable = (
            count[name] == 1
            and len(name) <= LONGEST_PROFILE
            and name != _RESERVED
            and (name == own or name not in by_id)
            and ("{account}" not in pattern or _is_telling(role.account_name))
        )
        names[RoleRef(role.account_id, role.role_name)] = name if is_usable else own
    return names


def _filled(pattern: str, role: OfferedRole) -> str:
    values = {
        "account": cleaned(role.account_name),
        "account_id": role.account_id,
        "role": role.role_name,
        "environment": cleaned(role.environment.name) if role.environment else "",
    }
    return cleaned(_PLACEHOLDER.sub(lambda found: values[found[1]], pattern))


def _is_telling(account_name: str) -> bool:
    name = cleaned(account_name)
    return bool(name) and not _ACCOUNT_ID.match(name)
