"""The tables. They never call AWS and never see a request.

people       who has signed in, by (issuer, sub)
signins      one completed sign-in each, with its claims and the provider's tokens, encrypted
sso          command lines that somebody let in, and their tokens' hashes
tokens       of the portal itself, for machines that have none of the provider: their hashes
directory    environments, accounts, permission sets, and account roles
mappings     claim value -> permission set -> accounts
issuers      whose programs may come with a token of their own
favourites   the roles somebody starred, and those they used last
preferences  how somebody wants the portal to behave
revisions    a mark that changes with everything a list of entitlements is made from
audit        one append-only row for everything that matters
"""

from __future__ import annotations

from accounts.models.audit import AuditEvent
from accounts.models.directory import Account, AccountRole, Environment, PermissionSet
from accounts.models.favourites import Favourite, RoleUse
from accounts.models.issuers import TrustedIssuer
from accounts.models.mappings import Mapping, MappingTarget
from accounts.models.people import Person
from accounts.models.preferences import Preferences
from accounts.models.revisions import Revision
from accounts.models.signins import SignIn
from accounts.models.sso import Approval, CliToken
from accounts.models.tokens import Token

__all__ = [
    "Account",
    "AccountRole",
    "Approval",
    "AuditEvent",
    "CliToken",
    "Environment",
    "Favourite",
    "Mapping",
    "MappingTarget",
    "PermissionSet",
    "Person",
    "Preferences",
    "Revision",
    "RoleUse",
    "SignIn",
    "Token",
    "TrustedIssuer",
]
