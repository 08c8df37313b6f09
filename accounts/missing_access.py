"""What somebody lacks who was refused a role: the values of claims that arrived, and those that would give it.

Only for people to read: what is given, `accounts.entitlements` decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts import directory
from accounts.claims import OF_THE_PORTAL, pick
from accounts.matching import Miss, Rule
from accounts.patterns import Match, render
from accounts.rules import claims_in_use, stored_rules
from accounts.types import AskedRole, Kind, OfferedRole, RoleRef, Subject
from accounts.vouched_claims import is_email_claim, vouched_for

# Enough to find a group in; a person can have thousands, and many mappings can give one role.
MOST_VALUES, MOST_WAYS = 20, 5


@dataclass(frozen=True, slots=True)
class ArrivedValues:
    """The values of a claim that arrived and count, in the order of the alphabet; `more` are not listed."""

    claim: str
    values: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class NeededValue:
    """A value of a claim that would give the role: a text, or a pattern if `is_pattern`."""

    claim: str
    value: str
    is_pattern: bool = False


def arrived_values(subject: Subject, *, now: datetime) -> tuple[ArrivedValues, ...]:
    """Return the values that arrived of each claim that mappings in force read. One query."""
    sent = vouched_for(subject)
    found = []
    for claim in sorted(claims_in_use(now=now, issuer=subject.trusted_issuer)):
        values = sorted(pick(sent, claim))
        found.append(
            ArrivedValues(claim, tuple(values[:MOST_VALUES]), max(0, len(values) - MOST_VALUES))
        )
    return tuple(found)


def needed_values(asked: AskedRole, subject: Subject, *, now: datetime) -> tuple[NeededValue, ...]:
    """Return values any of which would give the role that was asked for; () for a role that does not exist. Two queries.

    Whoever is told learns that the role exists and what gives it: callers ask the operator's setting first. Values
    that are somebody's own, such as an e-mail address, are left out.
    """
    role = directory.offered_role(RoleRef(asked.account_id, asked.role_name))
    if role is None:
        return ()
    found = [
        _needed(stored.rule, role)
        for stored in stored_rules(role_names={asked.role_name})
        if stored.issuer == (subject.trusted_issuer or "")
        and stored.is_in_force(now)
        and _gives(stored.rule, role, asked.kind)
        and not _is_of_one_person(stored.rule.claim)
    ]
    return tuple(dict.fromkeys(one for one in found if one is not None))[:MOST_WAYS]


def _needed(rule: Rule, role: OfferedRole) -> NeededValue | None:
    # Asked without any value, the rule says what else is in the way.
    if rule.verdict(role, frozenset()).miss not in (Miss.NO_CLAIM, Miss.OTHER_VALUES):
        return None
    if rule.match is Match.TEMPLATE:
        return NeededValue(rule.claim, render(rule.value, role) or rule.value)
    return NeededValue(rule.claim, rule.value, is_pattern=rule.match is Match.WILDCARD)


def _gives(rule: Rule, role: OfferedRole, kind: Kind) -> bool:
    if kind is Kind.CONSOLE:
        return rule.console and role.console
    return rule.keys and role.keys


def _is_of_one_person(claim: str) -> bool:
    return (
        claim in ("sub", "preferred_username", "upn", "name")
        or claim.startswith(OF_THE_PORTAL)
        or is_email_claim(claim)
    )
