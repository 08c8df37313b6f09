"""The rule of a mapping as a pure function: which claim values give which account roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from accounts.aws.limits import ACCOUNT_ID
from accounts.types import OfferedRole

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Overlapping ones too: a claim may hold 13 digits, of which the first or the last 12 are an account.
_ACCOUNT_IDS = re.compile(rf"(?=({ACCOUNT_ID}))")
_ACCOUNT_OF_ARN = re.compile(r"arn:[^:]*:iam::([^:]*):")


class MatchKind(StrEnum):
    """How a mapping reads a claim value."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    TEMPLATE = "template"


# `role` is the permission set's name, and in a template that is an ARN the IAM path and name, so
# that an ARN in a claim means exactly that ARN.
PLACEHOLDERS = ("account_id", "account", "environment", "partition", "role")


@dataclass(frozen=True, slots=True)
class Targets:
    """The accounts a mapping reaches: the union of its parts; nothing at all reaches nothing."""

    everything: bool = False
    accounts: frozenset[str] = frozenset()
    organizational_units: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    tags: frozenset[tuple[str, str]] = frozenset()

    @property
    def accounts_alone(self) -> frozenset[str]:
        """The accounts, where these are named one by one and in no other way; else empty."""
        broad = self.everything or self.organizational_units or self.environments or self.tags
        return frozenset() if broad else self.accounts

    @staticmethod
    def union(parts: Iterable[Targets]) -> Targets:
        """Return what these reach together."""
        parts = list(parts)
        return Targets(
            everything=any(part.everything for part in parts),
            accounts=frozenset().union(*(part.accounts for part in parts)),
            organizational_units=frozenset().union(*(part.organizational_units for part in parts)),
            environments=frozenset().union(*(part.environments for part in parts)),
            tags=frozenset().union(*(part.tags for part in parts)),
        )

    def reach(self, role: OfferedRole) -> bool:
        """Whether the account of this role is among the targets; a unit includes the units below it."""
        return (
            self.everything
            or role.account_id in self.accounts
            or (role.environment is not None and role.environment.name in self.environments)
            or not self.tags.isdisjoint(role.tags)
            or any(
                unit in self.organizational_units
                for unit in unit_and_parents(role.organizational_unit)
            )
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """A mapping as values: claim value -> permission set -> accounts.

    `role_name` is the permission set's name; None in a template that takes it from `{role}`.
    """

    mapping_id: int
    name: str
    claim: str
    match: MatchKind
    value: str
    role_name: str | None
    targets: Targets
    console: bool
    keys: bool

    def matched_value(self, role: OfferedRole, values: frozenset[str]) -> str | None:
        """Return the claim value by which this rule gives this role, None if there is none.

        An empty claim, value or target matches nobody.
        """
        if not self.claim or not self.value or not self.targets.reach(role):
            return None
        if self.role_name is not None and self.role_name != role.role_name:
            return None
        if self.match is MatchKind.TEMPLATE:
            if self.role_name is None and "{role}" not in self.value:
                return None
            # Rendering and comparing decides without the ambiguity a captured pattern would have.
            rendered = render(self.value, role)
            return rendered if rendered in values else None
        if self.role_name is None:
            return None
        return min(self.relevant(values), default=None)

    def relevant(self, values: frozenset[str]) -> frozenset[str]:
        """Return those of these values that can make a difference: with all of them or only these,
        the rule gives the same. So the many values of a claim are looked at once, not once a role.
        """
        if self.match is MatchKind.EXACT:
            return values & {self.value}
        if self.match is MatchKind.TEMPLATE:
            return frozenset(each for each in values if could_be(self.value, each))
        first = min((each for each in values if wildcard(self.value, each)), default=None)
        return frozenset() if first is None else frozenset({first})


def unit_and_parents(unit: str) -> Iterable[str]:
    """Yield `a/b/c`, `a/b`, `a` for `a/b/c`; nothing for an account in no unit."""
    while unit:
        yield unit
        unit = unit.rpartition("/")[0]


def wildcard(pattern: str, value: str) -> bool:
    """Whether a value fits: `*` stands for any run of characters and nothing else is special.

    Each part is looked for once and from the left, which is right whatever stands between them, and
    quick whatever the value: a regular expression would try again and again (people who name
    their own groups choose the value).
    """
    first, star, rest = pattern.partition("*")
    if not star:
        return value == pattern
    *middle, last = rest.split("*")
    place, end = len(first), len(value) - len(last)
    if place > end or not value.startswith(first) or not value.endswith(last):
        return False
    for part in middle:
        found = value.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def could_be(pattern: str, value: str) -> bool:
    """Whether a template could make this value at all: a first sieve, never the decision."""
    return wildcard(PLACEHOLDER.sub("*", pattern), value)


def render(pattern: str, role: OfferedRole) -> str | None:
    """Fill a template in for one account role; None where the role lacks what it names."""
    values = {
        "account_id": role.account_id,
        "account": role.account_name,
        "environment": role.environment.name if role.environment else "",
        "partition": role.partition,
        "role": f"{role.iam_path}{role.iam_role_name}".removeprefix("/")
        if is_arn(pattern)
        else role.role_name,
    }
    if not all(values.get(name) for name in PLACEHOLDER.findall(pattern)):
        return None
    return PLACEHOLDER.sub(lambda found: values[found[1]], pattern)


def is_arn(pattern: str) -> bool:
    """Whether a template is that of a role's ARN."""
    return pattern.startswith("arn:")


def account_ids(pattern: str, values: Iterable[str]) -> frozenset[str] | None:
    """Return every account id these values could name through a template, to narrow a query.

    None where the template names no account id, so nothing can be narrowed.
    """
    if "{account_id}" not in pattern:
        return None
    return frozenset(
        found
        for value in values
        if could_be(pattern, value)
        for found in _ACCOUNT_IDS.findall(value)
    )


def complaint(*, match: MatchKind, value: str, has_role: bool) -> str:
    """Say what is wrong with a mapping's value, "" if nothing is; `has_role`: names a permission set."""
    if not value.strip():
        return "An empty value would match nobody: give the group or role as the provider sends it."
    if value != value.strip():
        return "The value begins or ends with a space; no provider sends that."
    # Compared by value: forms and models hand in plain text.
    if match == MatchKind.TEMPLATE:
        return _template_complaint(value, has_role=has_role) or _account_complaint(value)
    if not has_role:
        return "Choose a permission set; only a template with {role} can do without."
    if match == MatchKind.WILDCARD and "*" not in value:
        return "A wildcard needs a * in it; for one value exactly, choose “exact”."
    return _account_complaint(value)


def _account_complaint(value: str) -> str:
    """Say what is wrong with the account id of a value that is an IAM ARN, or begins with one."""
    found = _ACCOUNT_OF_ARN.match(value)
    if found is None or "*" in found[0]:
        return ""
    if found[1] == "{account_id}" or re.fullmatch(ACCOUNT_ID, found[1]):
        return ""
    return (
        f"“{found[1]}” is no account id: an ARN has exactly 12 digits there, leading zeros included, "
        "or in a template {account_id}."
    )


def _template_complaint(value: str, *, has_role: bool) -> str:
    names = PLACEHOLDER.findall(value)
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    unknown = [name for name in names if name not in PLACEHOLDERS]
    if unknown:
        return f"Unknown placeholder {{{unknown[0]}}}: a template knows {known}."
    if not names:
        return f"A template needs a placeholder: {known}. For one value exactly, choose “exact”."
    if re.search(r"[{}]", PLACEHOLDER.sub("", value)):
        return "A brace is open or closed on its own; placeholders are written {role}."
    if re.search(r"\}\{", value):
        return "Two placeholders touch; put something between them so that a value can be read one way."
    if (
        is_arn(value)
        and not value.startswith("arn:{partition}:iam::")
        and not re.match(r"arn:aws[a-z-]*:iam::", value)
    ):
        return "An ARN in a claim is that of an IAM role: arn:{partition}:iam::{account_id}:role/{role}."
    if is_arn(value) and ":role/" not in value:
        return "An ARN in a claim is that of an IAM role: it has “:role/” before the role's name."
    if is_arn(value) and value.endswith("/"):
        return "An ARN in a claim is that of an IAM role: it ends with the role's name, not with a slash."
    if not has_role and "role" not in names:
        return "Choose a permission set, or name it in the template with {role}."
    return ""
