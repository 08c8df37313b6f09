"""Begin, look up and end sign-ins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet

from accounts import audit, stored_sign_ins
from accounts.blocks import is_blocked
from accounts.claims import problems
from accounts.encryption import encrypt
from accounts.errors import SignInAgain
from accounts.messages import Message
from accounts.models import Person, SignIn
from accounts.models.audit import Action
from accounts.models.signins import EndedBy, Verification
from accounts.people import is_identity, names_of
from accounts.rights import rights_of
from accounts.storable import storable
from accounts.types import Origin, Subject

log = logging.getLogger(__name__)

# Of the requests of a minute, on all portals, one writes.
USE_PRECISION = timedelta(minutes=1)

WORKING_DAY = 10 * 3600
"""Seconds for which a sign-in lasts whose claims are verified again, unless SIGN_IN_LIFETIME says otherwise."""
UNVERIFIED = 3600
"""The same where nothing verifies them again."""


@dataclass(frozen=True, slots=True)
class ProviderTokens:
    """The tokens of the identity provider that a sign-in keeps. Not in the `repr`."""

    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)


def begin(
    *,
    subject: Subject,
    tokens: ProviderTokens,
    origin: Origin,
    now: datetime,
    verification: Verification = Verification.NONE,
) -> SignIn:
    """Store a completed sign-in: the person, their rights by the claims, the sign-in, the audit row.

    `verification` says how its claims will be verified again (`accounts.reverification`), and with that how long
    it lasts.

    Raises:
        SignInAgain: an admin has blocked this person, or (issuer, sub) does not identify one.
    """
    if not (is_identity(subject.issuer) and is_identity(subject.sub)):
        refusal = SignInAgain(
            Message(
                "Your identity provider sent no usable identifier for you. Contact your portal admins."
            ),
            "iss and sub need 1 to 255 characters and no NUL",
            code="signin.identity",
        )
        _record_refusal(refusal, subject=subject, origin=origin, now=now)
        raise refusal
    person, _ = Person.objects.get_or_create(
        issuer=subject.issuer, sub=subject.sub, defaults=names_of(subject)
    )
    if is_blocked(subject):
        refusal = _blocked(subject)
        _record_refusal(refusal, subject=subject, origin=origin, now=now)
        raise refusal
    rights_from = {settings.ADMIN_CLAIM, settings.AUDITOR_CLAIM}
    incomplete = problems(subject.claims, rights_from, issuer=subject.issuer)
    with transaction.atomic():
        person_columns = _set_person(person, subject)
        person.last_login = person.last_seen_at = now
        person.last_seen_via = origin.surface.value
        # These fields only: an admin may be blocking this person at the same moment.
        person.save(
            update_fields=[
                *person_columns,
                *("last_login", "last_seen_at", "last_seen_via"),
            ]
        )
        sign_in = SignIn.objects.create(
            person=person,
            **_claims_columns(subject),
            started_at=now,
            verified_at=now,
            last_used_at=now,
            verification=verification,
            expires_at=now + timedelta(seconds=lifetime(verification)),
            ip=storable(origin.ip)[:45],
            user_agent=storable(origin.user_agent)[:512],
            **_token_columns(tokens, verification),
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
                # Explains why somebody who should be an admin is none.
                "incomplete_claims": [problem.claim for problem in incomplete],
            },
        )
    return sign_in


def lifetime(verification: Verification) -> int:
    """Return for how many seconds a sign-in lasts whose claims are verified again in this way."""
    if settings.SIGN_IN_LIFETIME:
        return int(settings.SIGN_IN_LIFETIME)
    return UNVERIFIED if verification == Verification.NONE else WORKING_DAY


def store_verified(
    held: QuerySet[SignIn],
    *,
    subject: Subject,
    origin: Origin,
    now: datetime,
    columns: Mapping[str, Any],
) -> bool:
    """Store what the provider says now of the person of a sign-in, with their rights by it.

    `held` is the one row, and only where it may still be written. Return whether it was: what has ended meanwhile
    stays as it is. Recorded where rights change.
    """
    with transaction.atomic():
        if not held.update(verified_at=now, **_claims_columns(subject), **columns):
            return False
        person = Person.objects.get(issuer=subject.issuer, sub=subject.sub)
        before = (person.is_admin, person.is_auditor)
        person.save(update_fields=_set_person(person, subject))
        if before != (person.is_admin, person.is_auditor):
            _record_verified(person, subject=subject, origin=origin, now=now)
    return True


def is_of(sign_in: SignIn, subject: Subject) -> bool:
    """Whether a sign-in is this person's."""
    person = sign_in.person
    return (person.issuer, person.sub) == (subject.issuer, subject.sub)


def renew(
    *,
    sign_in: SignIn,
    subject: Subject,
    tokens: ProviderTokens,
    verification: Verification,
    origin: Origin,
    now: datetime,
) -> SignIn:
    """Store and record that the person of an open sign-in was at the provider again; its end stays as it was.

    Raises:
        SignInAgain: it has ended meanwhile, or the person is blocked.
    """
    held = SignIn.objects.filter(pk=sign_in.pk, ended_at=None)
    columns = {**_token_columns(tokens, verification), "verification": verification}
    with transaction.atomic():
        if store_verified(held, subject=subject, origin=origin, now=now, columns=columns):
            _record_verified(sign_in.person, subject=subject, origin=origin, now=now)
    return get_open(sign_in_id=sign_in.pk, now=now)


