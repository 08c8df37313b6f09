"""Forget what nobody can use any more: tokens of sign-ins that are over, old browser sessions and command lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import Approval, CliToken, SignIn

_TOKENS = ("encrypted_id_token", "encrypted_refresh_token")


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows there were to purge."""

    sign_ins: int
    sessions: int
    approvals: int = 0
    cli_tokens: int = 0


def purge(*, now: datetime, dry_run: bool = False) -> Purged:
    """Purge, and say how much; with `dry_run`, only say it. What is open and the audit trail stay.

    A sign-in that is ended loses its tokens in that moment (`accounts.signins.end`). One that runs
    out does so while nobody looks: it loses them here. Its row stays, as the record of who was here.
    Browser sessions and attempts at signing in, with their nonces and PKCE verifiers, go as a whole; so
    do command lines that nobody let in or whose sign-in is over. Of the others a used code stays
    known, so that its second use is seen for what it is.

    Raises:
        django.db.Error: the database cannot be reached, or is not migrated.
    """
    over = SignIn.objects.filter(Q(expires_at__lte=now) | Q(ended_at__isnull=False))
    with_tokens = over.exclude(**dict.fromkeys(_TOKENS, ""))
    sessions = Session.objects.filter(expire_date__lte=now)
    ended = Q(sign_in__expires_at__lte=now) | Q(sign_in__ended_at__isnull=False)
    approvals = Approval.objects.filter(ended | Q(redeemed_at=None, expires_at__lte=now))
    cli_tokens = CliToken.objects.filter(Q(expires_at__lte=now) | Q(approval__in=approvals))
    if dry_run:
        return Purged(
            sign_ins=with_tokens.count(),
            sessions=sessions.count(),
            approvals=approvals.count(),
            cli_tokens=cli_tokens.count(),
        )
    return Purged(
        sign_ins=with_tokens.update(**dict.fromkeys(_TOKENS, "")),
        sessions=sessions.delete()[0],
        cli_tokens=cli_tokens.delete()[0],
        approvals=approvals.delete()[0],
    )
