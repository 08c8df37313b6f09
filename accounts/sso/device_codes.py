"""Command-line access by a code that somebody types in a browser elsewhere (RFC 8628).

Anybody can request a code and send it to somebody else; whoever allows it gives the requester their
access. So a link alone allows nothing, and the page says when and from where the code was requested.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils.crypto import salted_hmac

from accounts import audit, bearer_secrets, reverification, signins
from accounts.models import Approval, SignIn
from accounts.models.audit import Action
from accounts.models.sso import Flow
from accounts.sso import client_tokens
from accounts.sso.errors import ClientRefused, RefusalReason
from accounts.sso.registrations import Grant, RegisteredClient
from accounts.storable import storable
from accounts.types import Origin

LIFETIME = timedelta(minutes=10)
INTERVAL = timedelta(seconds=2)
# The first polls may follow each other at once: the AWS CLI polls before and right after it shows the code.
UNSPACED_POLLS = 2
# RFC 8628 section 6.1: no vowels, so no words, and nothing that looks like something else.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
HALF = 4


@dataclass(frozen=True, slots=True)
class DeviceCodes:
    """The codes of one attempt: the command line keeps the device code and shows the user code."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)


def start(*, client: RegisteredClient, origin: Origin, now: datetime) -> DeviceCodes:
    """Give a command line its codes, valid for ten minutes.

    Raises:
        ClientRefused: the flow is turned off, or the client did not register for it.
    """
    if not settings.SSO_DEVICE_FLOW:
        raise ClientRefused(
            RefusalReason.NOT_FOR_CLIENT,
            "This portal has no sign-in by code. Leave out --use-device-code.",
        )
    client.check_grant(Grant.DEVICE)
    device_code, letters = bearer_secrets.generate(), _letters()
    Approval.objects.create(
        flow=Flow.DEVICE,
        client=client.digest,
        client_name=storable(client.name),
        refreshable=Grant.REFRESH in client.grants,
        digest=bearer_secrets.digest(device_code),
        user_code=_digest(letters),
        requested_at=now,
        requested_from=storable(origin.ip)[:45],
        expires_at=now + LIFETIME,
    )
    return DeviceCodes(device_code, f"{letters[:HALF]}-{letters[HALF:]}")


def find(*, user_code: str, now: datetime) -> Approval:
    """Return the undecided request with this code, however it was typed.

    Raises:
        ClientRefused: there is none.
    """
    letters = "".join(letter for letter in user_code.upper() if letter in ALPHABET)
    approval = Approval.objects.filter(user_code__in=_digests(letters), flow=Flow.DEVICE).first()
    if not settings.SSO_DEVICE_FLOW or approval is None or not approval.is_waiting(now):
        raise ClientRefused(
            RefusalReason.GRANT,
            "This code is not valid. Codes are valid once, for 10 minutes. Compare it letter by "
            "letter, or run aws sso login again.",
            "a user code is unknown, expired or answered",
        )
    return approval


def answer(
    *, sign_in: SignIn, user_code: str, allow: bool, origin: Origin, now: datetime
) -> Approval:
    """Allow or deny access for the command line with this code; record it.

    Raises:
        SignInAgain: the sign-in is not open any more.
        ClientRefused: there is no undecided request with this code.
    """
    sign_in = signins.get_open(sign_in_id=sign_in.id, now=now)
    if allow:
        sign_in = reverification.verified(sign_in, origin=origin, now=now)
    approval = find(user_code=user_code, now=now)
    approval.sign_in = sign_in
    decided_at = {"approved_at": now} if allow else {"denied_at": now}
    with transaction.atomic():
        undecided = Approval.objects.filter(pk=approval.pk, approved_at=None, denied_at=None)
        if not undecided.update(sign_in=sign_in, **decided_at):
            raise ClientRefused(RefusalReason.GRANT, "This code was answered already.")
        audit.record(
            action=Action.CLI_ALLOWED if allow else Action.CLI_DENIED,
            now=now,
            origin=origin,
            subject=signins.subject_of(sign_in),
            detail=client_tokens.facts(approval),
        )
    return approval


def redeem(
    *, client: RegisteredClient, device_code: str, origin: Origin, now: datetime
) -> client_tokens.IssuedTokens:
    """Exchange a device code for tokens, once somebody has allowed access.

    Raises:
        ClientRefused: not answered yet, denied, expired, or polled too often; the code is unknown,
            another client's, or used.
    """
    client.check_grant(Grant.DEVICE)
    approval = _find(device_code)
    if approval is None or approval.client != client.digest:
        raise ClientRefused(
            RefusalReason.GRANT,
            "This sign-in cannot be finished. Run aws sso login again.",
            "a device code is unknown, or another client's",
        )
    if approval.redeemed_at is not None:
        raise client_tokens.revoke_reused(approval, origin=origin, now=now)
    if approval.denied_at is not None:
        raise ClientRefused(RefusalReason.DENIED, "Command-line access was denied in the browser.")
    if now >= approval.expires_at:
        raise ClientRefused(RefusalReason.EXPIRED, "The code has expired. Run aws sso login again.")
    if approval.approved_at is None:
        raise _not_yet(approval, now)
    return client_tokens.redeem(approval=approval, origin=origin, now=now)


def _not_yet(approval: Approval, now: datetime) -> ClientRefused:
    """Count the poll, and return the refusal: not yet, or not so often."""
    last = approval.polled_at
    Approval.objects.filter(pk=approval.pk).update(polls=F("polls") + 1, polled_at=now)
    if last is not None and approval.polls >= UNSPACED_POLLS and now < last + INTERVAL:
        return ClientRefused(RefusalReason.TOO_SOON, "Wait longer between requests.")
    return ClientRefused(RefusalReason.PENDING, "The code was not entered yet.")


def _find(device_code: str) -> Approval | None:
    if not bearer_secrets.is_well_formed(device_code):
        return None
    approvals = Approval.objects.select_related("sign_in__person")
    return approvals.filter(digest=bearer_secrets.digest(device_code), flow=Flow.DEVICE).first()


def _letters() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(2 * HALF))


def _digest(letters: str) -> str:
    """Return the digest of a user code. Codes are short, so a key that is not in the database goes into it."""
    return _digests(letters)[0]


def _digests(letters: str) -> list[str]:
    """Return the digests of a code by the current SECRET_KEY and by those before it, which a rotation leaves for a while."""
    return [
        salted_hmac("accounts.sso.user_code", letters, secret=key, algorithm="sha256").hexdigest()
        for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    ]
