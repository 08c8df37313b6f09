"""What decides people's access at one moment, as values: rules and offered roles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.directory import offered_roles
from accounts.matching import Rule, Targets
from accounts.patterns import Match
from accounts.rules import all_rules_in_force
from accounts.types import OfferedRole

# A rule that could give every role, so that the loader leaves none out.
_ANY = Rule(
    mapping_id=0,
    name="",
    claim="",
    match=Match.TEMPLATE,
    value="{role}",
    role_name=None,
    targets=Targets(everything=True),
    console=True,
    keys=True,
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rules in force for people, and the roles of active accounts.

    A role's `id` tells it apart in both snapshots that are compared, also under another name.
    """

    rules: tuple[Rule, ...]
    roles: tuple[OfferedRole, ...]


def snapshot(*, now: datetime) -> Snapshot:
    """Return what the database says, in two queries; within a transaction, what it says there."""
    return Snapshot(tuple(all_rules_in_force(now=now)), tuple(offered_roles(rules=[_ANY])))
