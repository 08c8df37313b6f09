"""The rule of a mapping as a pure function: which claim values give which account roles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from accounts.types import OfferedRole

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_TWELVE_DIGITS = re.compile(r"(?=([0-9]{12}))")


class MatchKind(StrEnum):
    """How a mapping reads a claim value."""

    EXACT = "exact"
    WILDCARD = "wildcard"
    TEMPLATE = "template"


# What each placeholder may stand for. `role` is the permission set's name, and in a template that
# is an ARN the IAM path and name, so that an ARN in a claim means exactly that ARN.
PLACEHOLDERS = {
    "account_id": r"[0-9]{12}",
    "account": r".+",
    "environment": r"[^/]+",
    "partition": r"aws[a-z-]*",
    "role": r"[A-Za-z0-9_+=,.@/-]+",
}


@dataclass(frozen=True, slots=True)
class Targets:
    """The accounts a mapping reaches: the union of its parts; nothing at all reaches nothing."""

    everything: bool = False
    accounts: frozenset[str] = frozenset()
    organizational_units: frozenset[str] = frozenset()
    environments: frozenset[str] = frozenset()
    tags: frozenset[tuple[str, str]] = frozenset()

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
            # Rendering and comparing decides without the ambiguity a captured pattern would have.
            rendered = render(self.value, role)
            return rendered if rendered in values else None
        if self.role_name is None:
            return None
        if self.match is MatchKind.EXACT:
            return self.value if self.value in values else None
        return min(
            (value for value in values if wildcard(self.value).fullmatch(value)),
            default=None,
        )


def unit_and_parents(unit: str) -> Iterable[str]:
    """Yield `a/b/c`, `a/b`, `a` for `a/b/c`; nothing for an account in no unit."""
    while unit:
        yield unit
        unit = unit.rpartition("/")[0]


@lru_cache(maxsize=4096)
def wildcard(pattern: str) -> re.Pattern[str]:
    """Compile a value in which `*` stands for any run of characters and nothing else is special."""
    return re.compile(".*".join(re.escape(part) for part in re.split(r"\*+", pattern)), re.DOTALL)


@lru_cache(maxsize=4096)
def template(pattern: str) -> re.Pattern[str]:
    """Compile what values a template can take at all: a first sieve, never the decision."""
    parts = PLACEHOLDER.split(pattern)
    return re.compile(
        "".join(
            PLACEHOLDERS[part] if place % 2 else re.escape(part) for place, part in enumerate(parts)
        ),
        re.DOTALL,
    )


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
    sieve = template(pattern)
    return frozenset(
        found
        for value in values
        if sieve.fullmatch(value)
        for found in _TWELVE_DIGITS.findall(value)
    )


def complaint(*, match: MatchKind, value: str, has_role: bool) -> str:
    """Say what is wrong with a mapping's value, "" if nothing is; `has_role`: names a permission set."""
    if not value.strip():
        return "An empty value would match nobody: give the group or role as the provider sends it."
    if value != value.strip():
        return "The value begins or ends with a space; no provider sends that."
    if match is MatchKind.TEMPLATE:
        return _template_complaint(value, has_role=has_role)
    if not has_role:
        return "Choose a permission set; only a template with {role} can do without."
    if match is MatchKind.WILDCARD and "*" not in value:
        return "A wildcard needs a * in it; for one value exactly, choose “exact”."
    return ""


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
    if not has_role and "role" not in names:
        return "Choose a permission set, or name it in the template with {role}."
    return ""
