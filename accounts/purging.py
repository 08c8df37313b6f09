"""Delete what nobody can use any more: tokens of closed sign-ins, browser sessions, command lines, keys, jobs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session
from django.db.models import Q

from accounts.models import Approval, CliToken, Job, SignIn, SigningKey, SpentToken
from accounts.signing.rotation import useless_keys

_TOKENS = ("encrypted_id_token", "encrypted_refresh_token", "encrypted_access_token")
_JOBS_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows were purged, or would be."""

    sign_ins: int
    sessions: int
    approvals: int = 0
    cli_tokens: int = 0
    signing_keys: int = 0
    jobs: int = 0


def purge(*, now: datetime, dry_run: bool = False) -> Purged:
    """Purge and count; with `dry_run`, only count. Open sign-ins and the audit trail are left alone.

    `accounts.signins.end` deletes a sign-in's tokens at once; those of a sign-in that expired are
    deleted here. Its row stays, as the record of who signed in. Expired browser sessions and started
    sign-ins, with their nonces and PKCE verifiers, are deleted. So are command lines that nobody
    allowed or whose sign-in has ended, signing keys by which nobody can verify a token any more, and jobs that
    were finished 30 days ago, and what is known of tokens that nobody would take again. Codes of open sign-ins stay, so that a second use is noticed.

    Raises:
        django.db.Error: the database cannot be reached, or is not migrated.
    """
    over = SignIn.objects.over_at(now)
    with_tokens = over.exclude(**dict.fromkeys(_TOKENS, ""))
    sessions = Session.objects.filter(expire_date__lte=now)
    approvals = Approval.objects.filter(
        Q(sign_in__in=over) | Q(redeemed_at=None, expires_at__lte=now)
    )
    cli_tokens = CliToken.objects.filter(Q(expires_at__lte=now) | Q(approval__in=approvals))
    signing_keys = SigningKey.objects.filter(pk__in=[key.pk for key in useless_keys(now=now)])
    old_jobs = Job.objects.filter(finished_at__lte=now - _JOBS_KEPT)
    if dry_run:
        return Purged(
            sign_ins=with_tokens.count(),
            sessions=sessions.count(),
            approvals=approvals.count(),
            cli_tokens=cli_tokens.count(),
            signing_keys=signing_keys.count(),
            jobs=old_jobs.count(),
        )
    SpentToken.objects.filter(expires_at__lte=now).delete()
    return Purged(
        sign_ins=with_tokens.update(**dict.fromkeys(_TOKENS, "")),
        sessions=sessions.delete()[0],
        cli_tokens=cli_tokens.delete()[0],
        approvals=approvals.delete()[0],
        signing_keys=signing_keys.delete()[0],
        jobs=old_jobs.delete()[0],
    )
