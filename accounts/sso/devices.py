"""Let a command line in by a code that somebody types in a browser elsewhere (RFC 8628).

Anybody may ask for a code and send it to somebody: whoever types it gives the asker their access. So
nothing is approved by a link, and who types a code is told when and from where it was asked for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts import audit, bearer_secrets, signins
from accounts.models import Approval, SignIn
from accounts.models.audit import Action
from accounts.models.sso import Flow
from accounts.sso import tokens
from accounts.sso.refusals import Refused, Why
from accounts.sso.registrations import Client, Grant
from accounts.storable import storable
from accounts.types import Origin

LIFETIME = timedelta(minutes=10)
INTERVAL = timedelta(seconds=2)
# An AWS CLI asks once before it shows the code and once right after.
AT_ONCE = 2
# RFC 8628 section 6.1: no vowels, so no words, and nothing that looks like something else.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
HALF = 4


@dataclass(frozen=True, slots=True)
class Codes:
    """What a command line is given: the device code to keep, the user code to show."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


def ask(*, client: Client, origin: Origin, now: datetime) -> Codes:
    """Give a command line its codes, good for ten minutes.

    Raises:
        Refused: this portal has no sign-in by code, or the client did not register for it.
    """
    if not settings.SSO_DEVICE_FLOW:
        raise Refused(
            Why.NOT_FOR_CLIENT, "This portal has no sign-in by code. Leave out --use-device-code."
        )
    client.may(Grant.DEVICE)
    device_code, letters = bearer_secrets.generate(), _letters()
    Approval.objects.create(
        flow=Flow.DEVICE,
        client=client.digest,
        client_name=storable(client.name),
        refreshable=Grant.REFRESH in client.grants,
        digest=bearer_secrets.digest(device_code),
        user_code=_digest(letters),
        asked_at=now,
        asked_from=storable(origin.ip)[:45],
        expires_at=now + LIFETIME,
    )
    return Codes(device_code, f"{letters[:HALF]}-{letters[HALF:]}")


def find(*, user_code: str, now: datetime) -> Approval:
    """Return the command line that waits for an answer to this code, however it was typed.

    Raises:
        Refused: none does.
    """
    letters = "".join(letter for letter in user_code.upper() if letter in ALPHABET)
    found = Approval.objects.filter(user_code=_digest(letters), flow=Flow.DEVICE).first()
    if not settings.SSO_DEVICE_FLOW or found is None or not found.is_waiting(now):
        raise Refused(
            Why.GRANT,
            "There is no such code. It is good for ten minutes and once: compare it letter by letter, "
            "or run aws sso login again.",
            "a user code is unknown, over or answered",
        )
    return found


def answer(
    *, sign_in: SignIn, user_code: str, allow: bool, origin: Origin, now: datetime
) -> Approval:
    """Let the command line with this code in, or turn it away; record it.

    Raises:
        SignInAgain: the sign-in is not open any more.
        Refused: no command line waits for an answer to this code.
    """
    sign_in = signins.standing(sign_in_id=sign_in.id, now=now)
    approval = find(user_code=user_code, now=now)
    approval.sign_in = sign_in
    said = {"approved_at": now} if allow else {"denied_at": now}
    with transaction.atomic():
        waiting = Approval.objects.filter(pk=approval.pk, approved_at=None, denied_at=None)
        if not waiting.update(sign_in=sign_in, **said):
            raise Refused(Why.GRANT, "Somebody has answered this code already.")
        audit.record(
            action=Action.CLI_ALLOWED if allow else Action.CLI_DENIED,
            now=now,
            origin=origin,
            subject=signins.subject_of(sign_in),
            detail=tokens.facts(approval),
        )
    return approval


def redeem(*, client: Client, device_code: str, origin: Origin, now: datetime) -> tokens.Issued:
    """Give tokens for a device code, once somebody has said yes.

    Raises:
        Refused: nobody has answered yet, or no, or too late; it is asked too often; the code is none
            of this client or was used before.
    """
    client.may(Grant.DEVICE)
    approval = _find(device_code)
    if approval is None or approval.client != client.digest:
        raise Refused(
            Why.GRANT,
            "This sign-in cannot be finished. Run aws sso login again.",
            "a device code is unknown, or another client's",
        )
    if approval.redeemed_at is not None:
        raise tokens.stolen(approval, origin=origin, now=now)
    if approval.denied_at is not None:
        raise Refused(Why.DENIED, "The command line was turned away in the browser.")
    if now >= approval.expires_at:
        raise Refused(Why.EXPIRED, "Nobody typed the code in time. Run aws sso login again.")
    if approval.approved_at is None:
        raise _not_yet(approval, now)
    return tokens.redeem(approval=approval, origin=origin, now=now)


def _not_yet(approval: Approval, now: datetime) -> Refused:
    """Note that a command line asked, and return what it is told."""
    last = approval.polled_at
    Approval.objects.filter(pk=approval.pk).update(polls=F("polls") + 1, polled_at=now)
    if last is not None and approval.polls >= AT_ONCE and now < last + INTERVAL:
        return Refused(Why.TOO_SOON, "Ask less often.")
    return Refused(Why.PENDING, "Nobody has answered yet.")


def _find(device_code: str) -> Approval | None:
    if not bearer_secrets.is_well_formed(device_code):
        return None
    asked = Approval.objects.select_related("sign_in__person")
    return asked.filter(digest=bearer_secrets.digest(device_code), flow=Flow.DEVICE).first()


def _letters() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(2 * HALF))


def _digest(letters: str) -> str:
    """Return what is stored of a user code. It is short, so its hash takes a key that is not in the database."""
    return salted_hmac("accounts.sso.user_code", letters, algorithm="sha256").hexdigest()
