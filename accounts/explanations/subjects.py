"""Whom an explanation is about: a person seen before, or claims that somebody pasted and nobody verified."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import Q

from accounts import moments
from accounts.errors import InvalidRequest
from accounts.models import Person, SignIn, TrustedIssuer
from accounts.oidc.strict_json import parse_object
from accounts.oidc.subjects import parse_time
from accounts.oidc.subjects import subject as subject_by_claims
from accounts.signins import subject_of
from accounts.storable import is_storable
from accounts.types import Subject
from accounts.visible import visible

LONGEST = 128 * 1024
"""How many characters can be pasted."""
MOST_PEOPLE = 20
"""How many people of one name are listed to choose from."""
_NOBODY = "(nobody)"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom an explanation is about.

    `verified_at` is when the identity provider last said these claims; None if nobody verified them.
    `notes` say for admins what to know of the claims.
    """

    subject: Subject
    verified_at: datetime | None
    notes: tuple[str, ...] = ()


def find_people(text: str) -> list[Person]:
    """Return the people whom a text names: by their id here, e-mail address, `sub` or user name, else by part of a name.

    At most MOST_PEOPLE and one more.
    """
    wanted = text.strip()[:255]
    if not wanted or not is_storable(wanted):
        return []
    try:
        return list(Person.objects.filter(public_id=UUID(wanted)))
    except ValueError:
        pass
    whole = Q(email__iexact=wanted) | Q(sub=wanted) | Q(username__iexact=wanted)
    part = Q(email__icontains=wanted) | Q(name__icontains=wanted) | Q(username__icontains=wanted)
    return list(Person.objects.filter(whole)[: MOST_PEOPLE + 1]) or list(
        Person.objects.filter(part)[: MOST_PEOPLE + 1]
    )


def of_person(person: Person, *, now: datetime) -> Asked:
    """Return a person with the claims that the identity provider said last."""
    sign_in = (
        SignIn.objects.filter(person=person)
        .select_related("person")
        .order_by("-verified_at")
        .first()
    )
    if sign_in is None:
        subject = Subject(
            issuer=person.issuer,
            sub=person.sub,
            name=person.name,
            email=person.email,
            email_verified=person.email_verified,
        )
        note = "No sign-in of this person is kept, so their claims are not known. Paste them."
        return Asked(subject, None, (note,))
    notes: tuple[str, ...] = ()
    if not sign_in.is_open(now):
        notes = (
            "Their sign-in has ended. They have to sign in first, and may bring other claims.",
        )
    return Asked(subject_of(sign_in), sign_in.verified_at, notes)


def pasted(text: str, *, now: datetime) -> Asked:
    """Return whom pasted claims describe: a JWT, the payload of one, or JSON. Nothing of it is kept.

    They are taken as if somebody had just brought them at a sign-in; a token's signature is not looked at.

    Raises:
        InvalidRequest: they cannot be read. The message repeats nothing of them.
    """
    claims, is_token = _claims_of(text)
    notes = [
        "The signature was not checked, and nothing of this is stored."
        if is_token
        else "Nobody verified these claims, and nothing of them is stored."
    ]
    issuer = claims.get("iss") or settings.OIDC_ISSUER
    if not isinstance(issuer, str):
        raise _unreadable("“iss” is not a text.")
    if not isinstance(claims.get("sub", ""), str):
        raise _unreadable("“sub” is not a text.")
    workload = (
        issuer != settings.OIDC_ISSUER
        and is_storable(issuer)
        and TrustedIssuer.objects.filter(url=issuer).exists()
    )
    if workload:
        notes.append("This is a program of a trusted issuer: only mappings of that issuer count.")
    elif issuer != settings.OIDC_ISSUER:
        notes.append(
            f"This portal does not accept tokens of {visible(issuer[:200])}. What follows is as if it did."
        )
    expires = parse_time(claims.get("exp"))
    if expires is not None and expires <= now:
        notes.append(
            f"It expired on {moments.in_words(expires)}. What follows is as if it had not."
        )
    named = subject_by_claims(issuer=issuer, claims={"sub": _NOBODY, **claims})
    if not named.sub:
        named = replace(named, sub=_NOBODY)
    # As at a sign-in: what asks for one must not be missing for the reason that this was pasted.
    sign_in_id = None if workload else uuid4()
    return Asked(
        replace(named, workload=workload, sign_in_id=sign_in_id),
        verified_at=None,
        notes=tuple(notes),
    )


def _claims_of(text: str) -> tuple[Mapping[str, Any], bool]:
    """Return the claims, and whether they came in a token."""
    if len(text) > LONGEST:
        raise _unreadable(f"There are more than {LONGEST:,} characters.")
    text = text.strip()
    if not text:
        raise _unreadable("There is nothing.")
    if text.startswith("{"):
        return _object(text), False
    # Terminals break long lines, and programs show the header.
    token = "".join(text.split()).removeprefix("Authorization:").removeprefix("Bearer")
    parts = token.split(".")
    if len(parts) == 5:  # RFC 7516 section 3.1
        raise _unreadable("This token is encrypted. Paste its claims as JSON.")
    if len(parts) not in (1, 3):
        raise _unreadable("This is neither JSON nor a JWT.")
    payload = parts[len(parts) // 2]
    try:
        decoded = base64.b64decode(payload + "=" * (-len(payload) % 4), "-_", validate=True)
        return _object(decoded.decode()), True
    except (binascii.Error, ValueError):
        # What it held must not be in a trace.
        raise _unreadable("This is neither JSON nor a JWT.") from None


def _object(text: str) -> Mapping[str, Any]:
    try:
        return parse_object(text)
    except ValueError:
        raise _unreadable(
            "The JSON cannot be read: it must be one object, as in a token."
        ) from None


def _unreadable(why: str) -> InvalidRequest:
    return InvalidRequest(
        f"{why} Paste a JWT, its payload, or claims as JSON.",
        "pasted claims cannot be read",
        code="explain.claims",
    )
