"""Tokens of a command line: they end with the sign-in behind them, and give keys only."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import DatabaseError, transaction
from django.db.models import Q

from accounts import audit, bearer_secrets, reverification, signins
from accounts.errors import SignInAgain
from accounts.models import Approval, CliToken, SignIn
from accounts.models.audit import Action
from accounts.sso.errors import ClientRefused, RefusalReason
from accounts.sso.registrations import Grant, RegisteredClient
from accounts.types import Kind, Origin, Scope, Subject

log = logging.getLogger(__name__)

LIFETIME = timedelta(hours=1)
# Programs that share a refresh token may renew at the same moment; later, its use means that it was stolen.
GRACE = timedelta(seconds=60)
# AWS's SDKs renew an access token that has less than this left, each process anew (botocore's tokens.py).
RENEWAL_WINDOW = timedelta(minutes=15)
# AWS's tools open no console here.
SCOPE = Scope(kinds=frozenset({Kind.KEYS}))


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """New tokens, sent once; `expires_in` is when the client should renew the access token at the latest, in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str = field(default="", repr=False)


def redeem(*, approval: Approval, origin: Origin, now: datetime) -> IssuedTokens:
    """Issue the tokens of an approval, once. A second attempt ends all of them.

    Raises:
        ClientRefused: it was used before, or the sign-in behind it has ended.
    """
    sign_in = _verified_sign_in(approval, origin, now)
    if approval.revoked_at is not None:
        raise _ended(RefusalReason.GRANT, "a command line was ended before it had its tokens")
    with transaction.atomic():
        unused = Approval.objects.filter(pk=approval.pk, redeemed_at=None)
        if unused.update(redeemed_at=now):
            action = Action.CLI_TOKEN_ISSUED
            return _issue(approval, sign_in=sign_in, action=action, origin=origin, now=now)
    raise revoke_reused(approval, origin=origin, now=now)


def renew(
    *, client: RegisteredClient, refresh_token: str, origin: Origin, now: datetime
) -> IssuedTokens:
    """Issue new tokens for a refresh token of the same client.

    Raises:
        ClientRefused: it is unknown, another client's, expired, revoked or used before, or its
            sign-in has ended.
    """
    client.check_grant(Grant.REFRESH)
    token = _find(refresh_token, is_refresh_token=True)
    if token is None or token.approval.client != client.digest:
        raise _ended(RefusalReason.GRANT, "a refresh token is unknown, or another client's")
    if token.approval.revoked_at is not None or now >= token.expires_at:
        raise _ended(RefusalReason.GRANT, "a refresh token was revoked or has expired")
    sign_in = _verified_sign_in(token.approval, origin, now)
    if token.used_at is not None and now > token.used_at + GRACE:
        raise revoke_reused(token.approval, origin=origin, now=now)
    _note_use(token.approval, sign_in=sign_in, origin=origin, now=now)
    with transaction.atomic():
        CliToken.objects.filter(pk=token.pk, used_at=None).update(used_at=now)
        action = Action.CLI_TOKEN_REFRESHED
        return _issue(token.approval, sign_in=sign_in, action=action, origin=origin, now=now)


def subject_of(*, bearer: str, origin: Origin, now: datetime) -> Subject:
    """Return the subject of an access token: the person who allowed access, limited to keys. Store the time of use.

    Raises:
        ClientRefused: it is unknown, expired or revoked, or the sign-in behind it has ended.
    """
    token = _find(bearer, is_refresh_token=False)
    if token is None or now >= token.expires_at or token.approval.revoked_at is not None:
        raise _ended(RefusalReason.TOKEN, "an access token is unknown, expired or revoked")
    sign_in = _open_sign_in(token.approval, now, RefusalReason.TOKEN)
    _note_use(token.approval, sign_in=sign_in, origin=origin, now=now)
    return replace(signins.subject_of(sign_in), scope=SCOPE, approval_id=token.approval_id)


def revoke(*, bearer: str, origin: Origin, now: datetime) -> None:
    """Revoke all tokens of the command line that sends this one, even if it has expired.

    Raises:
        ClientRefused: there is no such token.
    """
    token = _find(bearer, is_refresh_token=False)
    if token is None:
        raise _ended(RefusalReason.TOKEN, "an access token is unknown")
    _revoke(token.approval, Action.CLI_TOKEN_REVOKED, origin=origin, now=now)


def end(approval: Approval, *, reason: str, origin: Origin, now: datetime) -> None:
    """Revoke all tokens of a command line, for somebody who does not hold one. One that has ended is left alone."""
    _revoke(approval, Action.CLI_TOKEN_REVOKED, origin=origin, now=now, reason=reason)


