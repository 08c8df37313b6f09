"""Forget what nobody can use any more: the provider's tokens of sign-ins that are over, and old browser sessions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import SignIn

_TOKENS = ("encrypted_id_token", "encrypted_access_token", "encrypted_refresh_token")


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows there were to purge."""

    sign_ins: int
    sessions: int


def purge(*, now: datetime, dry_run: bool = False) -> Purged:
    """Purge, and say how much; with `dry_run`, only say it. What is open and the audit trail stay.

    A sign-in that is ended loses its tokens in that moment (`accounts.signins.end`). One that runs
    out does so while nobody looks: it loses them here. Its row stays, as the record of who was here.
    Browser sessions and attempts at signing in, with their nonces and PKCE verifiers, go as a whole.

    Raises:
        django.db.Error: the database cannot be reached, or is not migrated.
    """
    over = SignIn.objects.filter(Q(expires_at__lte=now) | Q(ended_at__isnull=False))
    with_tokens = over.exclude(**dict.fromkeys(_TOKENS, ""))
    sessions = Session.objects.filter(expire_date__lte=now)
    if dry_run:
        return Purged(sign_ins=with_tokens.count(), sessions=sessions.count())
    return Purged(
        sign_ins=with_tokens.update(**dict.fromkeys(_TOKENS, "")),
        sessions=sessions.delete()[0],
    )
