"""Say whom a token of the portal stands for: the person who made it, or a machine of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from accounts import audit, bearer_secrets
from accounts.claims import OF_THE_PORTAL
from accounts.errors import TokenRefused
from accounts.models import SignIn, Token
from accounts.models.audit import Action
from accounts.types import Claims, Kind, Origin, Scope, Subject

# The claim by which mappings give roles to machines; no provider can send it.
MACHINE_CLAIM = f"{OF_THE_PORTAL}token"
_USE_NOTED_EVERY = timedelta(minutes=1)


def is_ours(bearer: str) -> bool:
    """Whether a bearer claims to be a token of the portal, and not a provider's."""
    return bearer.startswith(bearer_secrets.PREFIX)


def subject_of(
    *,
    bearer: str,
    origin: Origin,
    now: datetime,
    before_recording: Callable[[], None] | None = None,
) -> Subject:
    """Return the subject a token of the portal stands for, narrowed by its scope; note its use.

    What it may do is decided from there as for everybody: with the claims of the latest sign-in of
    the person who made it, or by mappings of the machine's own claim. A refusal is recorded, where
    there is a token it can be recorded of; a stranger's guesses fill no audit trail. Where
    `before_recording` raises, that is raised instead and nothing is recorded.

    Raises:
        TokenRefused: it is none, was revoked, has expired, or stands for nobody any more.
    """
    if not bearer_secrets.is_whole(bearer):
        raise TokenRefused(
            "This is no token of this portal: it is incomplete or mistyped. Copy it again.",
            "a token's checksum is wrong",
            code="token.malformed",
        )
    digest = bearer_secrets.digest(bearer)
    token = Token.objects.select_related("created_by").filter(digest=digest).first()
    if token is None:
        raise TokenRefused(
            "This portal does not know this token. Make a new one.",
            "a token is well formed and unknown",
            code="token.unknown",
        )
    claims, refusal = _claims_behind(token, now)
    subject = _subject(token, claims)
    if refusal is not None:
        if before_recording is not None:
            before_recording()
        audit.record(
            action=Action.TOKEN_REFUSED,
            now=now,
            origin=origin,
            subject=subject,
            error_code=refusal.code,
            reason=refusal.admin_message,
            detail=token.facts(),
        )
        raise refusal
    if token.last_used_at is None or token.last_used_at <= now - _USE_NOTED_EVERY:
        _note_use(token, origin=origin, now=now)
    return subject


def _claims_behind(token: Token, now: datetime) -> tuple[Claims, TokenRefused | None]:
    """Return the claims a token acts by, and why it must not, if it must not."""
    anew = "Make a new one on the portal's page of tokens."
    if token.revoked_at is not None:
        return {}, _refusal("revoked", f"This token was revoked. {anew}", token)
    if now >= token.expires_at:
        return {}, _refusal("expired", f"This token has expired. {anew}", token)
    if token.machine:
        return {MACHINE_CLAIM: token.machine}, None
    person = token.created_by
    if not person.is_active:
        return {}, _refusal("blocked", "Who made this token is blocked.", token)
    latest = SignIn.objects.filter(person=person).order_by("-verified_at").first()
    oldest = now - timedelta(seconds=settings.TOKEN_CLAIMS_MAX_AGE)
    if latest is None or latest.verified_at <= oldest:
        return {}, _refusal(
            "stale",
            "Who made this token has not signed in to the portal for too long. Sign in there, and "
            "the token works again.",
            token,
        )
    return latest.claims, None


def _refusal(why: str, said: str, token: Token) -> TokenRefused:
    return TokenRefused(said, f"token {token.id} is refused: {why}", code=f"token.{why}")


def _subject(token: Token, claims: Claims) -> Subject:
    scope = Scope(
        permission_sets=_limit(token.permission_sets),
        account_ids=_limit(token.account_ids),
        kinds=frozenset(
            kind
            for kind, given in ((Kind.CONSOLE, token.console), (Kind.KEYS, token.keys))
            if given
        ),
        directory=token.directory,
        audit=token.audit,
    )
    if token.machine:
        return Subject(
            issuer=settings.BASE_URL,
            sub=f"token:{token.machine}",
            claims=claims,
            workload=True,
            scope=scope,
            token_id=token.id,
        )
    person = token.created_by
    return Subject(
        issuer=person.issuer,
        sub=person.sub,
        name=person.name,
        email=person.email,
        claims=claims,
        scope=scope,
        token_id=token.id,
    )


def _note_use(token: Token, *, origin: Origin, now: datetime) -> None:
    # Of many requests in the same minute, in any process, one writes.
    due = Q(last_used_at=None) | Q(last_used_at__lte=now - _USE_NOTED_EVERY)
    Token.objects.filter(due, pk=token.pk).update(last_used_at=now, last_used_ip=origin.ip[:45])


def _limit(names: list[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)