def _record_verified(person: Person, *, subject: Subject, origin: Origin, now: datetime) -> None:
    audit.record(
        action=Action.SIGNIN_VERIFIED,
        now=now,
        origin=origin,
        subject=subject,
        detail={"admin": person.is_admin, "auditor": person.is_auditor},
    )


def _token_columns(tokens: ProviderTokens, verification: Verification) -> dict[str, str]:
    kept = tokens.access_token if verification == Verification.USERINFO else ""
    return {
        "encrypted_id_token": encrypt(tokens.id_token),
        "encrypted_refresh_token": encrypt(tokens.refresh_token),
        "encrypted_access_token": encrypt(kept),
    }


def _claims_columns(subject: Subject) -> dict[str, Any]:
    return {
        "provider_session": storable(str(subject.claims.get("sid", "")))[:255],
        "claims": storable(subject.claims),
        "acr": storable(subject.acr)[:255],
        "amr": storable(subject.amr),
        "auth_time": subject.auth_time,
    }


def _set_person(person: Person, subject: Subject) -> list[str]:
    """Set the names and rights of a person by what the provider says, and return the columns."""
    names = names_of(subject)
    for column, name in names.items():
        setattr(person, column, name)
    rights = rights_of(subject)
    person.is_admin, person.is_auditor = rights.admin, rights.auditor
    return [*names, "is_admin", "is_auditor"]


def end(
    *,
    sign_in: SignIn,
    reason: str,
    origin: Origin,
    now: datetime,
    ended_by: EndedBy = EndedBy.PERSON,
) -> None:
    """End a sign-in, delete the provider's tokens, and record it. One that has ended is left alone."""
    with transaction.atomic():
        ended = SignIn.objects.filter(pk=sign_in.pk, ended_at=None).update(
            ended_at=now,
            ended_by=ended_by,
            end_reason=reason[:64],
            encrypted_id_token="",
            encrypted_refresh_token="",
            encrypted_access_token="",
        )
        if ended:
            audit.record(
                action=Action.SIGNIN_ENDED,
                now=now,
                origin=origin,
                subject=subject_of(sign_in),
                reason=reason,
                detail={"sign_in": str(sign_in.id), "ended_by": ended_by.value},
            )


def replace(*, previous: SignIn, by: SignIn, origin: Origin, now: datetime) -> None:
    """End the sign-in that a browser had before a new one.

    Command lines that the same person allowed go on: from now on they depend on the new sign-in.
    """
    with transaction.atomic():
        if previous.person_id == by.person_id:
            previous.approvals.filter(revoked_at=None).update(sign_in=by)
        end(sign_in=previous, reason="replaced by a new sign-in", origin=origin, now=now)


def get_open(*, sign_in_id: UUID | None, now: datetime) -> SignIn:
    """Return the sign-in with this id, if it is open and the person is not blocked.

    Raises:
        SignInAgain: it is not, or there is none.
    """
    sign_in = None if sign_in_id is None else stored_sign_ins.find(sign_in_id)
    if sign_in is None or not sign_in.is_open(now) or is_blocked(subject_of(sign_in)):
        raise SignInAgain(
            Message("Your sign-in has ended. Sign in again."),
            f"sign-in {sign_in_id} is not open",
        )
    return sign_in


def note_use(sign_in: SignIn, *, now: datetime) -> None:
    """Store that an open sign-in is in use, at most once a minute whichever portal sees it.

    A database that cannot write does not prevent reading; an idle limit then ends the sign-in as if nobody used it.
    """
    due = now - USE_PRECISION
    if sign_in.last_used_at > due:
        return
    try:
        SignIn.objects.filter(pk=sign_in.pk, ended_at=None, last_used_at__lte=due).update(
            last_used_at=now
        )
    except DatabaseError as error:
        log.warning("the last use of a sign-in could not be stored: %s", error)


def refuse_blocked(subject: Subject) -> None:
    """Refuse a subject without a sign-in whom an admin has blocked, by identity or by a claim value.

    Raises:
        SignInAgain: this subject is blocked.
    """
    if is_blocked(subject):
        raise _blocked(subject)


def subject_of(sign_in: SignIn) -> Subject:
    """Return the person of a sign-in, with its claims, as a subject."""
    person = sign_in.person
    return Subject(
        issuer=person.issuer,
        sub=person.sub,
        name=person.name,
        email=person.email,
        email_verified=person.email_verified,
        claims=sign_in.claims,
        acr=sign_in.acr,
        amr=tuple(sign_in.amr),
        auth_time=sign_in.auth_time,
        sign_in_id=sign_in.id,
    )


def _blocked(subject: Subject) -> SignInAgain:
    return SignInAgain(
        Message("Your access to this portal is blocked. Contact your portal admins."),
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
