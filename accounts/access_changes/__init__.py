"""Whose access changes: what people seen so far gain and lose by a candidate change, before it is made.

    with transaction.atomic():
        trial = Trial()
        ...the candidate change...
        changes = trial.changes()
        transaction.set_rollback(True)

trials     a change that is tried in a transaction
snapshots  what decides access at one moment: the rules of people's mappings, and the roles that accounts offer
seen       the people seen so far, with the claims of their latest sign-in
given      what a rule gives, worked out once, by the function that decides at the door
comparing  two snapshots and people -> who gains and who loses which role
"""

from __future__ import annotations

from accounts.access_changes.comparing import AccessChanges, RoleChange, access_changes, any_role
from accounts.access_changes.seen import PeopleSeen, PersonSeen, people_seen
from accounts.access_changes.snapshots import Snapshot, snapshot
from accounts.access_changes.trials import Trial

__all__ = [
    "AccessChanges",
    "PeopleSeen",
    "PersonSeen",
    "RoleChange",
    "Snapshot",
    "Trial",
    "access_changes",
    "any_role",
    "people_seen",
    "snapshot",
]
