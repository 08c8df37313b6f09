"""What the identity provider tells of people: they signed out there, or all they have is to be revoked."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from accounts.ending import Ended, end_all
from accounts.models import Person, SignIn, SpentToken
from accounts.models.signins import EndedBy
from accounts.oidc.jwt import invalid
from accounts.oidc.security_events import LogoutToken, SpendableToken
from accounts.revocation import provider_calls
from accounts.types import Origin

FORMATS = ("iss_sub", "opaque", "email")
_SIGNED_OUT = "signed out at the identity provider"
_REVOKED = "revoked by the identity provider"


def sign_out(token: LogoutToken, *, origin: Origin, now: datetime) -> Ended:
    """End what a logout token names: one session, with the tokens made in it, or all that a person has.

    Raises:
        InvalidToken: the token was used before.
    """
    with transaction.atomic():
        _spend(token)
        people = Person.objects.filter(issuer=token.issuer)
        if token.sub:
            people = people.filter(sub=token.sub)
        sign_ins = _open(now).filter(person__in=people)
        named = SignIn.objects.filter(person__in=people)
        if token.sid:
            named = named.filter(provider_session=token.sid)
        whose = Person.objects.filter(sign_ins__in=named).distinct()
        provider_calls.add(whose, reason=_SIGNED_OUT, now=now)
        if token.sid:
            return _end_session(people, token.sid, origin=origin, now=now)
        return end_all(
            sign_ins,
            people=people,
            reason=_SIGNED_OUT,
            ended_by=EndedBy.PROVIDER,
            origin=origin,
            now=now,
        )


def end_session(*, sid: str, origin: Origin, now: datetime) -> Ended:
    """End the sign-in that belongs to a session at the provider, with the tokens made in it."""
    people = Person.objects.filter(issuer=settings.OIDC_ISSUER)
    return _end_session(people, sid, origin=origin, now=now)


def revoke(person: Person, *, token: SpendableToken, origin: Origin, now: datetime) -> Ended:
    """End all sign-ins of a person and revoke all their tokens.

    Raises:
        InvalidToken: the token was used before.
    """
    with transaction.atomic():
        _spend(token)
        provider_calls.add((person,), reason=_REVOKED, now=now)
        sign_ins = _open(now).filter(person=person)
        return end_all(
            sign_ins,
            people=(person,),
            reason=_REVOKED,
            ended_by=EndedBy.PROVIDER,
            origin=origin,
            now=now,
        )


def person_of(identifier: Mapping[str, str]) -> Person | None:
    """Return the person whom a subject identifier names (RFC 9493), in one of `FORMATS`; None if that is nobody.

    An e-mail address names somebody only if it is verified, and nobody else's here.
    """
    known = Person.objects.filter(issuer=settings.OIDC_ISSUER)
    match identifier:
        case {"format": "iss_sub", "iss": issuer, "sub": sub} if issuer in _issuers():
            found = known.filter(sub=sub)
        case {"format": "opaque", "id": sub}:
            found = known.filter(sub=sub)
        case {"format": "email", "email": email}:
            found = known.filter(email__iexact=email, email_verified=True)
        case _:
            return None
    people = found[:2]
    return people[0] if len(people) == 1 else None


def _end_session(people: QuerySet[Person], sid: str, *, origin: Origin, now: datetime) -> Ended:
    """End what belongs to a session at the provider: also the tokens of a sign-in that another has replaced since."""
    named = SignIn.objects.filter(person__in=people, provider_session=sid)
    return end_all(
        named & _open(now),
        tokens_of=named,
        reason=_SIGNED_OUT,
        ended_by=EndedBy.PROVIDER,
        origin=origin,
        now=now,
    )


def _issuers() -> set[str]:
    return {settings.OIDC_ISSUER, settings.GLOBAL_TOKEN_REVOCATION_ISSUER} - {""}


def _open(now: datetime) -> QuerySet[SignIn]:
    return SignIn.objects.open_at(now)


def _spend(token: SpendableToken) -> None:
    identity = f"{len(token.issuer)}:{token.issuer}{token.jti}".encode()
    digest = hashlib.sha256(identity).hexdigest()
    try:
        with transaction.atomic():
            SpentToken.objects.create(digest=digest, expires_at=token.expires_at)
    except IntegrityError:
        raise invalid("jti", "The token was used before.") from None
