"""Cut live sessions at AWS: keys and consoles that were given out before a moment stop working.

asking     who may ask, what is cut, and the rows that say so; a person is blocked first
reaching   which roles are concerned, by the directory and the audit trail
placing    put the denial into each policy at AWS, read it back, and keep the result
policies   where the denial stands: in the policy of a role, or in one of the organization
revokers   the role of each account that may do this and nothing else
results    how far it is, in words

The policies themselves: `accounts.aws.revocation_policies`.
"""

from __future__ import annotations

from accounts.revocation.asking import Asked, Request, ask, retry
from accounts.revocation.placing import go_on
from accounts.revocation.reaching import Reached, reach
from accounts.revocation.results import Progress, progress_of

__all__ = [
    "Asked",
    "Progress",
    "Reached",
    "Request",
    "ask",
    "go_on",
    "progress_of",
    "reach",
    "retry",
]
