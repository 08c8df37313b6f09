"""Create, list and revoke the portal's tokens; each creation and revocation is recorded."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from accounts import audit, bearer_secrets, reverification, signins
from accounts.errors import AccessDenied, InvalidRequest
from accounts.messages import Message
from accounts.models import Person, SignIn, Token
from accounts.models.audit import Action
from accounts.models.plain_text import plain_text
from accounts.models.tokens import MACHINE_NAME
from accounts.portal_tokens.scopes import check_scope, choices, refuse_all_but_admins
from accounts.storable import is_storable
from accounts.types import Kind, Origin, Scope, Subject

MAX_LIFETIME = timedelta(days=365)
MAX_PURPOSE_LENGTH = 128
# Live tokens of one person.
MAX_LIVE = 50


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token just created, and its secret, which is shown once and not stored."""

    token: Token
    secret: str = field(repr=False)


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
    """Create and record a token of the person who is signed in or, by an admin, of a machine.

    `machine` is the machine's name; None creates a personal token. It needs an open sign-in, so a
    token cannot create another.

    Raises:
        SignInAgain: the sign-in is no longer open, or only the browser can have its claims verified again.
        ProviderUnavailable, ProviderMisconfigured: its claims are too old, and the provider gave no usable answer.
        AccessDenied: only portal admins create machine tokens; personal tokens may be turned off.
        InvalidRequest: the purpose, the name, the scope or the lifetime is not allowed.
    """
    sign_in = reverification.open_and_verified(sign_in_id=sign_in.id, origin=origin, now=now)
    person = sign_in.person
    possible = choices(sign_in=sign_in, for_machine=machine is not None, now=now)
    if machine is None and not settings.PERSONAL_TOKENS:
        raise AccessDenied(
            Message(
                "Personal tokens are turned off in this portal. Ask your portal admins for a machine token."
            ),
            "PERSONAL_TOKENS is off",
            code="token.off",
        )
    _check_words(purpose=purpose, machine=machine, lifetime=lifetime)
    check_scope(scope, for_machine=machine is not None, possible=possible)
    secret = bearer_secrets.generate()
    with transaction.atomic():
        # Lock the person, so that two requests at once do not exceed the limit; SQLite locks by itself.
        Person.objects.select_for_update().only("pk").get(pk=person.pk)
        if machine is None and _live(_personal(person), now).count() >= MAX_LIVE:
            raise InvalidRequest(
                Message(
                    "You have %(most)s tokens, the most that is allowed. Revoke one first.",
                    most=MAX_LIVE,
                ),
                code="token.too_many",
            )
        token = Token.objects.create(
            created_by=person,
            sign_in=sign_in,
            machine=machine or "",
            purpose=purpose.strip(),
            digest=bearer_secrets.digest(secret),
            permission_sets=_sorted(scope.permission_sets),
            account_ids=_sorted(scope.account_ids),
            console=Kind.CONSOLE in scope.kinds,
            keys=Kind.KEYS in scope.kinds,
            read_only=scope.read_only,
            directory=scope.directory,
            audit=scope.audit,
            testing=scope.testing,
            revoking=scope.revoking,
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
    """Revoke and record a personal token or, by a portal admin, any; one revoked already stays as it is.

    Raises:
        SignInAgain: the sign-in is no longer open.
        AccessDenied: the token does not exist or is somebody else's; the answer does not say which.
    """
    sign_in = signins.get_open(sign_in_id=sign_in.id, now=now)
    person = sign_in.person
    tokens = Token.objects.all() if person.is_admin else _personal(person)
    token = tokens.select_related("created_by").filter(pk=token_id).first()
    if token is None:
        raise AccessDenied(
            Message("You do not have this token. Reload the list of your tokens."),
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


def revoke_personal(
    tokens: QuerySet[Token], *, reason: str, origin: Origin, now: datetime
) -> tuple[Token, ...]:
    """Revoke and record those of these tokens that are live and act as a person; return them.

    For what ends a person's access from outside, such as the identity provider.
    """
    revoked = []
    for token in _live(tokens.filter(machine=""), now).select_related("created_by"):
        with transaction.atomic():
            if not Token.objects.filter(pk=token.pk, revoked_at=None).update(
                revoked_at=now, revoked_by=reason[:255]
            ):
                continue
            person = token.created_by
            audit.record(
                action=Action.TOKEN_REVOKED,
                now=now,
                origin=origin,
                subject=Subject(
                    issuer=person.issuer,
                    sub=person.sub,
                    name=person.name,
                    email=person.email,
                    email_verified=person.email_verified,
                ),
                reason=reason,
                detail=token.facts(),
            )
        revoked.append(token)
    return tuple(revoked)


def list_tokens(*, person: Person, machines: bool = False) -> QuerySet[Token]:
    """Return a person's own tokens, newest first; with `machines` all machine tokens.

    Raises:
        AccessDenied: only portal admins see machine tokens.
    """
    if machines:
        refuse_all_but_admins(person)
    tokens = Token.objects.exclude(machine="") if machines else _personal(person)
    return tokens.select_related("created_by").order_by("-created_at")


def _check_words(*, purpose: str, machine: str | None, lifetime: timedelta) -> None:
    if not 0 < len(purpose.strip()) <= MAX_PURPOSE_LENGTH or not is_storable(purpose):
        raise InvalidRequest(
            Message(
                "Say what the token is for, in at most %(most)s characters.",
                most=MAX_PURPOSE_LENGTH,
            ),
            code="token.purpose",
        )
    try:
        plain_text(purpose.strip())
    except ValidationError as refused:
        raise InvalidRequest(
            Message("What the token is for: %(fault)s", fault=refused.messages[0]),
            code="token.purpose",
        ) from None
    if machine is not None and not re.fullmatch(MACHINE_NAME, machine):
        raise InvalidRequest(
            Message(
                "A machine name has 1 to 63 lower-case letters, digits, dots, hyphens and "
                "underscores, and begins with a letter or digit."
            ),
            code="token.machine",
        )
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise InvalidRequest(
            Message("A token is valid for 1 to %(days)s days.", days=MAX_LIFETIME.days),
            f"{lifetime} is out of bounds",
            code="token.lifetime",
        )


def _personal(person: Person) -> QuerySet[Token]:
    return Token.objects.filter(created_by=person, machine="")


def _live(tokens: QuerySet[Token], now: datetime) -> QuerySet[Token]:
    return tokens.filter(revoked_at=None, expires_at__gt=now)


def _sorted(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)