def revoke_reused(approval: Approval, *, origin: Origin, now: datetime) -> ClientRefused:
    """Revoke all tokens of an approval that is used a second time, and return the refusal."""
    refusal = _ended(
        RefusalReason.GRANT, "a code or a refresh token was used twice; its tokens have ended"
    )
    why = {"error_code": refusal.code, "reason": refusal.admin_message}
    _revoke(approval, Action.CLI_TOKEN_REUSED, origin=origin, now=now, **why)
    return refusal


def facts(approval: Approval) -> dict[str, str]:
    """Return an approval as the audit trail records it."""
    return {
        "object": f"command line {approval.client_name}",
        "approval": str(approval.id),
        "client": approval.client_name,
        "flow": approval.flow,
        "requested_from": approval.requested_from,
        "sign_in": str(approval.sign_in_id or ""),
    }


def _issue(
    approval: Approval, *, sign_in: SignIn, action: Action, origin: Origin, now: datetime
) -> IssuedTokens:
    expires_at = min(now + LIFETIME, sign_in.expires_at)
    access_token = _new(approval, is_refresh_token=False, now=now, expires_at=expires_at)
    refresh_token = ""
    if approval.refreshable:
        refresh_token = _new(
            approval, is_refresh_token=True, now=now, expires_at=sign_in.expires_at
        )
    audit.record(
        action=action,
        now=now,
        origin=origin,
        subject=signins.subject_of(sign_in),
        duration=int((expires_at - now).total_seconds()),
        detail=facts(approval),
    )
    renew_by = expires_at
    if expires_at == sign_in.expires_at:
        # Nothing can make this token last longer: let no client try before the sign-in has ended.
        renew_by += RENEWAL_WINDOW
    return IssuedTokens(access_token, int((renew_by - now).total_seconds()), refresh_token)


def _note_use(approval: Approval, *, sign_in: SignIn, origin: Origin, now: datetime) -> None:
    """Store the use of a command line, and with it of its sign-in, at most once a minute."""
    signins.note_use(sign_in, now=now)
    due = now - signins.USE_PRECISION
    if approval.last_used_at is None or approval.last_used_at <= due:
        unused = Q(last_used_at=None) | Q(last_used_at__lte=due)
        use = {"last_used_at": now, "last_used_ip": origin.ip[:45]}
        try:
            Approval.objects.filter(unused, pk=approval.pk).update(**use)
        except DatabaseError as error:
            log.warning("the last use of a command line could not be stored: %s", error)


def _new(approval: Approval, *, is_refresh_token: bool, now: datetime, expires_at: datetime) -> str:
    secret = bearer_secrets.generate()
    CliToken.objects.create(
        approval=approval,
        is_refresh_token=is_refresh_token,
        digest=bearer_secrets.digest(secret),
        created_at=now,
        expires_at=expires_at,
    )
    return secret


def _find(secret: str, *, is_refresh_token: bool) -> CliToken | None:
    if not bearer_secrets.is_well_formed(secret):
        return None
    return (
        CliToken.objects.select_related("approval__sign_in__person")
        .filter(digest=bearer_secrets.digest(secret), is_refresh_token=is_refresh_token)
        .first()
    )


def _open_sign_in(approval: Approval, now: datetime, reason: RefusalReason) -> SignIn:
    try:
        return signins.get_open(sign_in_id=approval.sign_in_id, now=now)
    except SignInAgain as ended:
        raise _ended(reason, ended.admin_message) from ended


def _verified_sign_in(approval: Approval, origin: Origin, now: datetime) -> SignIn:
    """Return the sign-in of an approval with claims that the provider has confirmed: new tokens come of it."""
    sign_in = _open_sign_in(approval, now, RefusalReason.GRANT)
    try:
        return reverification.verified(sign_in, origin=origin, now=now)
    except SignInAgain as ended:
        raise _ended(RefusalReason.GRANT, ended.admin_message) from ended


def _revoke(
    approval: Approval, action: Action, *, origin: Origin, now: datetime, **columns: str
) -> None:
    with transaction.atomic():
        if Approval.objects.filter(pk=approval.pk, revoked_at=None).update(revoked_at=now):
            subject = None if approval.sign_in is None else signins.subject_of(approval.sign_in)
            audit.record(
                action=action,
                now=now,
                origin=origin,
                subject=subject,
                detail=facts(approval),
                **columns,
            )


def _ended(reason: RefusalReason, admin_message: str) -> ClientRefused:
    return ClientRefused(
        reason, "This command-line sign-in has ended. Run aws sso login.", admin_message
    )
