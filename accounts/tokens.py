"""Make and revoke tokens of the portal; `accounts.bearers` says whom one stands for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit, bearer_secrets, signins
from accounts.entitlements import resolve
from accounts.errors import AccessDenied, InvalidRequest
from accounts.models import Account, PermissionSet, Person, SignIn, Token
from accounts.models.audit import Action
from accounts.models.tokens import MACHINE_NAME
from accounts.storable import is_storable
from accounts.types import Kind, Origin, Scope

LONGEST = timedelta(days=365)
LONGEST_PURPOSE = 128
# What one person can have at a time; nobody can look after more.
MOST_LIVE = 50


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just made, and its secret, which is shown once and stored nowhere."""

    token: Token
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the scope of a new token can name."""

    permission_sets: tuple[str, ...]
    account_ids: frozenset[str]


def choices(*, sign_in: SignIn, for_machine: bool, now: datetime) -> Choices:
    """Return what a token can be limited to: for a person what they have now, for a machine the directory.

    Raises:
        AccessDenied: only portal admins make tokens for machines.
    """
    if for_machine:
        _refuse_all_but_admins(sign_in.person)
        names = PermissionSet.objects.values_list("name", flat=True)
        return Choices(
            tuple(names), frozenset(Account.objects.values_list("account_id", flat=True))
        )
    roles = [
        entitlement.role
        for entitlement in resolve(subject=signins.subject_of(sign_in), now=now).granted
    ]
    return Choices(
        tuple(sorted({role.role_name for role in roles})),
        frozenset(role.account_id for role in roles),
    )


def create(
    *,
    sign_in: SignIn,
    purpose: str,
    scope: Scope,
    lifetime: timedelta,
    machine: str | None = None,
    origin: Origin,
    now: datetime,
) -> NewToken:
    """Make a token that acts as the person who is signed in, or, for admins, as a machine; record it.

    `machine` is the machine's name; None makes a token of the person's own. It takes an open
    sign-in, so no token makes another.

    Raises:
        SignInAgain: the sign-in is not open any more.
        AccessDenied: only portal admins make tokens for machines; people's may be turned off.
        InvalidRequest: the purpose, the name, the scope or the lifetime cannot be.
    """
    sign_in = signins.standing(sign_in_id=sign_in.id, now=now)
    person = sign_in.person
    among = choices(sign_in=sign_in, for_machine=machine is not None, now=now)
    if machine is None and settings.TOKEN_CLAIMS_MAX_AGE == 0:
        raise AccessDenied(
            "This portal gives no tokens to people. Ask its admins for a token for a machine.",
            "TOKEN_CLAIMS_MAX_AGE is 0",
            code="token.off",
        )
    _refuse_words(purpose=purpose, machine=machine, lifetime=lifetime)
    _refuse_scope(scope, for_machine=machine is not None, among=among)
    secret = bearer_secrets.new()
    with transaction.atomic():
        # One at a time for each person (SQLite locks by itself), so that the limit holds.
        Person.objects.select_for_update().only("pk").get(pk=person.pk)
        if machine is None and _live(_own(person), now).count() >= MOST_LIVE:
            raise InvalidRequest(
                f"You have {MOST_LIVE} tokens, and there can be no more. Revoke one first.",
                code="token.too_many",
            )
        token = Token.objects.create(
            created_by=person,
            machine=machine or "",
            purpose=purpose.strip(),
            digest=bearer_secrets.digest(secret),
            permission_sets=_listed(scope.permission_sets),
            account_ids=_listed(scope.account_ids),
            console=Kind.CONSOLE in scope.kinds,
            keys=Kind.KEYS in scope.kinds,
            directory=scope.directory,
            audit=scope.audit,
            created_at=now,
            expires_at=now + lifetime,
        )
        audit.record(
            action=Action.TOKEN_CREATED,
            now=now,
            origin=origin,
            subject=signins.subject_of(sign_in),
            detail=token.facts(),
        )
    return NewToken(token, secret)


def revoke(*, token_id: UUID, sign_in: SignIn, origin: Origin, now: datetime) -> Token:
    """Revoke a token of one's own, or as a portal admin any, and record it; a revoked one stays as it is.

    Raises:
        SignInAgain: the sign-in is not open any more.
        AccessDenied: there is no such token, or it is somebody else's; nobody is told which.
    """
    sign_in = signins.standing(sign_in_id=sign_in.id, now=now)
    person = sign_in.person
    theirs = Token.objects.all() if person.is_admin else _own(person)
    token = theirs.select_related("created_by").filter(pk=token_id).first()
    if token is None:
        raise AccessDenied(
            "You have no such token. Look at the list of your tokens again.",
            f"{person} may not revoke {token_id}",
            code="token.not_yours",
        )
    with transaction.atomic():
        revoked = Token.objects.filter(pk=token.pk, revoked_at=None).update(
            revoked_at=now, revoked_by=str(person)[:255]
        )
        if revoked:
            audit.record(
                action=Action.TOKEN_REVOKED,
                now=now,
                origin=origin,
                subject=signins.subject_of(sign_in),
                detail=token.facts(),
            )
    return token


def listed(*, person: Person, machines: bool = False) -> QuerySet[Token]:
    """Return a person's own tokens, newest first; with `machines` those of machines.

    Raises:
        AccessDenied: only portal admins look after the tokens of machines.
    """
    if machines:
        _refuse_all_but_admins(person)
    tokens = Token.objects.exclude(machine="") if machines else _own(person)
    return tokens.select_related("created_by").order_by("-created_at")


def _refuse_all_but_admins(person: Person) -> None:
    if not person.is_admin:
        raise AccessDenied(
            "Only portal admins make and see tokens of machines.",
            f"{person} is no portal admin",
            code="token.machine_denied",
        )


def _refuse_words(*, purpose: str, machine: str | None, lifetime: timedelta) -> None:
    if not 0 < len(purpose.strip()) <= LONGEST_PURPOSE or not is_storable(purpose):
        raise InvalidRequest(
            f"Say what the token is for, in at most {LONGEST_PURPOSE} characters.",
            code="token.purpose",
        )
    if machine is not None and not re.fullmatch(MACHINE_NAME, machine):
        raise InvalidRequest(
            "A machine's name has 1 to 63 lower-case letters, digits, dots, hyphens and "
            "underscores, and begins with a letter or digit.",
            code="token.machine",
        )
    if not timedelta(0) < lifetime <= LONGEST:
        raise InvalidRequest(
            f"A token lives for 1 to {LONGEST.days} days.",
            f"{lifetime} is out of bounds",
            code="token.lifetime",
        )


def _refuse_scope(scope: Scope, *, for_machine: bool, among: Choices) -> None:
    if not (scope.kinds or scope.directory or scope.audit):
        raise InvalidRequest("Say what the token may do: keys, the console.", code="token.scope")
    if (scope.directory or scope.audit) and not for_machine:
        raise AccessDenied(
            "A token that acts as you reads neither the directory nor the audit trail.",
            code="token.scope",
        )
    for named, known, what in (
        (scope.permission_sets, among.permission_sets, "role"),
        (scope.account_ids, among.account_ids, "account"),
    ):
        if named is None:
            continue
        unknown = sorted(named.difference(known))
        if unknown or not named:
            raise InvalidRequest(
                f"There is no {what} “{unknown[0]:.64}” to choose here."
                if unknown
                else f"Choose at least one {what}, or all of them.",
                code="token.scope",
            )


def _own(person: Person) -> QuerySet[Token]:
    return Token.objects.filter(created_by=person, machine="")


def _live(tokens: QuerySet[Token], now: datetime) -> QuerySet[Token]:
    return tokens.filter(revoked_at=None, expires_at__gt=now)


def _listed(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
