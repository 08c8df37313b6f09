"""Tokens of a command line: they hang from a sign-in, never outlive it, and give keys alone."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import transaction

from accounts import audit, bearer_secrets, signins
from accounts.errors import SignInAgain
from accounts.models import Approval, CliToken, SignIn
from accounts.models.audit import Action
from accounts.sso.refusals import Refused, Why
from accounts.sso.registrations import Client, Grant
from accounts.types import Kind, Origin, Scope, Subject

LIFETIME = timedelta(hours=1)
# Programs that renew at the same moment with the same token all get new ones; later it is a theft.
GRACE = timedelta(seconds=60)
# The wire opens no console.
SCOPE = Scope(kinds=frozenset({Kind.KEYS}))


@dataclass(frozen=True, slots=True)
class Issued:
    """Tokens just made, shown once; `expires_in` is the access token's, in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(default="", repr=False)


def redeem(*, approval: Approval, origin: Origin, now: datetime) -> Issued:
    """Give the tokens that an approval stands for, once. Used again, all of them end.

    Raises:
        Refused: it was used before, or the sign-in behind it is over.
    """
    sign_in = _standing(approval, now, Why.GRANT)
    with transaction.atomic():
        unused = Approval.objects.filter(pk=approval.pk, redeemed_at=None)
        if unused.update(redeemed_at=now):
            action = Action.CLI_TOKEN_ISSUED
            return _issue(approval, sign_in=sign_in, action=action, origin=origin, now=now)
    raise stolen(approval, origin=origin, now=now)


def renew(*, client: Client, refresh_token: str, origin: Origin, now: datetime) -> Issued:
    """Give new tokens for a refresh token of the same client.

    Raises:
        Refused: it is none of this client, was revoked or renewed with before, or its sign-in is over.
    """
    client.may(Grant.REFRESH)
    token = _find(refresh_token, renews=True)
    if token is None or token.approval.client != client.digest:
        raise _over(Why.GRANT, "a refresh token is unknown, or another client's")
    if token.approval.revoked_at is not None or now >= token.expires_at:
        raise _over(Why.GRANT, "a refresh token was revoked or has expired")
    sign_in = _standing(token.approval, now, Why.GRANT)
    if token.used_at is not None and now > token.used_at + GRACE:
        raise stolen(token.approval, origin=origin, now=now)
    with transaction.atomic():
        CliToken.objects.filter(pk=token.pk, used_at=None).update(used_at=now)
        action = Action.CLI_TOKEN_REFRESHED
        return _issue(token.approval, sign_in=sign_in, action=action, origin=origin, now=now)


def subject_of(*, bearer: str, now: datetime) -> Subject:
    """Return whom an access token stands for: who let the command line in, limited to keys.

    Raises:
        Refused: it is none, has expired or was revoked, or the sign-in behind it is over.
    """
    token = _find(bearer, renews=False)
    if token is None or now >= token.expires_at or token.approval.revoked_at is not None:
        raise _over(Why.TOKEN, "an access token is unknown, expired or revoked")
    return replace(signins.subject_of(_standing(token.approval, now, Why.TOKEN)), scope=SCOPE)


def revoke(*, bearer: str, origin: Origin, now: datetime) -> None:
    """End all tokens of the command line that shows this one, even where it has expired.

    Raises:
        Refused: there is no such token.
    """
    token = _find(bearer, renews=False)
    if token is None:
        raise _over(Why.TOKEN, "an access token is unknown")
    _end(token.approval, Action.CLI_TOKEN_REVOKED, origin=origin, now=now)


def stolen(approval: Approval, *, origin: Origin, now: datetime) -> Refused:
    """End all that came of an approval that is used a second time, and return the refusal."""
    refusal = _over(Why.GRANT, "a code or a refresh token was used twice; its tokens have ended")
    said = {"error_code": refusal.code, "reason": refusal.admin_message}
    _end(approval, Action.CLI_TOKEN_REUSED, origin=origin, now=now, **said)
    return refusal


def facts(approval: Approval) -> dict[str, str]:
    """Return what the audit trail keeps of an approval."""
    return {
        "object": f"command line {approval.client_name}",
        "approval": str(approval.id),
        "client": approval.client_name,
        "flow": approval.flow,
        "asked_from": approval.asked_from,
        "sign_in": str(approval.sign_in_id or ""),
    }


def _issue(
    approval: Approval, *, sign_in: SignIn, action: Action, origin: Origin, now: datetime
) -> Issued:
    expires_at = min(now + LIFETIME, sign_in.expires_at)
    access_token = _new(approval, renews=False, now=now, expires_at=expires_at)
    refresh_token = ""
    if approval.refreshable:
        refresh_token = _new(approval, renews=True, now=now, expires_at=sign_in.expires_at)
    audit.record(
        action=action,
        now=now,
        origin=origin,
        subject=signins.subject_of(sign_in),
        duration=int((expires_at - now).total_seconds()),
        detail=facts(approval),
    )
    return Issued(access_token, int((expires_at - now).total_seconds()), refresh_token)


def _new(approval: Approval, *, renews: bool, now: datetime, expires_at: datetime) -> str:
    secret = bearer_secrets.generate()
    CliToken.objects.create(
        approval=approval,
        renews=renews,
        digest=bearer_secrets.digest(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return secret


def _find(secret: str, *, renews: bool) -> CliToken | None:
    if not bearer_secrets.is_well_formed(secret):
        return None
    return (
        CliToken.objects.select_related("approval__sign_in__person")
        .filter(digest=bearer_secrets.digest(secret), renews=renews)
        .first()
    )


def _standing(approval: Approval, now: datetime, why: Why) -> SignIn:
    try:
        return signins.standing(sign_in_id=approval.sign_in_id, now=now)
    except SignInAgain as ended:
        raise _over(why, ended.admin_message) from ended


def _end(approval: Approval, action: Action, *, origin: Origin, now: datetime, **said: str) -> None:
    with transaction.atomic():
        if Approval.objects.filter(pk=approval.pk, revoked_at=None).update(revoked_at=now):
            subject = None if approval.sign_in is None else signins.subject_of(approval.sign_in)
            audit.record(
                action=action,
                now=now,
                origin=origin,
                subject=subject,
                detail=facts(approval),
                **said,
            )


def _over(why: Why, admin_message: str) -> Refused:
    return Refused(
        why, "This sign-in of the command line has ended. Run aws sso login.", admin_message
    )
