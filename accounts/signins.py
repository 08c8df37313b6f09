"""Begin and end sign-ins, and turn an open one into the subject it stands for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit, sql
from accounts.claims import problems
from accounts.encryption import encrypt
from accounts.errors import SignInAgain
from accounts.models import Person, SignIn
from accounts.models.audit import Action
from accounts.rights import rights_of
from accounts.storable import is_storable, storable
from accounts.types import Origin, Subject


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """What the provider's token endpoint answered. None of it appears in a `repr`."""

    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)


def begin(*, subject: Subject, tokens: ProviderTokens, origin: Origin, now: datetime) -> SignIn:
    """Record a completed sign-in: the person, their rights from the claims, the sign-in, the audit row.

    Raises:
        SignInAgain: an admin has blocked this person, or (issuer, sub) cannot tell people apart.
    """
    if not (_is_identity(subject.issuer) and _is_identity(subject.sub)):
        refusal = SignInAgain(
            "Your identity provider sent no usable name for you, so this portal cannot tell you from "
            "others. Ask the people who run it.",
            "iss and sub have 1 to 255 characters and no NUL",
            code="signin.identity",
        )
        _record_refusal(refusal, subject=subject, origin=origin, now=now)
        raise refusal
    person, _ = Person.objects.get_or_create(issuer=subject.issuer, sub=subject.sub)
    if not person.is_active:
        refusal = _blocked(subject)
        _record_refusal(refusal, subject=subject, origin=origin, now=now)
        raise refusal
    rights_from = {settings.ADMIN_CLAIM, settings.AUDITOR_CLAIM}
    incomplete = problems(subject.claims, rights_from, issuer=subject.issuer)
    with transaction.atomic():
        person.name = storable(subject.name)[:255]
        person.email = storable(subject.email)[:255]
        rights = rights_of(subject)
        person.is_admin, person.is_auditor = rights.admin, rights.auditor
        person.last_login = now
        # Only what a sign-in says: an admin may be blocking this person at this moment.
        person.save(update_fields=["name", "email", "is_admin", "is_auditor", "last_login"])
        sign_in = SignIn.objects.create(
            person=person,
            provider_session=storable(str(subject.claims.get("sid", "")))[:255],
            claims=storable(subject.claims),
            acr=storable(subject.acr)[:255],
            amr=storable(subject.amr),
            auth_time=subject.auth_time,
            started_at=now,
            verified_at=now,
            expires_at=now + timedelta(seconds=settings.SIGN_IN_LIFETIME),
            ip=storable(origin.ip)[:45],
            user_agent=storable(origin.user_agent)[:512],
            encrypted_id_token=encrypt(tokens.id_token),
            encrypted_refresh_token=encrypt(tokens.refresh_token),
        )
        audit.record(
            action=Action.SIGNIN_COMPLETED,
            now=now,
            origin=origin,
            subject=subject,
            detail={
                "sign_in": str(sign_in.id),
                "admin": person.is_admin,
                "auditor": person.is_auditor,
                # Why somebody who should have rights may have none.
                "incomplete_claims": [problem.claim for problem in incomplete],
            },
        )
    return sign_in


def end(*, sign_in: SignIn, reason: str, origin: Origin, now: datetime) -> None:
    """End a sign-in, forget the provider's tokens, and record it; an ended one stays as it is."""
    with transaction.atomic():
        ended = SignIn.objects.filter(pk=sign_in.pk, ended_at=None).update(
            ended_at=now,
            end_reason=reason[:64],
            encrypted_id_token="",
            encrypted_refresh_token="",
        )
        if ended:
            audit.record(
                action=Action.SIGNIN_ENDED,
                now=now,
                origin=origin,
                subject=subject_of(sign_in),
                reason=reason,
                detail={"sign_in": str(sign_in.id)},
            )


def get_open(*, sign_in_id: UUID | None, now: datetime) -> SignIn:
    """Return the open sign-in with this id, of a person who is not blocked.

    Raises:
        SignInAgain: there is none, it has expired or ended, or the person is blocked.
    """
    sign_in = None
    if sign_in_id is not None:
        sign_ins = SignIn.objects.select_related("person__preferences").order_by()
        sign_in = next(iter(sign_ins.filter(pk=sign_in_id)), None)
    if sign_in is None or not sign_in.is_open(now) or not sign_in.person.is_active:
        raise SignInAgain(
            "Your sign-in has ended. Sign in again; nothing you had open is lost.",
            f"sign-in {sign_in_id} is not open",
        )
    return sign_in


def refuse_blocked(subject: Subject) -> None:
    """Refuse somebody whom an admin has blocked, who comes with a token instead of a sign-in.

    Raises:
        SignInAgain: this person is known and blocked.
    """
    if sql.is_blocked(issuer=subject.issuer, sub=subject.sub):
        raise _blocked(subject)


def subject_of(sign_in: SignIn) -> Subject:
    """Return the verified identity a sign-in stands for."""
    person = sign_in.person
    return Subject(
        issuer=person.issuer,
        sub=person.sub,
        name=person.name,
        email=person.email,
        claims=sign_in.claims,
        acr=sign_in.acr,
        amr=tuple(sign_in.amr),
        auth_time=sign_in.auth_time,
        sign_in_id=sign_in.id,
    )


def _blocked(subject: Subject) -> SignInAgain:
    return SignInAgain(
        "Your access to this portal has been blocked. Ask the people who run it.",
        f"{subject.issuer} {subject.sub} is blocked",
        code="signin.blocked",
    )


def _record_refusal(
    refusal: SignInAgain, *, subject: Subject, origin: Origin, now: datetime
) -> None:
    audit.record(
        action=Action.SIGNIN_FAILED,
        now=now,
        origin=origin,
        subject=subject,
        error_code=refusal.code,
        reason=refusal.admin_message,
    )


def _is_identity(text: str) -> bool:
    """Whether this can be stored whole, so that it means one person only (OIDC Core 2: `sub` has at most 255)."""
    return 0 < len(text) <= 255 and is_storable(text)
