"""Test roles: have AWS open a session that may do nothing, throw its keys away, and say which side is wrong.

choosing    which roles a test is asked for
testing     test roles for somebody: who may, several at once, what is recorded and kept
requests    what is asked for: what people ask for
sessions    the session that a test asks for, and the keys that never leave this package
trials      one role at AWS: the session as people get it, then variants that tell what is wrong
reading     the trust policy of a role, read by iam:GetRole where a role of its account may
sides       what is wrong, in words, for each side: the portal, the account's provider, the role
"""

from __future__ import annotations

from accounts.trust_checks.choosing import role_ids
from accounts.trust_checks.testing import MOST, CheckedRole, check_roles

__all__ = ["MOST", "CheckedRole", "check_roles", "role_ids"]
