"""The tables. They never call AWS and never see a request.

people       persons, identified by (issuer, sub)
blocks       who is refused: identities, and whoever has a claim value
signins      completed sign-ins, with their claims and the provider's tokens, encrypted
sso          command lines that ask for access, the hashes of their tokens, the key of registrations
tokens       the portal's own tokens for programs: their hashes
directory    environments, accounts, permission sets, account roles
mappings     claim value -> permission set -> accounts
issuers      trusted issuers of workloads
jobs         work for the worker, kept until it is done
spent_tokens tokens of the provider that count once
favourites   favourite and recently used roles
preferences  people's settings
trust_checks how the last test of each account role ended
plain_text   what names must not hold
revocations  live sessions at AWS that were cut, and where that is placed
managed      rows that a file manages
uploaded_plans plans that wait for a confirmation
organization_readings how far readings of an organization got
revisions    a mark that changes with every change of the directory and the mappings
signing_keys the keys that sign web identity tokens, encrypted
audit        the audit trail, append-only
"""

from __future__ import annotations

from accounts.models.audit import AuditEvent
from accounts.models.audit_batches import AuditBatch, AuditDelivery, AuditPurge
from accounts.models.blocks import Block
from accounts.models.directory import Account, AccountRole, Environment
from accounts.models.favourites import Favourite, RoleUse
from accounts.models.issuers import TrustedIssuer
from accounts.models.jobs import Job
from accounts.models.mappings import Mapping, MappingTarget
from accounts.models.organization_readings import OrganizationReading
from accounts.models.people import Person
from accounts.models.permission_sets import PermissionSet
from accounts.models.preferences import Preferences
from accounts.models.revisions import Revision
from accounts.models.revocations import Placement, Revocation
from accounts.models.signing_keys import SigningKey
from accounts.models.signins import SignIn
from accounts.models.spent_tokens import SpentToken
from accounts.models.sso import Approval, CliToken, RegistrationKey
from accounts.models.tokens import Token
from accounts.models.trust_checks import TrustCheck
from accounts.models.uploaded_plans import UploadedPlan

__all__ = [
    "Account",
    "AccountRole",
    "Approval",
    "AuditBatch",
    "AuditDelivery",
    "AuditEvent",
    "AuditPurge",
    "Block",
    "CliToken",
    "Environment",
    "Favourite",
    "Job",
    "Mapping",
    "MappingTarget",
    "OrganizationReading",
    "PermissionSet",
    "Person",
    "Placement",
    "Preferences",
    "RegistrationKey",
    "Revision",
    "Revocation",
    "RoleUse",
    "SignIn",
    "SigningKey",
    "SpentToken",
    "Token",
    "TrustCheck",
    "TrustedIssuer",
    "UploadedPlan",
]
