"""The scope of a new token: what it can be limited to, and what it may not have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts import signins
from accounts.entitlements import resolve
from accounts.errors import AccessDenied, InvalidRequest
from accounts.messages import Message
from accounts.models import Account, PermissionSet, Person, SignIn
from accounts.types import Scope


@dataclass(frozen=True, slots=True)
class Choices:
    """The permission sets and accounts that the scope of a new token may name."""

    permission_sets: tuple[str, ...]
    account_ids: frozenset[str]


def choices(*, sign_in: SignIn, for_machine: bool, now: datetime) -> Choices:
    """Return what a token can be limited to: a person's current roles; for a machine, the whole directory.

    Raises:
        AccessDenied: only portal admins create machine tokens.
    """
    if for_machine:
        refuse_all_but_admins(sign_in.person)
        names = PermissionSet.objects.values_list("name", flat=True)
        return Choices(
            tuple(names), frozenset(Account.objects.values_list("account_id", flat=True))
        )
    subject = signins.subject_of(sign_in)
    roles = [entitlement.role for entitlement in resolve(subject=subject, now=now).granted]
    return Choices(
        tuple(sorted({role.role_name for role in roles})),
        frozenset(role.account_id for role in roles),
    )


def refuse_all_but_admins(person: Person) -> None:
    """Raise AccessDenied unless the person is a portal admin: nobody else sees machine tokens."""
    if not person.is_admin:
        raise AccessDenied(
            Message("Only portal admins can see and create machine tokens."),
            f"{person} is not a portal admin",
            code="token.machine_denied",
        )


def check_scope(scope: Scope, *, for_machine: bool, possible: Choices) -> None:
    """Check the scope of a new token.

    Raises:
        AccessDenied: only a machine token reads the directory or the audit trail, tests roles or cuts live sessions.
        InvalidRequest: it allows nothing, or names what is not among the choices.
    """
    administers = scope.directory or scope.audit or scope.testing or scope.revoking
    if not (scope.kinds or administers):
        raise InvalidRequest(
            Message("Choose what the token may do: get keys, open the console."), code="token.scope"
        )
    if administers and not for_machine:
        raise AccessDenied(
            Message(
                "Only a machine token can read the directory or the audit trail, test roles or cut live sessions."
            ),
            code="token.scope",
        )
    for names, known, none_chosen, refused in (
        (
            scope.permission_sets,
            possible.permission_sets,
            Message("Choose at least one role, or all of them."),
            _not_this_role,
        ),
        (
            scope.account_ids,
            possible.account_ids,
            Message("Choose at least one account, or all of them."),
            _not_this_account,
        ),
    ):
        if names is None:
            continue
        if not names:
            raise InvalidRequest(none_chosen, code="token.scope")
        if unknown := sorted(names.difference(known)):
            raise InvalidRequest(refused(f"{unknown[0]:.64}"), code="token.scope")


def _not_this_role(name: str) -> Message:
    return Message("You cannot choose the role “%(name)s” here.", name=name)


def _not_this_account(name: str) -> Message:
    return Message("You cannot choose the account “%(name)s” here.", name=name)
